/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef TRUNKGUARD_CORE_UTF8_H
#define TRUNKGUARD_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of the well-formed sequence at s (1..4), 0 when there is none within len. */
size_t utf8_sequence(const char *s, size_t len);
bool utf8_valid(const char *s, size_t len);
/* Code points of a valid text. */
size_t utf8_length(const char *s, size_t len);

#endif
