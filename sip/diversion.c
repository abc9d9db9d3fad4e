#include "sip/diversion.h"

#include "sip/addr.h"

static void write_number_uri(struct sip_build *b, e164_t number, struct str host)
{
	sip_build_lit(b, "<sip:");
	sip_build_number(b, number);
	sip_build_lit(b, "@");
	sip_build_str(b, host);
	sip_build_lit(b, ";user=phone>");
}

/* RFC 5806 section 4.2.1. */
static struct str diversion_reason(enum trigger t)
{
	switch (t) {
	case TRIGGER_BUSY:
		return str_lit("user-busy");
	case TRIGGER_NO_ANSWER:
		return str_lit("no-answer");
	case TRIGGER_REJECTED:
		return str_lit("deflection");
	case TRIGGER_NONE:
		return str_lit("unconditional");
	default:
		return str_lit("unavailable");
	}
}

/* RFC 4458 section 2. */
static struct str history_cause(enum trigger t)
{
	switch (t) {
	case TRIGGER_BUSY:
		return str_lit("486");
	case TRIGGER_NO_ANSWER:
	case TRIGGER_NO_RESPONSE:
	case TRIGGER_TIMEOUT:
		return str_lit("408");
	case TRIGGER_NOT_REGISTERED:
	case TRIGGER_NOT_FOUND:
		return str_lit("404");
	case TRIGGER_REJECTED:
		return str_lit("480");
	case TRIGGER_NONE:
		return str_lit("302");
	default:
		return str_lit("503");
	}
}

static unsigned count_values(const struct sip_msg *m, enum sip_hdr id)
{
	unsigned n = 0;

	for (int i = sip_msg_first(m, id); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		struct str value;
		while (sip_list_next(&rest, &value) == 0)
			n++;
	}
	return n;
}

unsigned diversion_count(const struct sip_msg *invite)
{
	return count_values(invite, SIP_HDR_DIVERSION);
}

void diversion_line(struct sip_build *b, const struct diversion *d)
{
	sip_build_lit(b, "Diversion: ");
	write_number_uri(b, d->did, d->host);
	sip_build_lit(b, ";reason=");
	sip_build_str(b, diversion_reason(d->trigger));
	sip_build_lit(b, ";counter=1\r\n");
}

/* The index of the newest entry: the last value of the last line. */
static struct str last_index(const struct sip_msg *m)
{
	struct str index = {NULL, 0};

	for (int i = sip_msg_first(m, SIP_HDR_HISTORY_INFO); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		struct sip_addr a;
		while (sip_addr_next(&rest, &a) == 0) {
			struct sip_param p;
			if (sip_param_get(a.params, str_lit("index"), &p) && p.value.len <= 32)
				index = p.value;
		}
	}
	return index;
}

void diversion_history(struct sip_build *b, const struct sip_msg *invite, const struct diversion *d)
{
	struct str before = last_index(invite);
	size_t from;

	sip_build_lit(b, "History-Info: ");
	write_number_uri(b, d->did, d->host);
	sip_build_lit(b, ";index=");
	from = b->len;
	if (!str_empty(before)) {
		sip_build_str(b, before);
		sip_build_lit(b, ".");
	}
	sip_build_lit(b, "1");
	/* A copy: the text is written again behind itself. */
	char mine[64];
	struct str index = sip_build_since(b, from);
	if (index.len >= sizeof(mine))
		index.len = 0;
	memcpy(mine, index.p, index.len);
	index.p = mine;
	sip_build_lit(b, "\r\nHistory-Info: <");
	sip_build_str(b, d->target);
	sip_build_lit(b, ";cause=");
	sip_build_str(b, history_cause(d->trigger));
	sip_build_lit(b, ">;index=");
	sip_build_str(b, index);
	sip_build_lit(b, ".1;mp=");
	sip_build_str(b, index);
	sip_build_lit(b, "\r\n");
}

struct str calling_party(struct sip_build *b, const struct sip_msg *invite,
	enum calling_party_display display, e164_t number, struct str host)
{
	size_t from = b->len;

	switch (display) {
	case DISPLAY_CALLER_NUMBER:
		if (str_empty(invite->from.display))
			return (struct str){NULL, 0};
		sip_build_lit(b, "<");
		sip_build_str(b, invite->from.uri.all);
		sip_build_lit(b, ">");
		return sip_build_since(b, from);
	case DISPLAY_CALLED_NUMBER:
	case DISPLAY_FIXED:
		if (number == 0)
			return (struct str){NULL, 0};
		write_number_uri(b, number, host);
		return sip_build_since(b, from);
	case DISPLAY_CALLER:
	case DISPLAY_COUNT:
		break;
	}
	return (struct str){NULL, 0};
}
