#include "core/dial_text.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "core/str.h"

enum {
	DAYS_ALL = 127,
	DAY_MINUTES = 1440,
	RING_SECONDS_MAX = 3600,
	SPANS_MAX = 32,
	TEXT_MAX = 200
};

/* The first error sticks: what is read after it is nothing. */
struct reader {
	const char *at;
	const char *wrong;
	int err;
	unsigned steps, depth;
};

static void fail(struct reader *r, int err, const char *wrong)
{
	if (r->err)
		return;
	r->err = err;
	r->wrong = wrong;
}

static bool take(struct reader *r, char c)
{
	if (r->err || *r->at != c)
		return false;
	r->at++;
	return true;
}

static void expect(struct reader *r, char c)
{
	if (!take(r, c))
		fail(r, EINVAL, "are not well formed");
}

/* What stands before the next space or bracket. */
static struct str token(struct reader *r)
{
	size_t len = r->err ? 0 : strcspn(r->at, " ()");
	struct str s = {r->at, len};

	r->at += len;
	return s;
}

static struct str field(struct reader *r)
{
	expect(r, ' ');
	return token(r);
}

static uint32_t number(struct reader *r, struct str s, uint32_t min, uint32_t max)
{
	uint32_t n = 0;

	if (!r->err && (str_u32(s, max, &n) || n < min))
		fail(r, EINVAL, "have a number that is none or out of range");
	return n;
}

/* One more element of an array; NULL: there is no memory. */
static void *grow(struct reader *r, void **item, unsigned count, size_t size)
{
	void *bigger = r->err ? NULL : mem_realloc(*item, (count + 1) * size);

	if (!bigger) {
		fail(r, ENOMEM, "find no memory");
		return NULL;
	}
	*item = bigger;
	return memset((char *)bigger + count * size, 0, size);
}

static char *copy(struct reader *r, struct str s)
{
	char *text = r->err ? NULL : mem_alloc(s.len + 1);

	if (!text) {
		fail(r, ENOMEM, "find no memory");
		return NULL;
	}
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return text;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Free text: an octet in hexadecimal behind each "%". */
static char *decoded(struct reader *r, struct str s)
{
	char *text = copy(r, s), *out = text;

	if (text && s.len > 3 * 4 * TEXT_MAX)
		fail(r, EINVAL, "have a text that is too long");
	for (const char *in = text; text && *in; in++) {
		int high, low;

		if (*in != '%') {
			*out++ = *in;
			continue;
		}
		high = hex(in[1]);
		low = high < 0 ? -1 : hex(in[2]);
		if (low < 0 || (high | low) == 0) {
			fail(r, EINVAL, "have a bad escape");
			break;
		}
		*out++ = (char)(high << 4 | low);
		in += 2;
	}
	if (text)
		*out = '\0';
	return text;
}

/* Cuts what stands before c off, all of it when there is no c. */
static struct str cut(struct str *rest, char c)
{
	const char *at = rest->len ? memchr(rest->p, c, rest->len) : NULL;
	struct str before = str_span(rest->p, at ? at : str_end(*rest));

	*rest = str_span(at ? at + 1 : str_end(*rest), str_end(*rest));
	return before;
}

static void read_times(struct reader *r, struct active_times *times)
{
	struct str list = field(r);

	if (str_eq(list, str_lit("-")))
		return;
	do {
		struct str to = cut(&list, ',');
		struct str days = cut(&to, ':'), from = cut(&to, '-');
		struct active_time *t;

		if (times->count == SPANS_MAX)
			fail(r, EINVAL, "have too many active times");
		t = grow(r, (void **)&times->item, times->count, sizeof(*t));
		if (!t)
			return;
		times->count++;
		t->days = (uint8_t)number(r, days, 1, DAYS_ALL);
		t->from_minute = (uint16_t)number(r, from, 0, DAY_MINUTES - 1);
		t->to_minute = (uint16_t)number(r, to, 1, DAY_MINUTES);
		if (t->from_minute == t->to_minute)
			fail(r, EINVAL, "have an active time that is empty");
	} while (list.len && !r->err);
}

/* An internal number, or the number of one of our DIDs with its '+'. */
static bool internal_ok(struct str s)
{
	e164_t number_of_did;

	if (s.len && s.p[0] == '+')
		return e164_parse_digits(s.p + 1, s.len - 1, &number_of_did) == 0;
	return dial_internal_ok(s.p, s.len);
}

static void read_target(struct reader *r, struct dial_target *t)
{
	struct str s = field(r);
	char kind = s.len ? s.p[0] : '\0';
	int err = EINVAL;

	if (kind)
		s = str_span(s.p + 1, str_end(s));
	if (kind == 'i' && internal_ok(s)) {
		t->kind = DIAL_INTERNAL;
		t->internal = copy(r, s);
		err = r->err;
	} else if (kind == 'e') {
		t->kind = DIAL_EXTERNAL;
		err = e164_parse_digits(s.p, s.len, &t->external);
	} else if (kind == 't') {
		t->kind = DIAL_TRUNK;
		err = uuid_parse(s.p, s.len, &t->trunk_id);
	} else if (kind == 's') {
		t->kind = DIAL_SIP_URI;
		err = dial_sip_uri_parse(s.p, s.len, &t->sip_uri, NULL);
	}
	if (err)
		fail(r, err == ENOMEM ? err : EINVAL,
			err == ENOMEM ? "find no memory" : "have a bad target");
}

static void read_targets(struct reader *r, struct dial_step *s, unsigned max)
{
	do {
		struct dial_target *t;

		if (s->target_count == max)
			fail(r, EINVAL, "have too many targets");
		t = grow(r, (void **)&s->target, s->target_count, sizeof(*t));
		if (!t)
			return;
		s->target_count++;
		read_target(r, t);
	} while (*r->at == ' ' && !r->err);
}

static void read_ring(struct reader *r, struct dial_step *s)
{
	struct str strategy = field(r);

	s->simultaneous = str_eq(strategy, str_lit("simultaneous"));
	if (!s->simultaneous && !str_eq(strategy, str_lit("sequential")))
		fail(r, EINVAL, "have an unknown strategy");
	s->ring_seconds = (uint16_t)number(r, field(r), 1, RING_SECONDS_MAX);
	read_targets(r, s, DIAL_TARGETS_MAX);
}

static void read_one_target(struct reader *r, struct dial_step *s, enum dial_target_kind kind)
{
	read_targets(r, s, 1);
	if (!r->err && s->target[0].kind != kind)
		fail(r, EINVAL, "have a target of the wrong kind");
}

static void read_steps(struct reader *r, struct dial_steps *steps);

static void read_branch(struct reader *r, struct dial_steps *steps)
{
	expect(r, ' ');
	expect(r, '{');
	read_steps(r, steps);
	expect(r, '}');
}

static void read_reject(struct reader *r, struct dial_step *s)
{
	struct str reason;

	s->code = (uint16_t)number(r, field(r), 400, 699);
	reason = field(r);
	if (reason.len)
		s->reason = decoded(r, reason);
}

static void read_step(struct reader *r, struct dial_step *s)
{
	char word[16];
	int app = str_copy(word, sizeof(word), token(r)) ? -1 : dial_app_parse(word);

	if (app < 0) {
		fail(r, EINVAL, "have an unknown app");
		return;
	}
	s->app = (enum dial_app)app;
	read_times(r, &s->active_times);
	switch (s->app) {
	case DIAL_RING:
		read_ring(r, s);
		break;
	case DIAL_FORWARD:
		read_one_target(r, s, DIAL_EXTERNAL);
		break;
	case DIAL_MEDIA:
		read_one_target(r, s, DIAL_SIP_URI);
		break;
	case DIAL_SCHEDULE:
		read_branch(r, &s->then_steps);
		read_branch(r, &s->else_steps);
		break;
	default:
		read_reject(r, s);
		break;
	}
	expect(r, ')');
}

static void read_steps(struct reader *r, struct dial_steps *steps)
{
	/* The list of the dial plan itself is no schedule. */
	if (++r->depth > DIAL_DEPTH_MAX + 1)
		fail(r, EINVAL, "are nested too deeply");
	while (take(r, '(')) {
		struct dial_step *s;

		if (++r->steps > DIAL_STEPS_MAX)
			fail(r, EINVAL, "are too many");
		s = grow(r, (void **)&steps->item, steps->count, sizeof(*s));
		if (!s)
			break;
		steps->count++;
		read_step(r, s);
	}
	r->depth--;
}

static int finish(struct reader *r, const char **wrong)
{
	if (!r->err && *r->at)
		fail(r, EINVAL, "are not well formed");
	*wrong = r->wrong;
	return r->err;
}

int dial_steps_read(const char *text, struct dial_steps *steps, const char **wrong)
{
	struct reader r = {.at = text};

	*steps = (struct dial_steps){0};
	read_steps(&r, steps);
	if (finish(&r, wrong))
		dial_steps_fini(steps);
	return r.err;
}

static void read_display(struct reader *r, struct forwarding *f)
{
	struct str word_text = field(r), digits = field(r);
	char word[16];
	int display;

	if (!str_eq(word_text, str_lit("-"))) {
		display = str_copy(word, sizeof(word), word_text)
				  ? -1
				  : calling_party_display_parse(word);
		if (display < 0)
			fail(r, EINVAL, "have an unknown calling_party_display");
		f->has_display = true;
		f->calling_party_display = (enum calling_party_display)(display < 0 ? 0 : display);
	}
	if (!str_eq(digits, str_lit("-")) &&
		e164_parse_digits(digits.p, digits.len, &f->calling_party_number))
		fail(r, EINVAL, "have a bad calling_party_number");
}

static void read_forwarding(struct reader *r, struct forwarding *f)
{
	struct str enabled = token(r);

	f->enabled = str_eq(enabled, str_lit("t"));
	if (!f->enabled && !str_eq(enabled, str_lit("f")))
		fail(r, EINVAL, "are neither t nor f");
	read_times(r, &f->active_times);
	f->ring_seconds = (uint16_t)number(r, field(r), 1, RING_SECONDS_MAX);
	read_display(r, f);
	read_target(r, &f->target);
	if (f->target.kind != DIAL_INTERNAL && f->target.kind != DIAL_EXTERNAL)
		fail(r, EINVAL, "have a target of the wrong kind");
	f->designation = decoded(r, field(r));
	expect(r, ')');
}

int forwardings_read(
	const char *text, struct forwarding **list, uint16_t *count, const char **wrong)
{
	struct reader r = {.at = text};
	unsigned n = 0;

	*list = NULL;
	while (take(&r, '(')) {
		struct forwarding *f;

		if (n == FORWARDINGS_MAX)
			fail(&r, EINVAL, "are too many");
		f = grow(&r, (void **)list, n, sizeof(*f));
		if (!f)
			break;
		n++;
		read_forwarding(&r, f);
	}
	if (finish(&r, wrong)) {
		forwardings_free(*list, n);
		*list = NULL;
		n = 0;
	}
	*count = (uint16_t)n;
	return r.err;
}
