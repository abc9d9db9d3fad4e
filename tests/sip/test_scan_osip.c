/* The scanner held against libosip2: what the scanner accepts, libosip2 reads, and both read the
 * same. */
#include <osipparser2/osip_parser.h>

#include "tests/sip/mutate.h"

static unsigned long compared;

/* The same text, where libosip2 has NULL for nothing. */
static bool same(struct str ours, const char *theirs)
{
	return str_eq(ours, str_of(theirs ? theirs : ""));
}

/* libosip2 unescapes users and parameters, so those are compared by the unescaped text. */
static bool same_unescaped(struct str ours, const char *theirs)
{
	char text[SIP_LINE_MAX];
	size_t len;

	ck_assert_int_eq(sip_unescape(text, sizeof(text), ours, &len), 0);
	return same((struct str){text, len}, theirs);
}

static void uri_compare(const struct sip_uri *u, const osip_uri_t *o)
{
	if (u->scheme == SIP_SCHEME_OTHER || u->scheme == SIP_SCHEME_TEL)
		return; /* an opaque string there */
	ck_assert(same_unescaped(u->user, o->username));
	ck_assert(same_unescaped(u->password, o->password));
	ck_assert_msg(same(u->host, o->host), "%.*s %s", (int)u->host.len, u->host.p, o->host);
	ck_assert_uint_eq(u->port, o->port ? (unsigned)atoi(o->port) : 0);
}

static void from_compare(const struct sip_addr *a, const osip_from_t *o)
{
	osip_generic_param_t *tag = NULL;

	uri_compare(&a->uri, o->url);
	osip_generic_param_get_byname((osip_list_t *)&o->gen_params, "tag", &tag);
	ck_assert(same(a->tag, tag ? tag->gvalue : NULL));
}

static void via_compare(const struct sip_via *v, const osip_via_t *o)
{
	osip_generic_param_t *branch = NULL, *received = NULL;

	ck_assert(same(v->transport, o->protocol));
	ck_assert_msg(same(v->host, o->host), "%.*s %s", (int)v->host.len, v->host.p, o->host);
	ck_assert_uint_eq(v->port, o->port ? (unsigned)atoi(o->port) : 0);
	osip_via_param_get_byname((osip_via_t *)o, "branch", &branch);
	ck_assert(same(v->branch, branch ? branch->gvalue : NULL));
	osip_via_param_get_byname((osip_via_t *)o, "received", &received);
	ck_assert(same(v->received, received ? received->gvalue : NULL));
}

static void message_compare(const struct sip_msg *m, const osip_message_t *o)
{
	char call_id[SIP_LINE_MAX];

	if (m->request) {
		uri_compare(&m->ruri, o->req_uri);
		ck_assert(same(m->method_name, o->sip_method));
	} else {
		ck_assert_uint_eq(m->status, (unsigned)o->status_code);
	}
	from_compare(&m->from, o->from);
	from_compare(&m->to, o->to);
	via_compare(&m->via, osip_list_get(&o->vias, 0));
	ck_assert_uint_eq(m->cseq, strtoul(o->cseq->number, NULL, 10));
	ck_assert(same(m->method_name, o->cseq->method));
	snprintf(call_id, sizeof(call_id), "%s%s%s", o->call_id->number,
		o->call_id->host ? "@" : "", o->call_id->host ? o->call_id->host : "");
	ck_assert(same(m->call_id, call_id));
	ck_assert_uint_eq(m->via_count, (unsigned)osip_list_size(&o->vias));
	ck_assert_uint_eq(m->contact_count, (unsigned)osip_list_size(&o->contacts));
	ck_assert_uint_eq(m->route_count, (unsigned)osip_list_size(&o->routes));
	ck_assert_uint_eq(m->record_route_count, (unsigned)osip_list_size(&o->record_routes));
	if (o->content_length)
		ck_assert_uint_eq(m->body.len, strtoul(o->content_length->value, NULL, 10));
	compared++;
}

/* A NUL in a quoted string is sound, but ends a C string; of a scheme that it does not know,
 * libosip2 refuses what is very short. */
static bool beyond_libosip2(const struct sip_msg *m)
{
	return memchr(m->buf, '\0', m->headers_end) != NULL ||
	       m->to.uri.scheme == SIP_SCHEME_OTHER || m->from.uri.scheme == SIP_SCHEME_OTHER;
}

static void compare(struct str text)
{
	osip_message_t *o;
	struct rig r;

	rig_scan(&r, text);
	if (r.v.kind == SIP_SCAN_OK && !beyond_libosip2(&r.m)) {
		ck_assert_int_eq(osip_message_init(&o), 0);
		ck_assert_msg(osip_message_parse(o, r.m.buf, r.m.len) == 0, "%.*s",
			(int)r.m.headers_end, r.m.buf);
		message_compare(&r.m, o);
		osip_message_free(o);
	}
	rig_free(&r);
}

static void file(const char *name)
{
	struct str text = rig_load(name), whole = {malloc(text.len), text.len};

	memcpy((char *)whole.p, text.p, text.len);
	compare(whole);
	if (text.len < 1000) {
		mutate_replace(whole, " \";,a", 5, compare);
		mutate_delete(whole, compare);
	}
	free((char *)whole.p);
}

static void quiet(
	const char *file_name, int line, osip_trace_level_t level, const char *format, va_list args)
{
	(void)file_name;
	(void)line;
	(void)level;
	(void)format;
	(void)args;
}

static void setup(void)
{
	osip_trace_initialize_func(TRACE_LEVEL0, quiet);
	parser_init();
}

START_TEST(both_read_the_same)
{
	rig_each_file(file);
	ck_assert_uint_gt(compared, 10000);
}
END_TEST

int main(void)
{
	return SUITE_RUN("scan_osip", setup, both_read_the_same);
}
