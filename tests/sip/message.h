/* A message for tests: its text scanned, with the verdict asserted. */
#ifndef TESTS_SIP_MESSAGE_H
#define TESTS_SIP_MESSAGE_H

#include <check.h>

#include "sip/scan.h"

#define INVITE_HEAD                                                                                \
	"INVITE sip:+14155550100@192.0.2.1 SIP/2.0\r\n"                                            \
	"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKcarrier;rport\r\n"                       \
	"Max-Forwards: 68\r\n"                                                                     \
	"From: \"Alice\" <sip:+12125550111@198.51.100.7>;tag=a1\r\n"                               \
	"To: <sip:+14155550100@192.0.2.1>\r\n"                                                     \
	"Call-ID: c1@198.51.100.7\r\n"                                                             \
	"CSeq: 7 INVITE\r\n"                                                                       \
	"Contact: <sip:198.51.100.7:5060>\r\n"

static inline void message_scan(struct sip_msg *m, const char *text)
{
	struct sip_verdict v;

	sip_scan_stream(m, text, strlen(text), &v);
	ck_assert_msg(v.kind == SIP_SCAN_OK, "%s: %s", v.word, text);
}

#endif
