/* Octet classes and lexical steps of SIP, RFC 3261 section 25.1. */
#include "sip/lex.h"

#define UNRESERVED (LEX_USER | LEX_PASSWORD | LEX_PARAM | LEX_HNV | LEX_URIC)
#define TOKEN (LEX_TOKEN | LEX_WORD | LEX_VALUE | LEX_DISPLAY)
#define LETTER (LEX_ALPHA | LEX_LABEL | TOKEN | UNRESERVED)

const uint16_t lex_class[256] = {
	[0x00 ... 0x08] = LEX_CONTROL,
	['\t'] = LEX_WSP | LEX_DISPLAY,
	['\n'] = LEX_WSP | LEX_DISPLAY | LEX_CONTROL,
	[0x0b ... 0x0c] = LEX_CONTROL,
	['\r'] = LEX_WSP | LEX_DISPLAY | LEX_CONTROL,
	[0x0e ... 0x1f] = LEX_CONTROL,
	[' '] = LEX_WSP | LEX_DISPLAY,
	['!'] = TOKEN | UNRESERVED,
	['"'] = LEX_WORD,
	['$'] = LEX_WORD | LEX_USER | LEX_PASSWORD | LEX_PARAM | LEX_HNV | LEX_URIC,
	['%'] = TOKEN,
	['&'] = LEX_WORD | LEX_USER | LEX_PASSWORD | LEX_PARAM | LEX_URIC,
	['\''] = TOKEN | UNRESERVED,
	['('] = LEX_WORD | UNRESERVED,
	[')'] = LEX_WORD | UNRESERVED,
	['*'] = TOKEN | UNRESERVED | LEX_PHONE,
	['+'] = TOKEN | LEX_USER | LEX_PASSWORD | LEX_PARAM | LEX_HNV | LEX_URIC,
	[','] = LEX_WORD | LEX_USER | LEX_PASSWORD | LEX_URIC,
	['-'] = TOKEN | UNRESERVED | LEX_LABEL,
	['.'] = TOKEN | UNRESERVED,
	['/'] = LEX_WORD | LEX_USER | LEX_PARAM | LEX_HNV | LEX_URIC,
	['0' ... '9'] = LEX_DIGIT | LEX_HEX | LEX_LABEL | TOKEN | UNRESERVED | LEX_PHONE,
	[':'] = LEX_WORD | LEX_PARAM | LEX_HNV | LEX_URIC | LEX_VALUE,
	[';'] = LEX_WORD | LEX_USER | LEX_URIC,
	['<'] = LEX_WORD,
	['='] = LEX_WORD | LEX_USER | LEX_PASSWORD | LEX_URIC,
	['>'] = LEX_WORD,
	['?'] = LEX_WORD | LEX_USER | LEX_HNV | LEX_URIC,
	['@'] = LEX_URIC,
	['A' ... 'F'] = LETTER | LEX_HEX | LEX_PHONE,
	['G' ... 'Z'] = LETTER,
	['['] = LEX_WORD | LEX_PARAM | LEX_HNV | LEX_URIC | LEX_VALUE,
	['\\'] = LEX_WORD,
	[']'] = LEX_WORD | LEX_PARAM | LEX_HNV | LEX_URIC | LEX_VALUE,
	['^'] = LEX_WORD,
	['_'] = TOKEN | UNRESERVED | LEX_LABEL,
	['`'] = TOKEN,
	['a' ... 'f'] = LETTER | LEX_HEX | LEX_PHONE,
	['g' ... 'z'] = LETTER,
	['{'] = LEX_WORD,
	['|'] = LEX_WORD,
	['}'] = LEX_WORD,
	['~'] = TOKEN | UNRESERVED,
	['#'] = LEX_WORD | LEX_PHONE,
	[0x7f] = LEX_CONTROL,
	[0x80 ... 0xff] = LEX_DISPLAY,
};

const char *lex_escapes(const char *p, const char *end, unsigned class)
{
	for (;;) {
		int octet;

		p = lex_skip(p, end, class);
		if (end - p < 3 || *p != '%' || !lex_is(p[1], LEX_HEX) || !lex_is(p[2], LEX_HEX))
			return p;
		octet = lex_hex(p[1]) * 16 + lex_hex(p[2]);
		if (octet < 0x20 || octet == 0x7f)
			return p;
		p += 3;
	}
}

const char *lex_quoted(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			p++;
			if (p == end || *p == '\r' || *p == '\n')
				return NULL;
		} else if (lex_is(*p, LEX_CONTROL) && !lex_is(*p, LEX_WSP)) {
			return NULL;
		}
	}
	return NULL;
}
