#include "api/base64url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64url_encode(const char *data, size_t len)
{
	char *out = malloc(len / 3 * 4 + 5), *o = out;
	uint32_t bits = 0;
	unsigned have = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8) | (uint8_t)data[i];
		have += 8;
		while (have >= 6) {
			have -= 6;
			*o++ = alphabet[(bits >> have) & 63];
		}
	}
	if (have > 0)
		*o++ = alphabet[(bits << (6 - have)) & 63];
	*o = '\0';
	return out;
}

char *base64url_decode(const char *text, size_t *len)
{
	size_t n = strlen(text);
	char *out = malloc(n + 1), *o = out;
	uint32_t bits = 0;
	unsigned have = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(alphabet, text[i]);

		if (!at) {
			free(out);
			return NULL;
		}
		bits = (bits << 6) | (uint32_t)(at - alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*o++ = (char)(uint8_t)(bits >> have);
		}
	}
	*o = '\0';
	*len = (size_t)(o - out);
	return out;
}
