/* Revision tokens, "<epoch>-<xid>": which write, of which life of the database. Opaque to clients. The
 * epoch changes when the database was replaced (a failover, a restored backup); within one,
 * the transaction id grows, but says nothing about the order of commits: whether a worker has applied
 * a revision is for the database to answer. */
#ifndef TRUNKGUARD_CORE_REVISION_H
#define TRUNKGUARD_CORE_REVISION_H

#include <stddef.h>
#include <stdint.h>

struct revision {
	uint64_t epoch, xid;
};

enum { REVISION_TEXT_SIZE = 42 }; /* twice 20 digits, the hyphen, a NUL */

/* Decimal without leading zeros, as revision_format() writes it: one revision has one text.
 * EINVAL. */
int revision_parse(const char *text, size_t len, struct revision *r);
void revision_format(const struct revision *r, char out[REVISION_TEXT_SIZE]);

#endif
