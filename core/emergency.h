/* Emergency numbers. They are dialled as short codes, which are no E.164 numbers: "911" stays text.
 *
 * What they are follows from the country that is dialled in. 112 and 911 are emergency numbers
 * everywhere (3GPP TS 22.101 section 10.1.1), also where no country is known: nobody who dials
 * them means anything else. */
#ifndef TRUNKGUARD_CORE_EMERGENCY_H
#define TRUNKGUARD_CORE_EMERGENCY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/e164.h"

enum { EMERGENCY_DIGITS_MAX = 5, EMERGENCY_SIZE = EMERGENCY_DIGITS_MAX + 1 };

/* country: ISO 3166-1 alpha-2; NULL or "": none. digits: as dialled, nothing else. */
bool emergency_number(const char *country, const char *digits, size_t len);

/* The same for what a PBX sends, where it may have put a '+', or a '+' and the country's calling code,
 * in front. No number that can be called is hidden by that: what remains is too short for one. out
 * gets the short code alone; false: it is none, and out is "". */
bool emergency_dialled(const char *country, const char *text, size_t len, char out[EMERGENCY_SIZE]);

/* Is it an emergency number of any country, written with that country's calling code? Most of these are
 * too short to be an e164_t at all. */
bool emergency_e164(e164_t number);

#endif
