#include "core/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { V4_OFFSET = 12, V4_BITS = 96 };

static const uint8_t v4_mapped[V4_OFFSET] = {[10] = 0xff, [11] = 0xff};

bool ip_is_v4(const uint8_t addr[16])
{
	return !memcmp(addr, v4_mapped, sizeof(v4_mapped));
}

void ip_from_v4(const uint8_t v4[4], uint8_t addr[16])
{
	memcpy(addr, v4_mapped, sizeof(v4_mapped));
	memcpy(addr + V4_OFFSET, v4, 4);
}

int ip_parse(const char *text, size_t len, uint8_t addr[16])
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t v4[4];

	if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len))
		return EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, v4) == 1)
		ip_from_v4(v4, addr);
	else if (inet_pton(AF_INET6, copy, addr) != 1)
		return EINVAL;
	return 0;
}

size_t ip_format_v4(const uint8_t v4[4], char out[IP_V4_TEXT_SIZE])
{
	char *at = out;

	for (int i = 0; i < 4; i++) {
		if (v4[i] >= 100)
			*at++ = (char)('0' + v4[i] / 100);
		if (v4[i] >= 10)
			*at++ = (char)('0' + v4[i] / 10 % 10);
		*at++ = (char)('0' + v4[i] % 10);
		*at++ = '.';
	}
	*--at = '\0';
	return (size_t)(at - out);
}

void ip_format(const uint8_t addr[16], char out[CIDR_TEXT_SIZE])
{
	if (ip_is_v4(addr))
		ip_format_v4(addr + V4_OFFSET, out);
	else
		inet_ntop(AF_INET6, addr, out, CIDR_TEXT_SIZE);
}

/* One to three digits without a leading zero. */
static int length_parse(const char *text, size_t len, unsigned max, unsigned *bits)
{
	unsigned value = 0;

	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return EINVAL;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value > max)
		return EINVAL;
	*bits = value;
	return 0;
}

int cidr_parse(const char *text, size_t len, struct cidr *c)
{
	const char *slash = memchr(text, '/', len);
	size_t ip_len = slash ? (size_t)(slash - text) : len;
	struct cidr parsed = {.bits = 128};
	uint8_t masked[16];

	if (ip_parse(text, ip_len, parsed.addr))
		return EINVAL;
	if (slash) {
		/* Text tells the family: ::ffff:0:0/96 counts as IPv6 although it is mapped. */
		unsigned base = memchr(text, ':', ip_len) ? 0 : V4_BITS;
		unsigned bits;

		if (length_parse(slash + 1, len - ip_len - 1, 128 - base, &bits))
			return EINVAL;
		parsed.bits = (uint8_t)(base + bits);
	}
	memcpy(masked, parsed.addr, sizeof(masked));
	cidr_mask(masked, parsed.bits);
	if (memcmp(masked, parsed.addr, sizeof(masked)))
		return ERANGE;
	*c = parsed;
	return 0;
}

void cidr_format(const struct cidr *c, char out[CIDR_TEXT_SIZE])
{
	unsigned bits = ip_is_v4(c->addr) ? c->bits - (unsigned)V4_BITS : c->bits;
	size_t len;

	ip_format(c->addr, out);
	if (c->bits == 128)
		return;
	len = strlen(out);
	snprintf(out + len, CIDR_TEXT_SIZE - len, "/%u", bits);
}

void cidr_mask(uint8_t addr[16], unsigned bits)
{
	size_t whole = bits / 8;

	if (whole >= 16)
		return;
	addr[whole] = (uint8_t)(addr[whole] & (0xff00u >> (bits % 8)));
	memset(addr + whole + 1, 0, 16 - whole - 1);
}

bool cidr_match(const struct cidr *c, const uint8_t addr[16])
{
	size_t whole = c->bits / 8;
	unsigned rest = c->bits % 8;

	if (memcmp(c->addr, addr, whole))
		return false;
	return !rest || ((c->addr[whole] ^ addr[whole]) & (0xff00u >> rest) & 0xff) == 0;
}

bool cidr_list_match(const struct cidr_list *list, const uint8_t addr[16])
{
	for (unsigned i = 0; i < list->count; i++)
		if (cidr_match(&list->item[i], addr))
			return true;
	return false;
}

/* IANA's special-purpose registries (RFC 6890), less the documentation blocks. */
static const struct {
	uint8_t addr[4];
	uint8_t bits;
} private_v4[] = {
	{{0, 0, 0, 0}, 8},
	{{10, 0, 0, 0}, 8},
	{{100, 64, 0, 0}, 10},
	{{127, 0, 0, 0}, 8},
	{{169, 254, 0, 0}, 16},
	{{172, 16, 0, 0}, 12},
	{{192, 0, 0, 0}, 24},
	{{192, 88, 99, 0}, 24},
	{{192, 168, 0, 0}, 16},
	{{198, 18, 0, 0}, 15},
	{{224, 0, 0, 0}, 4},
	{{240, 0, 0, 0}, 4},
};

static const struct cidr private_v6[] = {
	{{0}, 128}, /* unspecified */
	{{[15] = 1}, 128}, /* loopback */
	{{0x01, 0x00}, 64}, /* discard */
	{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, /* NAT64 with a prefix of its own */
	{{0x20, 0x01}, 32}, /* Teredo */
	{{0x5f, 0x00}, 16}, /* segment routing */
	{{0xfc}, 7}, /* unique local */
	{{0xfe, 0x80}, 10}, /* link-local */
	{{0xfe, 0xc0}, 10}, /* site-local */
	{{0xff}, 8}, /* multicast */
};

/* Blocks whose addresses carry an IPv4 address, and where. */
static const struct {
	struct cidr block;
	uint8_t offset;
} carries_v4[] = {
	{{{[10] = 0xff, [11] = 0xff}, 96}, 12}, /* mapped */
	{{{0}, 96}, 12}, /* compatible */
	{{{0x00, 0x64, 0xff, 0x9b}, 96}, 12}, /* NAT64 */
	{{{0x20, 0x02}, 16}, 2}, /* 6to4 */
	{{{[8] = 0xff, [9] = 0xff}, 96}, 12}, /* translated, RFC 2765 */
};

static uint32_t v4_number(const uint8_t v4[4])
{
	return (uint32_t)v4[0] << 24 | (uint32_t)v4[1] << 16 | (uint32_t)v4[2] << 8 | v4[3];
}

static bool v4_private(const uint8_t v4[4])
{
	uint32_t addr = v4_number(v4);

	for (size_t i = 0; i < sizeof(private_v4) / sizeof(private_v4[0]); i++)
		if ((addr ^ v4_number(private_v4[i].addr)) >> (32 - private_v4[i].bits) == 0)
			return true;
	return false;
}

bool cidr_private(const uint8_t addr[16])
{
	if (ip_is_v4(addr))
		return v4_private(addr + V4_OFFSET);
	for (size_t i = 0; i < sizeof(private_v6) / sizeof(private_v6[0]); i++)
		if (cidr_match(&private_v6[i], addr))
			return true;
	for (size_t i = 0; i < sizeof(carries_v4) / sizeof(carries_v4[0]); i++)
		if (cidr_match(&carries_v4[i].block, addr))
			return v4_private(addr + carries_v4[i].offset);
	return false;
}

bool cidr_permitted(const uint8_t addr[16], const struct cidr_list *allow)
{
	return !cidr_private(addr) || (allow && cidr_list_match(allow, addr));
}
