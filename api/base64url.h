/* Base64 with the URL alphabet, without padding (RFC 4648, 5). */
#ifndef TRUNKGUARD_API_BASE64URL_H
#define TRUNKGUARD_API_BASE64URL_H

#include <stddef.h>

/* malloc'ed; NULL: no memory. */
char *base64url_encode(const char *data, size_t len);
/* malloc'ed, with a NUL behind; NULL: no memory, or not of that form. */
char *base64url_decode(const char *text, size_t *len);

#endif
