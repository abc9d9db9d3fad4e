/* Text appended to a buffer, with one error at the end. */
#include "sip/sip_build.h"

#include <errno.h>

void sip_build_init(struct sip_build *b, char *p, size_t cap)
{
	*b = (struct sip_build){.p = p, .cap = cap};
}

void sip_build_str(struct sip_build *b, struct str s)
{
	if (b->err || str_empty(s))
		return;
	if (s.len > b->cap - b->len) {
		b->err = ENOBUFS;
		return;
	}
	memcpy(b->p + b->len, s.p, s.len);
	b->len += s.len;
}

void sip_build_host(struct sip_build *b, struct str host)
{
	bool v6 = !str_empty(host) && memchr(host.p, ':', host.len);

	sip_build_str(b, v6 ? str_lit("[") : str_lit(""));
	sip_build_str(b, host);
	sip_build_str(b, v6 ? str_lit("]") : str_lit(""));
}

void sip_build_u32(struct sip_build *b, uint32_t n)
{
	char digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	sip_build_str(b, (struct str){digits + at, sizeof(digits) - at});
}

static bool breaks_line(struct str s)
{
	return !str_empty(s) &&
	       (memchr(s.p, '\r', s.len) || memchr(s.p, '\n', s.len) || memchr(s.p, '\0', s.len));
}

void sip_build_header(struct sip_build *b, struct str name, struct str value)
{
	if (!b->err && (breaks_line(name) || breaks_line(value)))
		b->err = EINVAL;
	sip_build_str(b, name);
	sip_build_lit(b, ": ");
	sip_build_str(b, value);
	sip_build_lit(b, "\r\n");
}

struct str sip_build_since(const struct sip_build *b, size_t from)
{
	return b->err ? (struct str){NULL, 0} : (struct str){b->p + from, b->len - from};
}

void sip_build_number(struct sip_build *b, e164_t number)
{
	char text[E164_TEXT_SIZE];

	e164_format(number, text);
	sip_build_str(b, str_of(text));
}
