#include "core/emergency.h"

#include <stdlib.h>
#include <string.h>

#include "core/e164_country.h"

struct emergency_country {
	char iso[3];
	const char *numbers; /* parted by spaces; beside 112 and 911 */
};

/* From the national numbering plans as told to the ITU (E.129, "Presentation of national numbering
 * plans") and its list of national emergency numbers: police, fire, ambulance and coast guard, and what
 * tests the way to them (933 in North America). In the order of their codes, for bsearch(). */
static const struct emergency_country countries[] = {
	{"AE", "997 998 999"},
	{"AF", "102 119"},
	{"AG", "999"},
	{"AL", "127 128 129"},
	{"AM", "101 102 103"},
	{"AR", "100 101 107"},
	{"AT", "122 133 144"},
	{"AU", "000 106"},
	{"AZ", "101 102 103"},
	{"BA", "122 123 124"},
	{"BB", "211 311 511"},
	{"BD", "999"},
	{"BE", "100 101"},
	{"BG", "150 160 166"},
	{"BH", "999"},
	{"BR", "190 192 193"},
	{"BS", "919"},
	{"BY", "101 102 103"},
	{"CA", "933"},
	{"CC", "000"},
	{"CH", "117 118 144 1414"},
	{"CL", "131 132 133"},
	{"CN", "110 119 120 122"},
	{"CO", "123"},
	{"CX", "000"},
	{"CY", "199"},
	{"CZ", "150 155 156 158"},
	{"DE", "110"},
	{"DM", "999"},
	{"DZ", "14 17 1548"},
	{"EG", "122 123 180"},
	{"ES", "061 062 080 085 088 091 092"},
	{"ET", "907 939 991"},
	{"FR", "15 17 18 114 191 196"},
	{"GB", "999 18000"},
	{"GG", "999"},
	{"GH", "191 192 193"},
	{"GR", "100 108 166 199"},
	{"HK", "992 999"},
	{"HR", "192 193 194 195"},
	{"HU", "104 105 107"},
	{"ID", "110 113 118 119"},
	{"IE", "999"},
	{"IL", "100 101 102"},
	{"IM", "999"},
	{"IN", "100 101 102 108"},
	{"IQ", "104 115 122"},
	{"IR", "110 115 125"},
	{"IT", "113 115 118"},
	{"JE", "999"},
	{"JM", "110 119"},
	{"JP", "110 118 119"},
	{"KE", "999"},
	{"KR", "119"},
	{"KZ", "101 102 103"},
	{"LB", "125 140 175"},
	{"LI", "117 118 144"},
	{"LK", "110 118 119"},
	{"LU", "113"},
	{"LV", "110 113"},
	{"MA", "15 19 177"},
	{"MC", "15 17 18"},
	{"MD", "901 902 903"},
	{"ME", "122 123 124"},
	{"MK", "192 193 194"},
	{"MO", "999"},
	{"MY", "999"},
	{"NO", "110 113"},
	{"NP", "100 101 102"},
	{"NZ", "111"},
	{"OM", "9999"},
	{"PA", "103 104"},
	{"PE", "105 106 116"},
	{"PH", "117"},
	{"PK", "15 16 115 1122"},
	{"PL", "997 998 999"},
	{"QA", "999"},
	{"RS", "192 193 194"},
	{"RU", "101 102 103"},
	{"SA", "997 998 999"},
	{"SG", "995 999"},
	{"SI", "113"},
	{"SK", "150 155 158 159"},
	{"SM", "113 115 118"},
	{"TH", "191 199 1669"},
	{"TN", "190 197 198"},
	{"TR", "110 155 156"},
	{"TT", "990 999"},
	{"TW", "110 119"},
	{"UA", "101 102 103 104"},
	{"US", "933"},
	{"UZ", "101 102 103"},
	{"VC", "999"},
	{"VE", "171"},
	{"VG", "999"},
	{"VN", "113 114 115"},
	{"ZA", "10111 10177"},
	{"ZM", "991 993 999"},
	{"ZW", "993 994 995 999"},
};
enum { COUNTRIES = sizeof(countries) / sizeof(countries[0]) };

static int compare(const void *iso, const void *country)
{
	return strcmp(iso, ((const struct emergency_country *)country)->iso);
}

static bool listed(const char *numbers, const char *digits, size_t len)
{
	while (*numbers) {
		size_t n = strcspn(numbers, " ");

		if (n == len && !memcmp(numbers, digits, len))
			return true;
		numbers += n + (numbers[n] == ' ');
	}
	return false;
}

bool emergency_number(const char *country, const char *digits, size_t len)
{
	const struct emergency_country *c = NULL;

	if (listed("112 911", digits, len))
		return true;
	if (country && *country)
		c = bsearch(country, countries, COUNTRIES, sizeof(countries[0]), compare);
	return c && listed(c->numbers, digits, len);
}

/* How many octets of "+…" are the country's calling code with its '+'; 0: they are another one. */
static size_t code_len(const char *country, const char *text, size_t len)
{
	const struct e164_country *c = country && *country ? e164_country(country) : NULL;
	char code[E164_TEXT_SIZE];
	size_t n;

	if (!c)
		return 0;
	e164_format(c->code, code);
	n = strlen(code);
	return len > n && !memcmp(text, code, n) ? n : 0;
}

bool emergency_dialled(const char *country, const char *text, size_t len, char out[EMERGENCY_SIZE])
{
	size_t skip = 0;

	out[0] = '\0';
	if (len && text[0] == '+') {
		skip = 1;
		if (!emergency_number(country, text + skip, len - skip))
			skip = code_len(country, text, len);
		if (!skip)
			return false;
	}
	if (len - skip > EMERGENCY_DIGITS_MAX ||
		!emergency_number(country, text + skip, len - skip))
		return false;
	memcpy(out, text + skip, len - skip);
	out[len - skip] = '\0';
	return true;
}

bool emergency_e164(e164_t number)
{
	char text[E164_TEXT_SIZE], code[EMERGENCY_SIZE];

	e164_format(number, text);
	for (size_t i = 0; i < COUNTRIES; i++)
		if (code_len(countries[i].iso, text, strlen(text)) &&
			emergency_dialled(countries[i].iso, text, strlen(text), code))
			return true;
	return false;
}
