/* How numbers are dialled inside each country: what e164_parse() needs to read national numbers. */
#ifndef TRUNKGUARD_CORE_E164_COUNTRY_H
#define TRUNKGUARD_CORE_E164_COUNTRY_H

#include <stdint.h>

struct e164_country {
	char iso[3]; /* ISO 3166-1 alpha-2 */
	uint16_t code; /* country calling code (ITU-T E.164 annex) */
	char trunk[3]; /* national trunk prefix, "" when numbers are dialled as they are */
	uint8_t min, max; /* digits of a national (significant) number */
};

/* NULL when the code is not known. */
const struct e164_country *e164_country(const char *iso);

#endif
