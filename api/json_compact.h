/* JSON as PostgreSQL writes it has spaces around colons and commas; what leaves here has none. */
#ifndef TRUNKGUARD_API_JSON_COMPACT_H
#define TRUNKGUARD_API_JSON_COMPACT_H

#include <stddef.h>

/* Takes the white space outside of strings out of valid JSON, in place; the new length. */
size_t json_compact(char *text, size_t len);

#endif
