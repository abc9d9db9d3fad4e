#include "sip/answer.h"

#include "core/hex.h"
#include "core/siphash.h"
#include "sip/forward.h"
#include "sip/loop.h"
#include "sip/worker.h"

void answer_with(struct worker *w, struct txn_server *st, const struct sip_msg *m,
	const struct flow *from, struct sip_reply r)
{
	char ip[FLOW_IP_TEXT_MAX];
	char tag[18] = "tg";
	size_t len;

	if (r.code > 100) {
		/* One request, one tag, whatever we answer to it. */
		uint64_t hash = siphash(w->hash_key, m->call_id.p, m->call_id.len) ^ m->cseq;
		r.to_tag = str_span(tag, hex_write(tag + 2, hash, 16));
	}
	r.source_ip = net_addr_ip(&from->peer, ip);
	r.source_port = net_addr_port(&from->peer);
	if (sip_reply_write(m, &r, w->out, FORWARD_MAX, &len) == 0)
		txn_server_reply(st, r.code, w->out, len, loop_now(w->loop));
	else
		txn_server_drop(st, loop_now(w->loop));
}

void answer(struct worker *w, struct txn_server *st, const struct sip_msg *m,
	const struct flow *from, unsigned code, const char *reason, const char *extra)
{
	answer_with(w, st, m, from,
		(struct sip_reply){.code = code, .reason = str_of(reason), .extra = str_of(extra)});
}

void answer_draining(
	struct worker *w, struct txn_server *st, const struct sip_msg *m, const struct flow *from)
{
	w->stats.drained += m->method == SIP_INVITE;
	answer(w, st, m, from, 503, "Service Unavailable", "Retry-After: 30\r\n");
}

const char *answer_reason(unsigned code)
{
	switch (code) {
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 408:
		return "Request Timeout";
	case 480:
		return "Temporarily Unavailable";
	case 482:
		return "Loop Detected";
	case 486:
		return "Busy Here";
	case 487:
		return "Request Terminated";
	case 500:
		return "Server Internal Error";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Server Time-out";
	case 603:
		return "Decline";
	default:
		return "Call Failed";
	}
}
