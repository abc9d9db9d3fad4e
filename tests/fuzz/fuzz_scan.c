/* Any datagram: a verdict, and slices that lie inside of it. */
#include <stdlib.h>

#include "sip/scan.h"

static void inside(const struct sip_msg *m, struct str s)
{
	if (s.len && (s.p < m->buf || s.p + s.len > m->buf + m->len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_verdict v;
	struct sip_msg m;

	sip_scan(&m, (const char *)data, size, &v);
	for (int i = 0; i < (int)m.header_count; i++)
		inside(&m, sip_msg_value(&m, i));
	if (v.kind != SIP_SCAN_OK)
		return 0;
	inside(&m, m.body);
	inside(&m, m.ruri.all);
	inside(&m, m.call_id);
	inside(&m, m.via.all);
	inside(&m, m.from.all);
	inside(&m, m.to.all);
	inside(&m, m.contact.all);
	if (str_empty(m.call_id) || str_empty(m.via.host) || str_empty(m.method_name))
		abort();
	return 0;
}
