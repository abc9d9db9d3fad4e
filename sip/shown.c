#include "sip/shown.h"

static void write_uri(struct sip_build *b, e164_t number, struct str host)
{
	sip_build_lit(b, "<sip:");
	sip_build_number(b, number);
	sip_build_lit(b, "@");
	sip_build_str(b, host);
	sip_build_lit(b, ";user=phone>");
}

struct str shown_from(struct sip_build *b, const struct sip_msg *invite, const struct caller_id *id,
	struct str host)
{
	size_t from = b->len;

	if (id->anonymous) {
		sip_build_lit(b, "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
		return sip_build_since(b, from);
	}
	/* A name belongs to the number that it came with. */
	if (!id->replaced && !str_empty(invite->from.display)) {
		sip_build_str(b, invite->from.display);
		sip_build_lit(b, " ");
	}
	write_uri(b, id->number, host);
	return sip_build_since(b, from);
}

static bool has_privacy_id(const struct sip_msg *m)
{
	struct str value = sip_msg_get(m, SIP_HDR_PRIVACY);

	for (size_t i = 0; i + 2 <= value.len; i++)
		if (str_caseeq((struct str){value.p + i, 2}, str_lit("id")))
			return true;
	return false;
}

void shown_lines(struct sip_build *b, const struct sip_msg *invite, const struct caller_id *id,
	struct str host, bool trusted)
{
	if (id->anonymous && !trusted)
		return;
	sip_build_lit(b, "P-Asserted-Identity: ");
	write_uri(b, id->number, host);
	sip_build_lit(b, "\r\n");
	if (id->anonymous && !has_privacy_id(invite))
		sip_build_lit(b, "Privacy: id\r\n");
}

const enum sip_hdr *shown_drops(bool unsigned_)
{
	static const enum sip_hdr drops[] = {SIP_HDR_IDENTITY, SIP_HDR_IDENTITY_INFO,
		SIP_HDR_P_ASSERTED_IDENTITY, SIP_HDR_P_PREFERRED_IDENTITY, SIP_HDR_REMOTE_PARTY_ID,
		SIP_HDR_AUTHORIZATION, SIP_HDR_PROXY_AUTHORIZATION, SIP_HDR_COUNT};

	return unsigned_ ? drops : drops + 2;
}
