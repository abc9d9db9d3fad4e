/* The journal file: what comes back after reopening, cutting, flipping bits, a full and a broken
 * disk, and compaction. tests/sip/test_journal_kill.c kills it. */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/log.h"
#include "tests/core/suite.h"
#include "tests/sip/journal_dir.h"

enum { TEXT = 4096 };

static struct journal *j;
static uint8_t resting; /* the kind whose values are in the file only, or 0 */

/* The disk under test: these stand in front of the C library's. */
static int sync_error; /* of fdatasync(), which the journal's appends end in */
static size_t room; /* octets until the disk is full */

ssize_t pwrite(int fd, const void *p, size_t len, off_t at)
{
	if (len && !room) {
		errno = ENOSPC;
		return -1;
	}
	len = len < room ? len : room;
	room -= len;
	return syscall(SYS_pwrite64, fd, p, len, at);
}

int fdatasync(int fd)
{
	if (sync_error) {
		errno = sync_error;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static void setup(void)
{
	log_init("test", LOG_LEVEL_COUNT);
	dir_make();
	sync_error = 0;
	room = SIZE_MAX;
	resting = 0;
	j = NULL;
}

static void teardown(void)
{
	journal_close(j);
	dir_remove();
}

static void open_it(void)
{
	ck_assert_int_eq(journal_open(&j, path, resting), 0);
}

static void close_it(void)
{
	journal_close(j);
	j = NULL;
}

static void put(uint8_t kind, const char *key, const char *value)
{
	ck_assert_int_eq(journal_put(j, kind, key, strlen(key), value, strlen(value)), 0);
}

static void del(uint8_t kind, const char *key)
{
	ck_assert_int_eq(journal_delete(j, kind, key, strlen(key)), 0);
}

static void assert_live(const char *expected)
{
	char text[TEXT];

	dump(j, text, sizeof(text));
	ck_assert_str_eq(text, expected);
}

START_TEST(what_was_put_comes_back)
{
	struct journal_stats st;

	open_it();
	put(1, "a", "one");
	put(1, "b", "two");
	put(2, "a", "other kind");
	put(1, "b", "2");
	put(1, "c", "");
	put(1, "gone", "x");
	del(1, "gone");
	del(1, "never there");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	close_it();

	open_it();
	assert_live("1/a=one#3;1/b=2#1;1/c=#0;2/a=other ki#10;");
	journal_stat(j, &st);
	ck_assert_uint_eq(st.records, 4);
	ck_assert_uint_eq(st.cut_bytes, 0);
	ck_assert_uint_eq(st.file_bytes, file_size(path));
	ck_assert_uint_lt(st.live_bytes, st.file_bytes);
}
END_TEST

START_TEST(closing_syncs)
{
	open_it();
	put(1, "a", "one");
	close_it();
	open_it();
	assert_live("1/a=one#3;");
}
END_TEST

/* A kill of the process, not of the machine: what the kernel has stays. */
START_TEST(what_was_flushed_outlives_a_kill)
{
	struct journal_stats st;
	pid_t child = fork();
	int status;

	if (child == 0) {
		open_it();
		sync_error = EIO; /* nothing is ever synced */
		put(1, "a", "one");
		put(1, "b", "two");
		if (journal_flush(j, 0))
			_exit(1);
		del(1, "a");
		put(1, "c", "three");
		if (journal_flush(j, 1) || journal_flush(j, 2))
			_exit(2);
		put(1, "d", "never");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	open_it();
	assert_live("1/b=two#3;1/c=three#5;");
	journal_stat(j, &st);
	ck_assert_uint_eq(st.cut_bytes, 0);
	/* Flushes and syncs mix. */
	put(1, "d", "four");
	ck_assert_int_eq(journal_flush(j, 3), 0);
	put(1, "e", "five");
	ck_assert_int_eq(journal_sync(j, 4), 0);
	close_it();
	open_it();
	assert_live("1/b=two#3;1/c=three#5;1/d=four#4;1/e=five#4;");
}
END_TEST

START_TEST(a_flush_that_fails_is_made_good_by_a_sync)
{
	open_it();
	put(1, "a", "one");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	room = 3;
	put(1, "b", "two");
	ck_assert_int_eq(journal_flush(j, 10), ENOSPC);
	ck_assert_int_eq(journal_flush(j, 20), ENOSPC);
	room = SIZE_MAX;
	ck_assert_int_eq(journal_sync(j, 2000), 0);
	close_it();
	open_it();
	assert_live("1/a=one#3;1/b=two#3;");
}
END_TEST

START_TEST(the_file_is_ours_alone)
{
	struct journal *other;
	struct stat st;

	open_it();
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(journal_open(&other, path, 0), EBUSY);
	close_it();
	open_it();
	ck_assert_int_eq(journal_open(&other, "/nonexistent/journal", 0), ENOENT);
}
END_TEST

START_TEST(too_long_is_refused_and_changes_nothing)
{
	static char big[JOURNAL_VALUE_MAX + 1];

	open_it();
	ck_assert_int_eq(journal_put(j, 1, "", 0, "x", 1), EINVAL);
	ck_assert_int_eq(journal_put(j, 1, big, JOURNAL_KEY_MAX + 1, "x", 1), EINVAL);
	ck_assert_int_eq(journal_put(j, 1, "a", 1, big, sizeof(big)), EINVAL);
	ck_assert_int_eq(journal_delete(j, 1, "", 0), EINVAL);
	assert_live("");
	memset(big, 'v', sizeof(big));
	ck_assert_int_eq(journal_put(j, 1, big, JOURNAL_KEY_MAX, big, JOURNAL_VALUE_MAX), 0);
	close_it();
	open_it();
	ck_assert_int_eq(journal_delete(j, 1, big, JOURNAL_KEY_MAX), 0);
	assert_live("");
}
END_TEST

/* A file of some records, and what is live after each. */
enum { STEPS = 24, FILE_MAX = 4096 };
static uint8_t file[FILE_MAX];
static size_t file_len;
static size_t step_end[STEPS + 1]; /* of the file after step n */
static char step_live[STEPS + 1][TEXT];

static void steps_write(void)
{
	open_it();
	for (int i = 0; i <= STEPS; i++) {
		char key[8], value[32];

		snprintf(key, sizeof(key), "k%d", i * 7 % 5);
		snprintf(value, sizeof(value), "value %d%.*s", i, i % 9, "--------");
		if (i && i % 4 == 0)
			del(1, key);
		else if (i)
			put(1, key, value);
		ck_assert_int_eq(journal_sync(j, 0), 0);
		step_end[i] = file_size(path);
		dump(j, step_live[i], TEXT);
	}
	close_it();
	file_len = file_read(file, FILE_MAX);
	ck_assert_uint_eq(file_len, step_end[STEPS]);
}

/* The number of steps whose records lie before this offset. */
static int steps_before(size_t at)
{
	int n = 0;

	while (n < STEPS && step_end[n + 1] <= at)
		n++;
	return n;
}

START_TEST(every_truncation_gives_what_was_whole)
{
	steps_write();
	for (size_t len = 0; len <= file_len; len++) {
		int n = steps_before(len);
		struct journal_stats st;

		file_write(file, len);
		open_it();
		assert_live(step_live[n]);
		journal_stat(j, &st);
		ck_assert_uint_eq(st.cut_bytes, len > step_end[n] ? len - step_end[n] : 0);
		put(1, "k9", "after");
		del(1, "k9");
		put(1, "k0", "new");
		del(1, "k0");
		close_it();
		open_it();
		journal_stat(j, &st);
		ck_assert_uint_eq(st.cut_bytes, 0);
		close_it();
	}
}
END_TEST

START_TEST(every_flipped_bit_gives_what_was_before_it)
{
	enum { MAGIC_LEN = 8 };
	char aside[128];

	steps_write();
	snprintf(aside, sizeof(aside), "%s.damaged", path);
	for (size_t bit = 0; bit < 8 * file_len; bit++) {
		int n = bit / 8 < MAGIC_LEN ? 0 : steps_before(bit / 8);

		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		file_write(file, file_len);
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		open_it();
		assert_live(step_live[n]);
		close_it();
		ck_assert_int_eq(access(aside, F_OK), bit / 8 < MAGIC_LEN ? 0 : -1);
		(void)unlink(aside);
	}
}
END_TEST

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

START_TEST(random_corruption_never_invents_a_state)
{
	static uint8_t bad[2 * FILE_MAX];

	steps_write();
	for (seed = 1; seed != 0;) {
		static int round;
		char text[TEXT];
		size_t len = file_len;
		int known = 0;

		if (round++ == 1000)
			break;
		memcpy(bad, file, len);
		for (uint32_t i = rnd(4) + 1; i; i--) {
			size_t at = rnd((uint32_t)len), from = rnd((uint32_t)len), n = rnd(64);

			switch (rnd(4)) {
			case 0: /* rubbish */
				bad[at] = (uint8_t)rnd(256);
				break;
			case 1: /* a block that never reached the disk */
				memset(bad + at, 0, len - at < n ? len - at : n);
				break;
			case 2: /* octets of another place */
				memmove(bad + at, bad + from, n);
				len = at + n > len ? at + n : len;
				break;
			default: /* something cut out */
				n = len - at < n ? len - at : n;
				memmove(bad + at, bad + at + n, len - at - n);
				len -= n;
			}
			if (!len)
				break;
		}
		file_write(bad, len);
		open_it();
		dump(j, text, sizeof(text));
		for (int i = 0; i <= STEPS && !known; i++)
			known = !strcmp(text, step_live[i]);
		ck_assert_msg(known, "round %d: %s", round, text);
		close_it();
	}
}
END_TEST

START_TEST(a_full_disk_is_survived)
{
	static char big[1000];
	struct journal_stats st;

	memset(big, 'v', sizeof(big) - 1);
	open_it();
	put(1, "a", "before");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	room = 500; /* half of the next record fits */
	put(1, "b", big);
	ck_assert_int_eq(journal_sync(j, 1000), ENOSPC);
	put(1, "c", "meanwhile");
	ck_assert_int_eq(journal_sync(j, 1999), ENOSPC); /* not tried again yet */
	assert_live("1/a=before#6;1/b=vvvvvvvv#999;1/c=meanwhil#9;");
	journal_stat(j, &st);
	ck_assert_int_eq(st.error, ENOSPC);
	ck_assert_uint_eq(st.failures, 1);
	ck_assert_uint_eq(file_size(path), st.file_bytes); /* nothing torn is left behind */

	room = SIZE_MAX;
	ck_assert_int_eq(journal_sync(j, 2000), 0);
	close_it();
	open_it();
	assert_live("1/a=before#6;1/b=vvvvvvvv#999;1/c=meanwhil#9;");
}
END_TEST

START_TEST(more_than_is_kept_waiting_is_written_anew)
{
	static char big[JOURNAL_VALUE_MAX];
	char key[16];
	int i;

	open_it();
	room = 500;
	for (i = 0; i < 600; i++) { /* 38 MB, most of it replaced again */
		snprintf(key, sizeof(key), "k%d", i % 3);
		ck_assert_int_eq(journal_put(j, 1, key, strlen(key), big, sizeof(big)), 0);
	}
	ck_assert_int_eq(journal_sync(j, 0), ENOSPC);
	room = SIZE_MAX;
	ck_assert_int_eq(journal_sync(j, 5000), 0);
	ck_assert_uint_lt(file_size(path), 4 * sizeof(big));
	close_it();
	open_it();
	assert_live("1/k0=#65536;1/k1=#65536;1/k2=#65536;");
}
END_TEST

START_TEST(after_a_failed_sync_a_new_file_is_written)
{
	struct stat before, after;
	struct journal *other;

	open_it();
	put(1, "a", "one");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	ck_assert_int_eq(stat(path, &before), 0);
	sync_error = EIO;
	put(1, "b", "two");
	ck_assert_int_eq(journal_sync(j, 0), EIO);
	ck_assert_int_eq(journal_sync(j, 10), EIO);
	put(1, "c", "three");
	sync_error = 0;
	ck_assert_int_eq(journal_sync(j, 5000), 0);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_ne(before.st_ino, after.st_ino);
	ck_assert_int_eq(journal_open(&other, path, 0), EBUSY);
	put(1, "d", "four");
	close_it();
	open_it();
	assert_live("1/a=one#3;1/b=two#3;1/c=three#5;1/d=four#4;");
}
END_TEST

START_TEST(dead_bytes_are_compacted_away)
{
	static char big[JOURNAL_VALUE_MAX];
	struct journal_stats st;

	open_it();
	put(2, "small", "kept");
	for (int i = 0; i < 200; i++) {
		memset(big, '0' + i % 10, sizeof(big));
		ck_assert_int_eq(journal_put(j, 1, "big", 3, big, sizeof(big)), 0);
		ck_assert_int_eq(journal_sync(j, 0), 0);
		ck_assert_uint_lt(file_size(path), 20 * sizeof(big));
	}
	assert_live("1/big=99999999#65536;2/small=kept#4;");
	close_it();
	open_it();
	assert_live("1/big=99999999#65536;2/small=kept#4;");
	journal_stat(j, &st);
	ck_assert_uint_eq(st.failures, 0);
}
END_TEST

START_TEST(no_room_to_compact_is_no_failure)
{
	static char big[JOURNAL_VALUE_MAX];
	char blocker[128];

	open_it();
	snprintf(blocker, sizeof(blocker), "%s.new", path);
	ck_assert_int_eq(mkdir(blocker, 0700), 0); /* the new file cannot be made */
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(journal_put(j, 1, "big", 3, big, sizeof(big)), 0);
		ck_assert_int_eq(journal_sync(j, 0), 0);
	}
	ck_assert_uint_gt(file_size(path), 30 * sizeof(big));
	ck_assert_int_eq(rmdir(blocker), 0);
	put(1, "next", "1");
	ck_assert_int_eq(journal_sync(j, 61000), 0);
	ck_assert_uint_lt(file_size(path), 3 * sizeof(big));
}
END_TEST

START_TEST(an_unfinished_compaction_is_overwritten)
{
	static char big[JOURNAL_VALUE_MAX];
	char left_over[128];
	int fd;

	snprintf(left_over, sizeof(left_over), "%s.new", path);
	fd = open(left_over, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, "TGJRNL1\nrubbish", 15), 15);
	close(fd);
	open_it();
	assert_live("");
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(journal_put(j, 1, "big", 3, big, sizeof(big)), 0);
		ck_assert_int_eq(journal_sync(j, 0), 0);
	}
	close_it();
	open_it();
	assert_live("1/big=#65536;");
	ck_assert_int_eq(access(left_over, F_OK), -1);
}
END_TEST

/* Another program's hand in the file, or a disk that forgets. */
static void spoil(size_t at)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_eq((int)syscall(SYS_pwrite64, fd, "#", 1, at), 1);
	close(fd);
}

START_TEST(what_rests_and_cannot_be_read_again_is_lost_alone)
{
	size_t at;
	struct journal_stats st;

	open_it();
	put(1, "a", "one");
	put(2, "k", "in memory");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	at = file_size(path) - 3; /* of a value that is in memory as well */
	spoil(at);
	put(1, "b", "two");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	at = file_size(path) - 1;
	put(1, "c", "three");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	spoil(at);
	sync_error = EIO;
	put(1, "d", "four");
	ck_assert_int_eq(journal_sync(j, 0), EIO);
	put(1, "e", "five");
	sync_error = 0;
	ck_assert_int_eq(journal_sync(j, 5000), 0);
	journal_stat(j, &st);
	ck_assert_uint_eq(st.lost, 1);
	assert_live("1/a=one#3;1/c=three#5;1/d=four#4;1/e=five#4;2/k=in memor#9;");
	put(1, "b", "again");
	close_it();
	open_it();
	assert_live("1/a=one#3;1/b=again#5;1/c=three#5;1/d=four#4;1/e=five#4;2/k=in memor#9;");
}
END_TEST

/* The disk takes nothing for long: what rests has no other place than the buffer. */
START_TEST(what_rests_outlives_a_disk_that_takes_nothing)
{
	static char big[JOURNAL_VALUE_MAX];
	char key[16];

	open_it();
	put(1, "old", "synced");
	ck_assert_int_eq(journal_sync(j, 0), 0);
	room = 500;
	for (int i = 0; i < 1500;
		i++) { /* 98 MB, of which the last 400 are live: more than half of the room */
		snprintf(key, sizeof(key), "k%d", i % 400);
		memcpy(big, key, sizeof(key));
		ck_assert_int_eq(journal_put(j, 1, key, strlen(key), big, sizeof(big)), 0);
		ck_assert_int_eq(journal_sync(j, 0), ENOSPC);
	}
	for (int i = 3; i < 400; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		del(1, key);
	}
	assert_live("1/k0=k0#65536;1/k1=k1#65536;1/k2=k2#65536;1/old=synced#6;");
	room = SIZE_MAX;
	ck_assert_int_eq(journal_sync(j, 5000), 0);
	assert_live("1/k0=k0#65536;1/k1=k1#65536;1/k2=k2#65536;1/old=synced#6;");
	close_it();
	open_it();
	assert_live("1/k0=k0#65536;1/k1=k1#65536;1/k2=k2#65536;1/old=synced#6;");
}
END_TEST

static void setup_resting(void)
{
	setup();
	resting = 1;
}

/* Where values are makes a difference only to what writes them anew. */
static int run_in_memory(void)
{
	return SUITE_RUN_BOTH("journal, values in memory", setup, teardown, what_was_put_comes_back,
		a_full_disk_is_survived, more_than_is_kept_waiting_is_written_anew,
		after_a_failed_sync_a_new_file_is_written, dead_bytes_are_compacted_away,
		no_room_to_compact_is_no_failure);
}

int main(void)
{
	int failed = run_in_memory();

	return failed | SUITE_RUN_BOTH("journal", setup_resting, teardown, what_was_put_comes_back,
				closing_syncs, what_was_flushed_outlives_a_kill,
				a_flush_that_fails_is_made_good_by_a_sync, the_file_is_ours_alone,
				too_long_is_refused_and_changes_nothing,
				every_truncation_gives_what_was_whole,
				every_flipped_bit_gives_what_was_before_it,
				random_corruption_never_invents_a_state, a_full_disk_is_survived,
				more_than_is_kept_waiting_is_written_anew,
				after_a_failed_sync_a_new_file_is_written,
				dead_bytes_are_compacted_away, no_room_to_compact_is_no_failure,
				an_unfinished_compaction_is_overwritten,
				what_rests_and_cannot_be_read_again_is_lost_alone,
				what_rests_outlives_a_disk_that_takes_nothing);
}
