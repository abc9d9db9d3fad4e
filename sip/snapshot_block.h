/* The blocks of a snapshot file: length, CRC32C, number, type, payload. */
#ifndef TRUNKGUARD_SIP_SNAPSHOT_BLOCK_H
#define TRUNKGUARD_SIP_SNAPSHOT_BLOCK_H

#include <stddef.h>
#include <stdint.h>

enum {
	SNAPSHOT_BLOCK_HEAD = 16,
	SNAPSHOT_BLOCK_MAX = 4 << 20,
};

enum snapshot_block_type {
	SNAPSHOT_RECORDS = 'R', /* lines, each with its newline */
	SNAPSHOT_POSITION = 'P', /* closes what came before */
};

/* Both ways: a place in a file, and the number that the next block has. */
struct snapshot_cursor {
	int fd;
	uint64_t at;
	uint32_t number;
};

/* The magic at the beginning of a file; the cursor then stands at the first block. */
int snapshot_magic_write(struct snapshot_cursor *cursor, int fd);
/* EBADMSG: another kind or version of file. */
int snapshot_magic_read(struct snapshot_cursor *cursor, int fd);

int snapshot_block_write(struct snapshot_cursor *cursor, enum snapshot_block_type type,
	const void *payload, size_t len);

struct snapshot_block {
	enum snapshot_block_type type;
	char *payload; /* owned by the block, good until the next reading */
	size_t len, size;
};

/* ENODATA: the file ends here. EBADMSG: what follows is damaged or cut off. */
int snapshot_block_read(struct snapshot_cursor *cursor, struct snapshot_block *block);
void snapshot_block_fini(struct snapshot_block *block);

#endif
