#include "sip/snapshot_block.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "core/crc32c.h"
#include "core/mem.h"
#include "sip/file_io.h"

static const char MAGIC[8] = "TGCFG02\n";

int snapshot_magic_write(struct snapshot_cursor *cursor, int fd)
{
	*cursor = (struct snapshot_cursor){.fd = fd, .at = sizeof(MAGIC)};
	return file_write(fd, MAGIC, sizeof(MAGIC), 0);
}

int snapshot_magic_read(struct snapshot_cursor *cursor, int fd)
{
	char magic[sizeof(MAGIC)];
	size_t got;
	int err = file_read(fd, magic, sizeof(magic), 0, &got);

	*cursor = (struct snapshot_cursor){.fd = fd, .at = sizeof(MAGIC)};
	if (err)
		return err;
	return got == sizeof(magic) && !memcmp(magic, MAGIC, sizeof(MAGIC)) ? 0 : EBADMSG;
}

/* Head: length, CRC of the rest of the head and of the payload, number, type. Little-endian. */
static void head_write(uint32_t head[4], uint32_t number, enum snapshot_block_type type,
	const void *payload, size_t len)
{
	head[0] = htole32((uint32_t)len);
	head[2] = htole32(number);
	head[3] = htole32((uint32_t)type);
	head[1] = htole32(crc32c(crc32c(crc32c(0, &head[0], 4), &head[2], 8), payload, len));
}

int snapshot_block_write(struct snapshot_cursor *cursor, enum snapshot_block_type type,
	const void *payload, size_t len)
{
	uint32_t head[4];
	int err;

	head_write(head, cursor->number, type, payload, len);
	err = file_write(cursor->fd, head, sizeof(head), cursor->at);
	if (!err)
		err = file_write(cursor->fd, payload, len, cursor->at + sizeof(head));
	if (err)
		return err;
	cursor->at += sizeof(head) + len;
	cursor->number++;
	return 0;
}

static int payload_reserve(struct snapshot_block *block, size_t len)
{
	char *p;

	if (block->size >= len)
		return 0;
	p = mem_realloc(block->payload, len);
	if (!p)
		return ENOMEM;
	block->payload = p;
	block->size = len;
	return 0;
}

int snapshot_block_read(struct snapshot_cursor *cursor, struct snapshot_block *block)
{
	uint32_t head[4], expected[4];
	size_t got;
	int err = file_read(cursor->fd, head, sizeof(head), cursor->at, &got);

	if (err)
		return err;
	if (got < sizeof(head))
		return got ? EBADMSG : ENODATA;
	block->len = le32toh(head[0]);
	block->type = (enum snapshot_block_type)le32toh(head[3]);
	if (!block->len || block->len > SNAPSHOT_BLOCK_MAX || le32toh(head[2]) != cursor->number)
		return EBADMSG;
	err = payload_reserve(block, block->len);
	if (!err)
		err = file_read(
			cursor->fd, block->payload, block->len, cursor->at + sizeof(head), &got);
	if (err)
		return err;
	if (got < block->len)
		return EBADMSG;
	head_write(expected, cursor->number, block->type, block->payload, block->len);
	if (memcmp(head, expected, sizeof(head)))
		return EBADMSG;
	cursor->at += sizeof(head) + block->len;
	cursor->number++;
	return 0;
}

void snapshot_block_fini(struct snapshot_block *block)
{
	mem_free(block->payload);
	*block = (struct snapshot_block){0};
}
