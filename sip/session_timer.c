#include "sip/session_timer.h"

#include <errno.h>

#include "sip/token.h"

/* delta-seconds before any parameter. */
static int seconds_of(struct str value, uint32_t *seconds)
{
	size_t n = 0;

	while (n < value.len && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	if (n < value.len && value.p[n] != ';' && value.p[n] != ' ' && value.p[n] != '\t')
		return EINVAL;
	return str_u32((struct str){value.p, n}, UINT32_MAX / 1000, seconds);
}

static int header_seconds(const struct sip_msg *m, enum sip_hdr id, uint32_t *seconds)
{
	if (sip_msg_first(m, id) < 0)
		return ENOENT;
	return seconds_of(sip_msg_get(m, id), seconds);
}

static void write_seconds(struct sip_build *b, struct str name, uint32_t seconds)
{
	sip_build_str(b, name);
	sip_build_lit(b, ": ");
	sip_build_u32(b, seconds);
	sip_build_lit(b, "\r\n");
}

enum session_verdict session_request(const struct sip_msg *m, uint32_t preferred,
	struct session_offer *offer, struct sip_build *b)
{
	uint32_t min_se = 0;
	uint32_t asked = 0;
	int min_err = header_seconds(m, SIP_HDR_MIN_SE, &min_se);
	int err = header_seconds(m, SIP_HDR_SESSION_EXPIRES, &asked);

	if ((min_err && min_err != ENOENT) || (err && err != ENOENT))
		return SESSION_BAD;
	offer->uac_supports = sip_has_token(m, SIP_HDR_SUPPORTED, str_lit("timer"));
	if (err == ENOENT) {
		offer->interval = preferred > min_se ? preferred : min_se;
		write_seconds(b, str_lit("Session-Expires"), offer->interval);
		if (!min_err)
			write_seconds(b, str_lit("Min-SE"), min_se);
		return SESSION_EDIT;
	}
	offer->interval = asked;
	if (asked >= SESSION_MIN_SE)
		return SESSION_PASS;
	if (offer->uac_supports)
		return SESSION_TOO_SMALL;
	/* Section 8.1: a caller that cannot understand a 422 has its value raised instead. */
	offer->interval = SESSION_MIN_SE;
	write_seconds(b, str_lit("Session-Expires"), SESSION_MIN_SE);
	write_seconds(b, str_lit("Min-SE"), SESSION_MIN_SE);
	return SESSION_EDIT;
}

void session_offered(const struct sip_msg *m, struct session_offer *offer)
{
	*offer = (struct session_offer){0};
	if (header_seconds(m, SIP_HDR_SESSION_EXPIRES, &offer->interval))
		offer->interval = 0;
	offer->uac_supports = sip_has_token(m, SIP_HDR_SUPPORTED, str_lit("timer"));
}

void session_response(const struct sip_msg *m, const struct session_offer *offer,
	uint32_t *interval, struct sip_build *b)
{
	*interval = 0;
	if (header_seconds(m, SIP_HDR_SESSION_EXPIRES, interval) == 0)
		return;
	*interval = 0;
	if (!offer->uac_supports || offer->interval == 0)
		return;
	/* Section 8.2: the callee does not know timers, the caller does and is made to refresh. */
	*interval = offer->interval;
	sip_build_lit(b, "Session-Expires: ");
	sip_build_u32(b, offer->interval);
	sip_build_lit(b, ";refresher=uac\r\n");
	if (!sip_has_token(m, SIP_HDR_REQUIRE, str_lit("timer")))
		sip_build_lit(b, "Require: timer\r\n");
}
