/*
 * Mutations of every torture message. Whatever the scanner accepts can be forwarded and answered,
 * and what comes out is accepted again and says the same; whatever it wants answered can be.
 */
#include "tests/sip/mutate.h"

static const char specials[] = "\0\r\n \"<;";

static unsigned long scanned, accepted;

static struct sip_verdict again(struct sip_msg *m, const char *buf, size_t len)
{
	struct sip_verdict v;

	sip_scan(m, buf, len, &v);
	return v;
}

static void same_meaning(const struct sip_msg *a, const struct sip_msg *b)
{
	ck_assert(str_eq(a->call_id, b->call_id));
	ck_assert(str_eq(a->method_name, b->method_name));
	ck_assert_uint_eq(a->cseq, b->cseq);
	ck_assert(str_eq(a->from.tag, b->from.tag));
	ck_assert(str_eq(a->from.uri.all, b->from.uri.all));
	ck_assert(str_eq(a->to.uri.all, b->to.uri.all));
}

static void forward(const struct sip_msg *m)
{
	static char out[RIG_ROOM];
	struct sip_splice s;
	struct sip_verdict v;
	struct sip_msg f;
	size_t len;

	sip_splice_init(&s, m);
	if (m->request) {
		sip_splice_replace(&s, m->ruri.all, str_lit("sip:pbx@192.0.2.20:5070"));
		sip_splice_prepend(&s, str_lit("Via: SIP/2.0/UDP us;branch=z9hG4bKx\r\n"));
		sip_splice_received(&s, str_lit("192.0.2.99"), 5060);
		if (m->max_forwards != 0)
			sip_splice_max_forwards(&s, 70);
		sip_splice_append(&s, str_lit("X-Last: 1\r\n"));
	} else if (m->via_count > 1) {
		sip_splice_delete_first_value(&s, m->first[SIP_HDR_VIA]);
	}
	ck_assert_int_eq(sip_splice_write(&s, out, sizeof(out), &len), 0);
	v = again(&f, out, len);
	ck_assert_msg(v.kind == SIP_SCAN_OK, "%s: %.*s", v.word, (int)len, out);
	same_meaning(m, &f);
	ck_assert(!f.folded);
	ck_assert(str_eq(m->body, f.body));
	ck_assert(str_eq(m->to.tag, f.to.tag));
	if (m->request)
		ck_assert_uint_eq(f.via_count, m->via_count + 1);
	else if (m->via_count > 1)
		ck_assert_uint_eq(f.via_count, m->via_count - 1);
}

static void answer(const struct sip_msg *m, const struct sip_verdict *v)
{
	static char out[RIG_ROOM];
	const struct sip_reply reply = {
		.code = v->code ? v->code : 180,
		.reason = str_of(v->reason),
		.to_tag = str_lit("tg-1"),
		.source_ip = str_lit("192.0.2.99"),
		.source_port = 5060,
		.record_route = true,
	};
	struct sip_verdict back;
	struct sip_msg a;
	size_t len;

	ck_assert_int_eq(sip_reply_write(m, &reply, out, sizeof(out), &len), 0);
	if (v->kind != SIP_SCAN_OK)
		return;
	back = again(&a, out, len);
	ck_assert_msg(back.kind == SIP_SCAN_OK, "%s: %.*s", back.word, (int)len, out);
	same_meaning(m, &a);
	ck_assert_uint_eq(a.status, 180);
	ck_assert_uint_eq(a.via_count, m->via_count);
	ck_assert(!str_empty(a.to.tag));
}

static void mutant(struct str text)
{
	struct rig r;

	rig_scan(&r, text);
	scanned++;
	if (r.v.kind == SIP_SCAN_OK)
		forward(&r.m);
	if (r.v.kind == SIP_SCAN_REPLY ||
		(r.v.kind == SIP_SCAN_OK && r.m.request && r.m.method != SIP_ACK))
		answer(&r.m, &r.v);
	accepted += r.v.kind == SIP_SCAN_OK;
	rig_free(&r);
}

static struct str copy_of(struct str text)
{
	char *p = malloc(text.len);

	memcpy(p, text.p, text.len);
	return (struct str){p, text.len};
}

static void file(const char *name)
{
	struct str whole = copy_of(rig_load(name));

	mutate_truncate(whole, mutant);
	if (whole.len < 2000) { /* longreq has nothing more to tell for its time */
		mutate_replace(whole, specials, sizeof(specials) - 1, mutant);
		mutate_delete(whole, mutant);
	}
	free((char *)whole.p);
}

START_TEST(whatever_is_accepted_can_be_forwarded_and_answered)
{
	rig_each_file(file);
	ck_assert_uint_gt(scanned, 200000);
	ck_assert_uint_gt(accepted, 30000);
}
END_TEST

/* Each cut of a stream in two, and each mutation of its framing: an answer, and no overrun. */
static void framed(struct str text)
{
	const char *word = NULL;
	size_t len = 0;
	struct rig r;

	rig_copy(&r, text);
	if (sip_frame(r.buf, r.len, &len, &word) == 0) {
		ck_assert_uint_le(len, r.len);
		if (len)
			sip_scan_stream(&r.m, r.buf, len, &r.v);
	} else {
		ck_assert_ptr_nonnull(word);
	}
	rig_free(&r);
}

static void framed_file(const char *name)
{
	struct str whole = copy_of(rig_load(name));

	mutate_truncate(whole, framed);
	mutate_replace(whole, "\0\r\n: 9x", 7, framed);
	free((char *)whole.p);
}

START_TEST(streams_are_cut_or_refused)
{
	rig_each_file(framed_file);
}
END_TEST

int main(void)
{
	return SUITE_RUN("scan_mutation", NULL, whatever_is_accepted_can_be_forwarded_and_answered,
		streams_are_cut_or_refused);
}
