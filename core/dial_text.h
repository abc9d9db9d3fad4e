/* Steps and forwardings in a feed record, written by SQL (dial_steps_text(), forwardings_text()):
 *
 *   steps     = *step
 *   step      = "(ring" SP times SP ("sequential" / "simultaneous") SP seconds 1*(SP target) ")"
 *             / "(forward" SP times SP target ")"        an external one
 *             / "(schedule" SP times SP "{" steps "}" SP "{" steps "}" ")"
 *             / "(media" SP times SP target ")"          a SIP URI
 *             / "(reject" SP times SP code SP reason ")"
 *   forwarding = "(" ("t" / "f") SP times SP seconds SP (display / "-") SP (digits / "-")
 *                SP target SP designation ")"            a list of them is written *forwarding
 *   times     = "-" / span *("," span)                   "-": always
 *   span      = days ":" from "-" to                     days 1 to 127, bit 0 Monday; minutes
 *   target    = "i" internal / "e" digits / "t" uuid / "s" sip-uri
 *
 * reason and designation may be empty; in them "%", space and round brackets are "%25", "%20", "%28"
 * and "%29". */
#ifndef TRUNKGUARD_CORE_DIAL_TEXT_H
#define TRUNKGUARD_CORE_DIAL_TEXT_H

#include "core/dial_plan.h"

/* EINVAL: *wrong says what is; ENOMEM. Nothing is held after an error. */
int dial_steps_read(const char *text, struct dial_steps *steps, const char **wrong);
int forwardings_read(
	const char *text, struct forwarding **list, uint16_t *count, const char **wrong);

#endif
