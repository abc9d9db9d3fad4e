/* Every message of the corpora with one thing wrong: cut short, an octet replaced, an octet gone. */
#ifndef TESTS_SIP_MUTATE_H
#define TESTS_SIP_MUTATE_H

#include "tests/sip/scan_rig.h"

typedef void mutant_h(struct str text);

static inline void mutate_truncate(struct str whole, mutant_h *h)
{
	for (size_t len = 0; len <= whole.len; len++)
		h((struct str){whole.p, len});
}

static inline void mutate_replace(struct str whole, const char *specials, size_t count, mutant_h *h)
{
	char *text = malloc(whole.len);

	memcpy(text, whole.p, whole.len);
	for (size_t i = 0; i < whole.len; i++) {
		for (size_t k = 0; k < count; k++) {
			text[i] = specials[k];
			h((struct str){text, whole.len});
		}
		text[i] = whole.p[i];
	}
	free(text);
}

static inline void mutate_delete(struct str whole, mutant_h *h)
{
	char *text = malloc(whole.len);

	memcpy(text, whole.p, whole.len);
	for (size_t i = 0; i + 1 < whole.len; i++) {
		memcpy(text + i, whole.p + i + 1, whole.len - i - 1);
		h((struct str){text, whole.len - 1});
		memcpy(text + i, whole.p + i, whole.len - i);
	}
	free(text);
}

#endif
