/*
 * A key/value journal on disk: what must survive a kill at any moment (bindings, dialogs, slots).
 *
 * The file is a magic and then records, each length, CRC32C, operation, kind, key and value. It is
 * only ever appended to. Reading stops at the first record whose CRC is wrong, for after it nothing
 * can be trusted; the rest is cut off. When dead bytes exceed live ones the live set is written to
 * a new file, synced, renamed over the old one, and the directory synced.
 *
 * The live set is also held in memory, so a full or broken disk loses nothing while the process
 * lives: journal_sync() says the error and a later call tries again. After a failed fsync(2) the
 * old file's pages cannot be trusted, so the retry writes a new file.
 *
 * Values of one kind, of which there are many, rest in the file: they are in memory only until they are
 * synced. When the file is written anew they are read again and checked. One that cannot be read is
 * forgotten and counted as lost: whoever put it has it, and puts it again.
 *
 * Threads: no locks inside. One thread (the recorder's) makes all calls, as they wait for the
 * disk; never the SIP thread.
 */
#ifndef SIP_JOURNAL_H
#define SIP_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

enum { JOURNAL_KEY_MAX = 1024, JOURNAL_VALUE_MAX = 65536 };

struct journal;

/* One live record. The slices end with the call. */
typedef void journal_load_h(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg);

struct journal_stats {
	size_t records; /* live */
	uint64_t live_bytes, file_bytes;
	uint64_t cut_bytes; /* of a torn or damaged tail at the opening */
	uint64_t failures; /* of writes and syncs, since the opening */
	uint64_t lost; /* values that rested and could not be read again, since the opening */
	int error; /* 0: all that was put is on disk as of the last sync */
};

/*
 * Opens or creates the file (mode 0600) and locks it against other processes. A foreign or damaged
 * magic puts the file aside as PATH.damaged and starts a new one. EBUSY: another process has it.
 * Other errors are those of open(2) and read(2). resting: the kind whose values rest in the file, 0: none.
 */
int journal_open(struct journal **j, const char *path, uint8_t resting);

/* Syncs what is left and closes; NULL is fine. */
void journal_close(struct journal *j);

/* The live set, in no order. The handler must not call back into the journal. */
void journal_each(struct journal *j, journal_load_h *h, void *arg);

/* Sets or replaces; on disk after the next good sync. EINVAL too long or an empty key, ENOMEM. */
int journal_put(struct journal *j, uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len);

/* Deleting what is not there is fine. */
int journal_delete(struct journal *j, uint8_t kind, const void *key, size_t key_len);

/*
 * Writes what was put to the file without waiting for the disk: from then on the kernel has it, and a kill
 * of the process takes nothing away. A power cut may, until the next journal_sync().
 */
int journal_flush(struct journal *j, int64_t now_ms);

/*
 * Writes and fsyncs all that was put since the last good sync: one call covers many puts (group
 * commit). After an error it tries again at most once a second of now_ms (monotonic) and gives
 * the last error in between. Compacts when due.
 */
int journal_sync(struct journal *j, int64_t now_ms);

void journal_stat(const struct journal *j, struct journal_stats *stats);

#endif
