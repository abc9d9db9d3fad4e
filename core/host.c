#include "core/host.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/cidr.h"

enum { NAME_MAX_LEN = 253, LABEL_MAX_LEN = 63 };

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool label_valid(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX_LEN || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alpha(label[i]) && !is_digit(label[i]) && label[i] != '-')
			return false;
	return true;
}

static bool name_valid(const char *text, size_t len)
{
	if (len && text[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	for (;;) {
		const char *dot = memchr(text, '.', len);
		size_t label = dot ? (size_t)(dot - text) : len;

		if (!label_valid(text, label))
			return false;
		if (!dot)
			return is_alpha(text[0]);
		text += label + 1;
		len -= label + 1;
	}
}

enum host_kind host_kind(const char *text, size_t len)
{
	uint8_t addr[16];

	if (!ip_parse(text, len, addr))
		return memchr(text, ':', len) ? HOST_IPV6 : HOST_IPV4;
	return name_valid(text, len) ? HOST_NAME : HOST_INVALID;
}

int port_parse(const char *text, size_t len, uint16_t *port)
{
	unsigned value = 0;

	if (len == 0 || len > 5 || text[0] == '0')
		return EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]))
			return EINVAL;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value > UINT16_MAX)
		return EINVAL;
	*port = (uint16_t)value;
	return 0;
}

int host_port_parse(
	const char *text, size_t len, const char **host, size_t *host_len, uint16_t *port)
{
	bool bracket = len && text[0] == '[';
	const char *begin = text + bracket;
	const char *end = len ? memchr(text, bracket ? ']' : ':', len) : NULL;
	const char *rest;

	if (bracket && !end)
		return EINVAL;
	if (!end)
		end = text + len;
	rest = end + bracket;
	if (rest < text + len) {
		if (*rest != ':' || port_parse(rest + 1, (size_t)(text + len - rest - 1), port))
			return EINVAL;
	} else {
		*port = 0;
	}
	*host = begin;
	*host_len = (size_t)(end - begin);
	switch (host_kind(*host, *host_len)) {
	case HOST_INVALID:
		return EINVAL;
	case HOST_IPV6:
		return bracket ? 0 : EINVAL;
	default:
		return bracket ? EINVAL : 0;
	}
}
