#include "sip/register_message.h"

#include "sip/forward.h"

void register_message_uri(struct sip_build *b, const struct sip_address *registrar)
{
	sip_build_lit(b, "sip:");
	sip_build_host(b, str_of(registrar->host));
	if (registrar->port) {
		sip_build_lit(b, ":");
		sip_build_u32(b, registrar->port);
	}
}

/* RFC 3261 25.1: user. */
static void write_user(struct sip_build *b, struct str user)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < user.len; i++) {
		unsigned char c = (unsigned char)user.p[i];
		char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
		bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			     (c && strchr("-_.!~*'()&=+$,;?/", c));

		sip_build_str(b, plain ? (struct str){user.p + i, 1} : (struct str){escaped, 3});
	}
}

static void write_aor(struct sip_build *b, const struct register_message *r)
{
	sip_build_lit(b, "<sip:");
	write_user(b, r->username);
	sip_build_lit(b, "@");
	sip_build_str(b, r->domain);
	sip_build_lit(b, ">");
}

static void write_contact(
	struct sip_build *b, const struct register_message *r, const struct flow *to)
{
	sip_build_lit(b, "Contact: <sip:");
	write_user(b, r->username);
	sip_build_lit(b, "@");
	sip_build_str(b, r->self);
	sip_build_str(b, forward_transport_param(to->transport));
	sip_build_lit(b, ">;expires=");
	sip_build_u32(b, r->expires);
	sip_build_lit(b, "\r\n");
}

void register_message_write(
	struct sip_build *b, const struct register_message *r, const struct flow *to)
{
	sip_build_lit(b, "REGISTER ");
	sip_build_str(b, r->uri);
	sip_build_lit(b, " SIP/2.0\r\n");
	forward_via(b, to, r->self, r->branch);
	sip_build_lit(b, "Max-Forwards: 70\r\nFrom: ");
	write_aor(b, r);
	sip_build_lit(b, ";tag=");
	sip_build_str(b, r->tag);
	sip_build_lit(b, "\r\nTo: ");
	write_aor(b, r);
	sip_build_lit(b, "\r\nCall-ID: ");
	sip_build_str(b, r->call_id);
	sip_build_lit(b, "\r\nCSeq: ");
	sip_build_u32(b, r->cseq);
	sip_build_lit(b, " REGISTER\r\n");
	write_contact(b, r, to);
	sip_build_lit(b, "Expires: ");
	sip_build_u32(b, r->expires);
	sip_build_lit(b, "\r\n");
	sip_build_str(b, r->credentials);
	sip_build_lit(b, "Content-Length: 0\r\n\r\n");
}

/* Is this the address that we registered? Servers change the spelling of a URI, not where it leads. */
static bool is_ours(const struct sip_addr *contact, struct str self)
{
	const struct sip_uri *u = &contact->uri;
	char text[REGISTER_URI_MAX];
	struct sip_build b;

	if (str_empty(u->host))
		return false;
	sip_build_init(&b, text, sizeof(text));
	sip_build_host(&b, u->host);
	sip_build_lit(&b, ":");
	sip_build_u32(&b, u->port ? u->port : 5060);
	return str_caseeq(sip_build_since(&b, 0), self);
}

/* The expires parameter of our Contact, or of the only one; UINT32_MAX: it says nothing. */
static uint32_t contact_expires(const struct sip_msg *ok, struct str self)
{
	uint32_t expires = UINT32_MAX, found;

	for (int i = sip_msg_first(ok, SIP_HDR_CONTACT); i >= 0; i = sip_msg_next(ok, i)) {
		struct str rest = sip_msg_value(ok, i);
		struct sip_addr contact;

		while (sip_addr_next(&rest, &contact) == 0) {
			struct sip_param p;

			if (ok->contact_count > 1 && !is_ours(&contact, self))
				continue;
			if (sip_param_get(contact.params, str_lit("expires"), &p) &&
				str_u32(p.value, UINT32_MAX - 1, &found) == 0)
				expires = found;
		}
	}
	return expires;
}

uint32_t register_message_expires(const struct sip_msg *ok, const struct register_message *r)
{
	uint32_t expires = contact_expires(ok, r->self);

	if (expires != UINT32_MAX)
		return expires;
	return ok->has_expires ? ok->expires : r->expires;
}
