#include "sip/spool_segment.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crc32c.h"
#include "core/mem.h"
#include "sip/file_io.h"

void spool_segment_name(uint64_t number, char name[SPOOL_NAME_SIZE])
{
	snprintf(name, SPOOL_NAME_SIZE, "cdr.%08" PRIu64, number);
}

int spool_segment_number(const char *name, uint64_t *number)
{
	char *end;

	if (strncmp(name, "cdr.", 4) || name[4] < '0' || name[4] > '9')
		return EINVAL;
	*number = strtoull(name + 4, &end, 10);
	return *end || !*number ? EINVAL : 0;
}

static uint32_t record_crc(uint32_t len_le, const void *data, size_t len)
{
	return crc32c(crc32c(0, &len_le, sizeof(len_le)), data, len);
}

void spool_record_head(char *out, const void *data, size_t len)
{
	uint32_t head[2] = {htole32((uint32_t)len), 0};

	head[1] = htole32(record_crc(head[0], data, len));
	memcpy(out, head, SPOOL_HEAD);
}

ssize_t spool_record_at(const char *p, size_t len, struct spool_slice *record)
{
	uint32_t head[2], size;

	if (len < SPOOL_HEAD)
		return 0;
	memcpy(head, p, SPOOL_HEAD);
	size = le32toh(head[0]);
	if (!size || size > SPOOL_RECORD_MAX)
		return -1;
	if (len < SPOOL_HEAD + size)
		return 0;
	if (record_crc(head[0], p + SPOOL_HEAD, size) != le32toh(head[1]))
		return -1;
	record->p = p + SPOOL_HEAD;
	record->len = size;
	return (ssize_t)(SPOOL_HEAD + size);
}

/* Hands over the records in buf; what follows the last whole one is moved to its front. */
static ssize_t records_take(char *buf, size_t *len, spool_record_h *h, void *arg)
{
	struct spool_slice record;
	size_t at = 0;
	ssize_t n;

	while ((n = spool_record_at(buf + at, *len - at, &record)) > 0) {
		at += (size_t)n;
		h(&record, arg);
	}
	*len -= at;
	memmove(buf, buf + at, *len);
	return n;
}

int spool_segment_each(int fd, spool_record_h *h, void *arg)
{
	size_t size = SPOOL_RECORD_MAX + SPOOL_HEAD, len = 0, got;
	char *buf = mem_alloc(size);
	uint64_t at = 0;
	ssize_t n;
	int err;

	if (!buf)
		return ENOMEM;
	do {
		err = file_read(fd, buf + len, size - len, at, &got);
		at += got;
		len += got;
		n = records_take(buf, &len, h, arg);
	} while (!err && n == 0 && got);
	mem_free(buf);
	return err ? err : len ? EBADMSG : 0;
}
