/* The long lists of a bulk request, taken out of the text before jansson sees the rest: jansson
 * needs up to 79 times the text, a number of a list here eight octets.
 *
 * What is found is where a list's content lies; the text without it ("numbers": []) is left for
 * jansson, which checks all else. A key written with escapes is not found and so stays in the text, where
 * the bound on values holds. */
#ifndef TRUNKGUARD_API_MASS_TEXT_H
#define TRUNKGUARD_API_MASS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct mass_list {
	const char *outer, *name; /* its place: /outer/name, or /name with outer NULL */
	bool found;
	const char *text; /* into the whole: between the brackets */
	size_t len;
};

struct mass_text {
	char *rest; /* owned, NUL-terminated; error offsets count in it */
	size_t rest_len;
};

/* Looks for the lists, which do not lie in one another. ENOMEM. */
int mass_text_init(
	struct mass_text *t, struct mass_list *list, unsigned lists, const char *text, size_t len);
void mass_text_fini(struct mass_text *t);

/* The values of a list's content, one after another. */
struct mass_items {
	const char *p;
	size_t len, at;
	unsigned long index; /* of the item last taken */
	bool begun;
};

/* 1: an item, without the spaces around it; 0: the end; -1: this is no list of JSON values. What an
 * item is made of is not checked. */
int mass_items_next(struct mass_items *it, const char **item, size_t *len);

#endif
