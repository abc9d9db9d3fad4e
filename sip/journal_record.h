/*
 * One record of a journal file: length, CRC32C of all else, operation, kind, key, value. Each CRC
 * goes on from that of the record before, so that a record which is whole but stands in the wrong
 * place (a block lost or written twice) is as wrong as a damaged one.
 */
#ifndef SIP_JOURNAL_RECORD_H
#define SIP_JOURNAL_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum journal_op { JOURNAL_PUT = 1, JOURNAL_DELETE = 2 };

enum { JOURNAL_RECORD_HEAD = 12 };

struct journal_record {
	enum journal_op op;
	uint8_t kind;
	const uint8_t *key;
	size_t key_len;
	const uint8_t *value;
	size_t value_len;
};

static inline size_t journal_record_size(size_t key_len, size_t value_len)
{
	return JOURNAL_RECORD_HEAD + key_len + value_len;
}

/* out holds journal_record_size() octets; *chain is the CRC before and becomes the one after. */
void journal_record_write(const struct journal_record *r, uint32_t *chain, uint8_t *out);

/* The record at p, which journal_record_write() made; slices point into p. Its size. */
size_t journal_record_parse(struct journal_record *r, const uint8_t *p);

/* The record at p and its size; slices point into p. EBADMSG: damaged. EAGAIN: what is there may
 * be the beginning of a record of *size octets. */
int journal_record_read(
	struct journal_record *r, uint32_t *chain, const uint8_t *p, size_t len, size_t *size);

#endif
