#include "core/sip_address.h"

#include "core/mem.h"

void sip_address_fini(struct sip_address *a)
{
	mem_free(a->host);
	*a = (struct sip_address){0};
}

void sip_address_list_fini(struct sip_address_list *l)
{
	for (unsigned i = 0; i < l->count; i++)
		sip_address_fini(&l->item[i]);
	mem_free(l->item);
	*l = (struct sip_address_list){0};
}
