#include "core/destination_table.h"

#include <stdlib.h>
#include <string.h>

/* Sources: ITU-T E.164 list of assigned country codes (global services), the North American
 * Numbering Plan Administration's list of area codes, the FCC's consumer guide on one-ring
 * calls, and the published numbering plans of the countries named (Ofcom, Bundesnetzagentur, ARCEP and
 * so on). In the order of their prefixes, for the look-up. */
static const struct number_range premium_ranges[] = {
	{"1242", "BS"}, /* one-ring fraud: area codes that look like calls at home */
	{"1246", "BB"},
	{"1264", "AI"},
	{"1268", "AG"},
	{"1284", "VG"},
	{"1345", "KY"},
	{"1441", "BM"},
	{"1473", "GD"},
	{"1649", "TC"},
	{"1658", "JM"},
	{"1664", "MS"},
	{"1721", "SX"},
	{"1758", "LC"},
	{"1767", "DM"},
	{"1784", "VC"},
	{"1809", "DO"},
	{"1829", "DO"},
	{"1849", "DO"},
	{"1868", "TT"},
	{"1869", "KN"},
	{"1876", "JM"},
	{"1900", ""}, /* pay per call */
	{"1976", ""},
	{"30901", ""}, /* Greece */
	{"30909", ""},
	{"31900", ""}, /* Netherlands */
	{"31906", ""},
	{"31909", ""},
	{"3290", ""}, /* Belgium */
	{"3389", ""}, /* France */
	{"34118", ""}, /* Spain */
	{"34803", ""},
	{"34806", ""},
	{"34807", ""},
	{"34905", ""},
	{"34907", ""},
	{"351601", ""}, /* Portugal */
	{"351607", ""},
	{"351608", ""},
	{"351646", ""},
	{"351648", ""},
	{"351760", ""},
	{"351761", ""},
	{"351762", ""},
	{"358600", ""}, /* Finland */
	{"358700", ""},
	{"35990", ""}, /* Bulgaria */
	{"3690", ""}, /* Hungary */
	{"37090", ""}, /* Lithuania */
	{"37190", ""}, /* Latvia */
	{"372900", ""}, /* Estonia */
	{"38560", ""}, /* Croatia */
	{"38690", ""}, /* Slovenia */
	{"39144", ""}, /* Italy */
	{"39166", ""},
	{"3989", ""},
	{"41900", ""}, /* Switzerland */
	{"41901", ""},
	{"41906", ""},
	{"42090", ""}, /* Czechia */
	{"421900", ""}, /* Slovakia */
	{"43900", ""}, /* Austria */
	{"43901", ""},
	{"43930", ""},
	{"43931", ""},
	{"44118", ""}, /* United Kingdom: directories, personal numbers, 084, 087, 09 */
	{"4470", ""},
	{"44843", ""},
	{"44844", ""},
	{"44845", ""},
	{"44870", ""},
	{"44871", ""},
	{"44872", ""},
	{"44873", ""},
	{"449", ""},
	{"4590", ""}, /* Denmark */
	{"46900", ""}, /* Sweden */
	{"46939", ""},
	{"46944", ""},
	{"47820", ""}, /* Norway */
	{"47829", ""},
	{"4870", ""}, /* Poland */
	{"49118", ""}, /* Germany */
	{"49137", ""},
	{"49900", ""},
	{"55900", ""}, /* Brazil */
	{"61190", ""}, /* Australia */
	{"7809", ""}, /* Russia */
	{"808", ""}, /* international shared cost */
	{"81990", ""}, /* Japan */
	{"870", ""}, /* Inmarsat */
	{"871", ""},
	{"872", ""},
	{"873", ""},
	{"874", ""},
	{"875", ""},
	{"876", ""},
	{"877", ""},
	{"878", ""}, /* universal personal telecommunications */
	{"881", ""}, /* global mobile satellite systems */
	{"882", ""}, /* international networks */
	{"883", ""},
	{"888", ""},
	{"979", ""}, /* international premium rate */
	{"991", ""},
};

/* Where several countries share a calling code, all but the largest. NANPA's area codes; the
 * plans of Kazakhstan, the Crown Dependencies, the Vatican, Svalbard and the overseas territories. */
static const struct number_range country_ranges[] = {
	{"1204", "CA"},
	{"1226", "CA"},
	{"1236", "CA"},
	{"1242", "BS"},
	{"1246", "BB"},
	{"1249", "CA"},
	{"1250", "CA"},
	{"1257", "CA"},
	{"1263", "CA"},
	{"1264", "AI"},
	{"1268", "AG"},
	{"1284", "VG"},
	{"1289", "CA"},
	{"1306", "CA"},
	{"1340", "VI"},
	{"1343", "CA"},
	{"1345", "KY"},
	{"1354", "CA"},
	{"1365", "CA"},
	{"1367", "CA"},
	{"1368", "CA"},
	{"1382", "CA"},
	{"1403", "CA"},
	{"1416", "CA"},
	{"1418", "CA"},
	{"1428", "CA"},
	{"1431", "CA"},
	{"1437", "CA"},
	{"1438", "CA"},
	{"1441", "BM"},
	{"1450", "CA"},
	{"1468", "CA"},
	{"1473", "GD"},
	{"1474", "CA"},
	{"1506", "CA"},
	{"1514", "CA"},
	{"1519", "CA"},
	{"1548", "CA"},
	{"1579", "CA"},
	{"1581", "CA"},
	{"1584", "CA"},
	{"1587", "CA"},
	{"1600", "CA"},
	{"1604", "CA"},
	{"1613", "CA"},
	{"1622", "CA"},
	{"1639", "CA"},
	{"1647", "CA"},
	{"1649", "TC"},
	{"1658", "JM"},
	{"1664", "MS"},
	{"1670", "MP"},
	{"1671", "GU"},
	{"1672", "CA"},
	{"1683", "CA"},
	{"1684", "AS"},
	{"1705", "CA"},
	{"1709", "CA"},
	{"1721", "SX"},
	{"1742", "CA"},
	{"1753", "CA"},
	{"1758", "LC"},
	{"1767", "DM"},
	{"1778", "CA"},
	{"1780", "CA"},
	{"1782", "CA"},
	{"1784", "VC"},
	{"1787", "PR"},
	{"1800", ""}, /* toll-free, anywhere in North America */
	{"1807", "CA"},
	{"1809", "DO"},
	{"1819", "CA"},
	{"1825", "CA"},
	{"1829", "DO"},
	{"1833", ""},
	{"1844", ""},
	{"1849", "DO"},
	{"1855", ""},
	{"1866", ""},
	{"1867", "CA"},
	{"1868", "TT"},
	{"1869", "KN"},
	{"1873", "CA"},
	{"1876", "JM"},
	{"1877", ""},
	{"1879", "CA"},
	{"1888", ""},
	{"1902", "CA"},
	{"1905", "CA"},
	{"1939", "PR"},
	{"1942", "CA"},
	{"262269", "YT"},
	{"262639", "YT"},
	{"35818", "AX"},
	{"3906698", "VA"},
	{"441481", "GG"},
	{"441534", "JE"},
	{"441624", "IM"},
	{"447509", "JE"},
	{"447524", "IM"},
	{"447624", "IM"},
	{"4477003", "JE"},
	{"4477007", "JE"},
	{"4477008", "JE"},
	{"447781", "GG"},
	{"447797", "JE"},
	{"447829", "JE"},
	{"447839", "GG"},
	{"447911", "GG"},
	{"447924", "IM"},
	{"447937", "JE"},
	{"4779", "SJ"},
	{"5993", "BQ"},
	{"5994", "BQ"},
	{"5997", "BQ"},
	{"6189162", "CC"},
	{"6189164", "CX"},
	{"6723", "NF"},
	{"76", "KZ"},
	{"77", "KZ"},
};

enum {
	PREMIUM = sizeof(premium_ranges) / sizeof(premium_ranges[0]),
	COUNTRIES = sizeof(country_ranges) / sizeof(country_ranges[0]),
	PREFIX_MAX = sizeof(((struct number_range *)NULL)->prefix) - 1,
};

static int compare(const void *prefix, const void *range)
{
	return strcmp(prefix, ((const struct number_range *)range)->prefix);
}

static const struct number_range *find(
	const struct number_range *table, size_t count, const char *digits)
{
	const struct number_range *found = NULL;
	char prefix[PREFIX_MAX + 1] = "";
	size_t len = strnlen(digits, PREFIX_MAX);

	memcpy(prefix, digits, len);
	for (; len && !found; len--) {
		prefix[len] = '\0';
		found = bsearch(prefix, table, count, sizeof(*table), compare);
	}
	return found;
}

const struct number_range *premium_range(const char *digits)
{
	return find(premium_ranges, PREMIUM, digits);
}

const struct number_range *country_range(const char *digits)
{
	return find(country_ranges, COUNTRIES, digits);
}

int country_has_range(const char *iso)
{
	for (size_t i = 0; i < COUNTRIES; i++)
		if (!strcmp(country_ranges[i].iso, iso))
			return 1;
	return 0;
}
