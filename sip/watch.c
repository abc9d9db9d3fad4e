#include "sip/watch.h"

#include <stdlib.h>

#include "sip/call_journal.h"
#include "sip/call_record.h"
#include "sip/loop.h"
#include "sip/own_request.h"
#include "sip/sip_build.h"
#include "sip/worker.h"

static void watch_timer(void *arg, int64_t now_ms);

static int64_t earliest(const struct call *call)
{
	int64_t at = call->end_at;

	if (call->session_at < at)
		at = call->session_at;
	if (call->probe_at < at)
		at = call->probe_at;
	return at;
}

static void rearm(struct call *call)
{
	struct wheel *wheel = loop_wheel(call->w->loop);
	int64_t at = earliest(call);

	wheel_cancel(wheel, &call->timer);
	if (at == INT64_MAX)
		return;
	call->timer.h = watch_timer;
	call->timer.arg = call;
	wheel_set(wheel, &call->timer, at);
}

static void set_session(struct call *call, uint32_t interval)
{
	call->session_at = interval ? loop_now(call->w->loop) + (int64_t)interval * 1000 +
					      WATCH_SESSION_GRACE_MS
				    : INT64_MAX;
}

void watch_start(struct call *call, uint32_t interval)
{
	int64_t now = loop_now(call->w->loop);

	if (call->max_call_seconds)
		call->end_at = now + (int64_t)call->max_call_seconds * 1000;
	if (call->w->probe_ms)
		call->probe_at = now + call->w->probe_ms;
	/* Anybody can write a PBX's address into a datagram; that PBX then knows of no such call. */
	if (call->w->probe_ms && call->origin.by_address && call->w->probe_ms > WATCH_DOUBT_MS)
		call->probe_at = now + WATCH_DOUBT_MS;
	set_session(call, interval);
	rearm(call);
}

void watch_limit(struct call *call, uint32_t seconds)
{
	call->end_at = loop_now(call->w->loop) + (int64_t)seconds * 1000;
	rearm(call);
}

void watch_end(struct call *call, enum call_end by)
{
	if (call->ended)
		return;
	call->ended = true;
	call_record_ended(call, by);
	call_journal_delete(call);
	call_free(call);
}

static void end_both(struct call *call, enum call_end by, struct str reason)
{
	own_request_bye(call, LEG_CALLER, reason);
	own_request_bye(call, LEG_CALLEE, reason);
	watch_end(call, by);
}

void watch_end_because(struct call *call, const char *reason)
{
	char line[128];
	struct sip_build b;

	sip_build_init(&b, line, sizeof(line));
	sip_build_lit(&b, "Reason: SIP;cause=408;text=\"");
	sip_build_str(&b, str_of(reason));
	sip_build_lit(&b, "\"\r\n");
	end_both(call, END_SYSTEM, sip_build_since(&b, 0));
}

void watch_hang_up(struct call *call)
{
	end_both(call, END_OPERATOR,
		str_lit("Reason: Q.850;cause=16;text=\"Ended by operator\"\r\n"));
}

/* What a probe must find again when its answer comes: the call may be gone by then. */
struct probe {
	struct worker *w;
	enum leg_side side;
	size_t call_id_len;
	char text[]; /* Call-ID, caller's tag */
};

static void probe_missed(struct call *call, struct leg *leg)
{
	if (++leg->misses >= WATCH_MISSES_MAX) {
		watch_end_because(call, "Peer is gone");
		return;
	}
	call->probe_at = loop_now(call->w->loop) + WATCH_RETRY_MS;
	rearm(call);
}

static void probe_result(struct probe *p, enum txn_event ev, const struct sip_msg *m)
{
	struct str call_id = {p->text, p->call_id_len};
	struct call *call = call_find(p->w, call_id, str_of(p->text + p->call_id_len));

	if (!call || call->setup || call->ended || (ev == TXN_RESPONSE && m->status < 200))
		return;
	struct leg *leg = &call->leg[p->side];
	leg->probing = false;
	if (ev == TXN_RESPONSE && m->status == 481)
		watch_end_because(call, "Peer knows no such call");
	else if (ev == TXN_RESPONSE && m->status != 408)
		leg->misses = 0;
	else
		probe_missed(call, leg);
}

static void probe_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg)
{
	(void)ct;
	(void)from;
	if (ev == TXN_TERMINATED)
		free(arg);
	else
		probe_result(arg, ev, m);
}

static void probe(struct call *call, enum leg_side side)
{
	struct leg *leg = &call->leg[side];
	size_t tag_len = strlen(call->leg[LEG_CALLER].tag);
	struct probe *p;

	if (leg->probing)
		return;
	p = malloc(sizeof(*p) + call->call_id_len + tag_len + 1);
	if (!p)
		return;
	p->w = call->w;
	p->side = side;
	p->call_id_len = call->call_id_len;
	memcpy(p->text, call->call_id, call->call_id_len);
	memcpy(p->text + call->call_id_len, call->leg[LEG_CALLER].tag, tag_len + 1);
	leg->probing = true;
	if (own_request_options(call, side, probe_h, p) == 0)
		return;
	/* It could not even be sent: as good as no answer, but not within this very call. */
	free(p);
	leg->probing = false;
	leg->misses++;
}

static void watch_timer(void *arg, int64_t now_ms)
{
	struct call *call = arg;
	int64_t now = loop_now(call->w->loop);

	(void)now_ms;
	if (now >= call->end_at) {
		watch_end_because(call, "Longest call time is over");
		return;
	}
	if (now >= call->session_at) {
		watch_end_because(call, "Session timer ran out");
		return;
	}
	if (now >= call->probe_at) {
		call->probe_at = now + call->w->probe_ms;
		for (int side = LEG_CALLER; side < LEG_COUNT; side++) {
			if (call->leg[side].misses >= WATCH_MISSES_MAX) {
				watch_end_because(call, "Peer is gone");
				return;
			}
			probe(call, (enum leg_side)side);
		}
	}
	rearm(call);
}

void watch_refreshed(struct call *call, uint32_t interval)
{
	if (call->setup || call->ended)
		return;
	set_session(call, interval);
	rearm(call);
	call_journal_put(call);
}
