/* Any text as credentials: read or refused, each name once. */
#include <stdlib.h>

#include "sip/auth_param.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_auth a;

	if (sip_auth_parse(&a, (struct str){(const char *)data, size}) != 0)
		return 0;
	for (unsigned i = 0; i < a.count; i++) {
		if (sip_auth_param(&a, a.param[i].name) != &a.param[i])
			abort();
	}
	return 0;
}
