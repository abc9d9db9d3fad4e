/* Ranges of numbers by their prefixes: what is charged at premium rates, and which country a
 * number of a shared calling code belongs to. */
#ifndef TRUNKGUARD_CORE_DESTINATION_TABLE_H
#define TRUNKGUARD_CORE_DESTINATION_TABLE_H

#include <stddef.h>

struct number_range {
	char prefix[10]; /* digits without '+' */
	char iso[3]; /* the country, "" none of its own */
};

/* The longest range that the digits begin with, NULL: none. */

/* Charged at premium rates, or known for call-back fraud. A range with a country is only the
 * latter: it is an ordinary one for who has to do with that country. */
const struct number_range *premium_range(const char *digits);
/* The part of a shared calling code that is a country's own; "" is shared by all of them. */
const struct number_range *country_range(const char *digits);
/* Has the country such a part? The rest of the code is for those that have none. */
int country_has_range(const char *iso);

#endif
