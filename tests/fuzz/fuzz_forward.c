/* What is accepted can be forwarded and answered, and the results are accepted in turn. */
#include <stdlib.h>

#include "sip/reply.h"
#include "sip/splice.h"

static char out[2 * SIP_STREAM_MAX];

static void accepted(size_t len)
{
	struct sip_verdict v;
	struct sip_msg m;

	sip_scan_stream(&m, out, len, &v);
	/* Without a Content-Length a stream cannot end; too much of something may have been added. */
	if (v.kind != SIP_SCAN_OK && v.fault != SIP_FAULT_CONTENT_LENGTH &&
		v.fault != SIP_FAULT_TOO_MANY_VALUES && v.fault != SIP_FAULT_TOO_MANY_HEADERS &&
		v.fault != SIP_FAULT_LINE_TOO_LONG && v.fault != SIP_FAULT_TOO_LONG &&
		v.fault != SIP_FAULT_VIA_ADDRESS)
		abort();
	if (m.folded)
		abort();
}

static void forward(const struct sip_msg *m)
{
	struct sip_splice s;
	size_t len;

	sip_splice_init(&s, m);
	sip_splice_replace(&s, m->ruri.all, str_lit("sip:pbx@192.0.2.20:5070"));
	sip_splice_prepend(&s, str_lit("Via: SIP/2.0/UDP us;branch=z9hG4bKx\r\n"));
	sip_splice_received(&s, str_lit("192.0.2.99"), 5060);
	sip_splice_delete_all(&s, SIP_HDR_ROUTE);
	if (m->max_forwards != 0)
		sip_splice_max_forwards(&s, 70);
	if (sip_splice_write(&s, out, sizeof(out), &len) != 0)
		abort();
	accepted(len);
}

static void answer(const struct sip_msg *m, const struct sip_verdict *v)
{
	const struct sip_reply r = {
		.code = v->code ? v->code : 180,
		.reason = str_of(v->reason),
		.to_tag = str_lit("t"),
		.source_ip = str_lit("192.0.2.99"),
		.source_port = 5060,
		.record_route = true,
	};
	size_t len;

	if (sip_reply_write(m, &r, out, sizeof(out), &len) != 0)
		abort();
	if (v->kind == SIP_SCAN_OK)
		accepted(len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_verdict v;
	struct sip_msg m;

	sip_scan(&m, (const char *)data, size, &v);
	if (v.kind == SIP_SCAN_OK && m.request)
		forward(&m);
	if (v.kind == SIP_SCAN_REPLY || (v.kind == SIP_SCAN_OK && m.request && m.method != SIP_ACK))
		answer(&m, &v);
	return 0;
}
