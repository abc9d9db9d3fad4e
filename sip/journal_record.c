#include "sip/journal_record.h"

#include <errno.h>
#include <string.h>

#include "core/crc32c.h"
#include "sip/journal.h"

/* Little-endian: length(4) of what follows the CRC, crc(4), op(1), kind(1), key length(2). */
enum { AT_LENGTH = 0, AT_CRC = 4, AT_OP = 8, AT_KIND = 9, AT_KEY_LEN = 10 };

static void put32(uint8_t *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> 8 * i);
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t record_crc(uint32_t chain, const uint8_t *p, size_t size)
{
	return crc32c(crc32c(chain, p + AT_LENGTH, 4), p + AT_OP, size - AT_OP);
}

void journal_record_write(const struct journal_record *r, uint32_t *chain, uint8_t *out)
{
	size_t size = journal_record_size(r->key_len, r->value_len);

	put32(out + AT_LENGTH, (uint32_t)(size - AT_OP));
	out[AT_OP] = (uint8_t)r->op;
	out[AT_KIND] = r->kind;
	out[AT_KEY_LEN] = (uint8_t)r->key_len;
	out[AT_KEY_LEN + 1] = (uint8_t)(r->key_len >> 8);
	memcpy(out + JOURNAL_RECORD_HEAD, r->key, r->key_len);
	if (r->value_len)
		memcpy(out + JOURNAL_RECORD_HEAD + r->key_len, r->value, r->value_len);
	*chain = record_crc(*chain, out, size);
	put32(out + AT_CRC, *chain);
}

size_t journal_record_parse(struct journal_record *r, const uint8_t *p)
{
	size_t size = get32(p + AT_LENGTH) + AT_OP;

	r->op = p[AT_OP];
	r->kind = p[AT_KIND];
	r->key_len = p[AT_KEY_LEN] | (size_t)p[AT_KEY_LEN + 1] << 8;
	r->key = p + JOURNAL_RECORD_HEAD;
	r->value = r->key + r->key_len;
	r->value_len = size - JOURNAL_RECORD_HEAD - r->key_len;
	return size;
}

int journal_record_read(
	struct journal_record *r, uint32_t *chain, const uint8_t *p, size_t len, size_t *size)
{
	uint32_t length, crc;

	*size = JOURNAL_RECORD_HEAD;
	if (len < JOURNAL_RECORD_HEAD)
		return EAGAIN;
	length = get32(p + AT_LENGTH);
	if (length < JOURNAL_RECORD_HEAD - AT_OP ||
		length > journal_record_size(JOURNAL_KEY_MAX, JOURNAL_VALUE_MAX) - AT_OP)
		return EBADMSG;
	*size = length + AT_OP;
	if (len < *size)
		return EAGAIN;
	crc = record_crc(*chain, p, *size);
	if (get32(p + AT_CRC) != crc)
		return EBADMSG;

	(void)journal_record_parse(r, p);
	if ((r->op != JOURNAL_PUT && r->op != JOURNAL_DELETE) || !r->key_len ||
		r->key_len > JOURNAL_KEY_MAX || r->key_len > *size - JOURNAL_RECORD_HEAD)
		return EBADMSG;
	if (r->value_len > JOURNAL_VALUE_MAX)
		return EBADMSG;
	*chain = crc;
	return 0;
}
