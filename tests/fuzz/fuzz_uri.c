/* Any text as a URI, an address, a Via, a list: read or refused; a URI that is read is read again
 * from its parts. */
#include <stdlib.h>

#include "sip/addr.h"
#include "sip/via.h"

static void uri(struct str text)
{
	struct sip_uri u, again;
	struct sip_addr a;
	char *bracketed;

	if (sip_uri_parse(&u, text) != 0)
		return;
	if (u.scheme == SIP_SCHEME_SIP && str_empty(u.host))
		abort();
	bracketed = malloc(text.len + 2);
	bracketed[0] = '<';
	memcpy(bracketed + 1, text.p, text.len);
	bracketed[text.len + 1] = '>';
	if (sip_addr_parse(&a, (struct str){bracketed, text.len + 2}) != 0 ||
		!str_eq(a.uri.host, u.host) || sip_uri_parse(&again, a.uri.all) != 0 ||
		again.port != u.port)
		abort();
	free(bracketed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = {(const char *)data, size};
	struct str rest = text, value;
	struct sip_addr a;
	struct sip_via v;

	uri(text);
	while (sip_addr_next(&rest, &a) == 0)
		;
	for (rest = text; sip_via_next(&rest, &v) == 0;)
		;
	for (rest = text; sip_list_next(&rest, &value) == 0;)
		;
	return 0;
}
