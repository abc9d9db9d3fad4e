/* Records on disk: nothing is lost, whatever the disk or a kill does, except by the rule. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sip/spool.h"
#include "tests/core/suite.h"

static char dir[64];
static int64_t now_ms = 1000;

static void setup(void)
{
	strcpy(dir, "/tmp/trunkguard-spool-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

/* How many segment files there are; removes them on demand. */
static unsigned segments(bool remove_them)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;
	char path[400];

	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "cdr.", 4))
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (remove_them)
			unlink(path);
	}
	closedir(d);
	return n;
}

static void clean(void)
{
	segments(true);
	rmdir(dir);
}

static struct spool *open_spool(size_t memory_max)
{
	struct spool *s;

	ck_assert_int_eq(spool_open(&s, dir, memory_max), 0);
	return s;
}

static void put(struct spool *s, int n)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "record %d", n);

	ck_assert_int_eq(spool_put(s, text, (size_t)len), 0);
}

static int number_of(const struct spool_slice *r)
{
	char text[64];
	int n;

	ck_assert_uint_lt(r->len, sizeof(text));
	memcpy(text, r->p, r->len);
	text[r->len] = '\0';
	ck_assert_int_eq(sscanf(text, "record %d", &n), 1);
	return n;
}

static uint64_t waiting(struct spool *s)
{
	struct spool_stats stats;

	spool_stat(s, &stats);
	return stats.waiting;
}

static uint64_t lost(struct spool *s)
{
	struct spool_stats stats;

	spool_stat(s, &stats);
	return stats.lost;
}

/* Consumes all; they must be the numbers from first on. Returns the number behind the last. */
static int drain(struct spool *s, int first, size_t max)
{
	struct spool_batch b;

	for (;;) {
		ck_assert_int_eq(spool_peek(s, max, 1000, &b), 0);
		if (!b.count)
			return first;
		for (size_t i = 0; i < b.count; i++)
			ck_assert_int_eq(number_of(&b.record[i]), first++);
		spool_consume(s, &b);
	}
}

START_TEST(in_and_out)
{
	struct spool *s = open_spool(1 << 20);
	struct spool_batch b;

	ck_assert_int_eq(spool_peek(s, 10, 1000, &b), 0);
	ck_assert_uint_eq(b.count, 0);
	for (int i = 0; i < 1000; i++)
		put(s, i);
	/* Not before it is on disk. */
	ck_assert_int_eq(spool_peek(s, 10, 1000, &b), 0);
	ck_assert_uint_eq(b.count, 0);
	ck_assert_int_eq(spool_sync(s, now_ms), 0);
	ck_assert_uint_eq(waiting(s), 1000);
	/* Given back, they come again. */
	ck_assert_int_eq(spool_peek(s, 10, 1000, &b), 0);
	ck_assert_uint_eq(b.count, 10);
	spool_give_back(s, &b);
	ck_assert_int_eq(drain(s, 0, 7), 1000);
	ck_assert_uint_eq(waiting(s), 0);
	put(s, 1000);
	ck_assert_int_eq(spool_sync(s, now_ms), 0);
	ck_assert_int_eq(drain(s, 1000, 7), 1001);
	ck_assert_uint_eq(lost(s), 0);
	spool_close(s);
	clean();
}
END_TEST

START_TEST(over_restarts)
{
	for (int run = 0; run < 5; run++) {
		struct spool *s = open_spool(1 << 20);

		ck_assert_uint_eq(waiting(s), (uint64_t)run * 100);
		for (int i = 0; i < 100; i++)
			put(s, run * 100 + i);
		/* The last run's are synced by the closing. */
		if (run % 2)
			ck_assert_int_eq(spool_sync(s, now_ms), 0);
		spool_close(s);
	}
	struct spool *s = open_spool(1 << 20);

	ck_assert_int_eq(drain(s, 0, 64), 500);
	spool_close(s);
	/* What was consumed does not come back, at most what the last segment holds. */
	s = open_spool(1 << 20);
	ck_assert_uint_eq(waiting(s), 0);
	spool_close(s);
	clean();
}
END_TEST

START_TEST(what_was_flushed_outlives_a_kill)
{
	struct spool_batch b;
	struct spool *s;
	pid_t child = fork();
	int status;

	if (child == 0) {
		s = open_spool(1 << 20);
		for (int i = 0; i < 10; i++)
			put(s, i);
		if (spool_flush(s, now_ms))
			_exit(1);
		/* The uploader is given only what is synced. */
		if (spool_peek(s, 10, 1000, &b) || b.count)
			_exit(2);
		for (int i = 10; i < 20; i++)
			put(s, i);
		if (spool_flush(s, now_ms) || spool_flush(s, now_ms))
			_exit(3);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	s = open_spool(1 << 20);
	ck_assert_int_eq(drain(s, 0, 7), 20);
	spool_close(s);
	clean();
}
END_TEST

/* Puts, flushes, syncs and consuming in any order: each record comes once, in order. */
START_TEST(flushes_and_syncs_in_any_order)
{
	struct spool *s = open_spool(1 << 20);
	int next = 0, drained = 0;
	unsigned seed = 1;

	for (int i = 0; i < 5000; i++) {
		seed = seed * 1103515245u + 12345u;
		switch (seed >> 16 & 7) {
		case 0:
			ck_assert_int_eq(spool_sync(s, now_ms), 0);
			break;
		case 1:
		case 2:
			ck_assert_int_eq(spool_flush(s, now_ms), 0);
			break;
		case 3:
			drained = drain(s, drained, 5);
			break;
		default:
			put(s, next++);
			break;
		}
	}
	ck_assert_int_eq(spool_sync(s, now_ms), 0);
	ck_assert_uint_eq(waiting(s), (unsigned)(next - drained));
	ck_assert_int_eq(drain(s, drained, 100), next);
	ck_assert_uint_eq(lost(s), 0);
	spool_close(s);
	clean();
}
END_TEST

START_TEST(many_segments)
{
	struct spool *s = open_spool(64 << 20);
	char *big = malloc(1 << 20);
	struct spool_batch b;
	unsigned got = 0;

	memset(big, 'x', 1 << 20);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(spool_put(s, big, 1 << 20), 0);
		ck_assert_int_eq(spool_sync(s, now_ms), 0);
	}
	ck_assert_uint_ge(segments(false), 3);
	for (;;) {
		ck_assert_int_eq(spool_peek(s, 100, 1000, &b), 0);
		if (!b.count)
			break;
		got += (unsigned)b.count;
		spool_consume(s, &b);
	}
	ck_assert_uint_eq(got, 40);
	ck_assert_uint_eq(segments(false), 1);
	ck_assert_int_eq(spool_put(s, big, (1 << 20) + 1), EMSGSIZE);
	ck_assert_int_eq(spool_put(s, big, 0), EMSGSIZE);
	ck_assert_uint_eq(lost(s), 2);
	spool_close(s);
	free(big);
	clean();
}
END_TEST

/* A file size limit stands in for a full disk. */
static void limit_files(rlim_t octets)
{
	struct rlimit limit = {octets, 1 << 30};

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(full_disk_is_bridged_in_memory)
{
	struct spool *s = open_spool(100000);

	put(s, 0);
	ck_assert_int_eq(spool_sync(s, now_ms), 0);
	limit_files(1);
	for (int i = 1; i < 100; i++) {
		put(s, i);
		ck_assert_int_eq(spool_sync(s, now_ms += 100), EFBIG);
	}
	ck_assert_uint_eq(waiting(s), 100);
	/* PostgreSQL takes them from memory meanwhile. */
	ck_assert_int_eq(drain(s, 0, 16), 100);
	ck_assert_uint_eq(waiting(s), 0);
	for (int i = 100; i < 200; i++)
		put(s, i);
	ck_assert_int_eq(spool_sync(s, now_ms += 2000), EFBIG);
	/* There is room again: on disk at the next try, which is a second later. */
	limit_files(1 << 30);
	ck_assert_int_eq(spool_sync(s, now_ms += 10), EFBIG);
	ck_assert_int_eq(spool_sync(s, now_ms += 2000), 0);
	spool_close(s);
	s = open_spool(100000);
	ck_assert_uint_ge(waiting(s), 100);
	ck_assert_uint_eq(lost(s), 0);
	ck_assert_uint_le(segments(false), 2);
	spool_close(s);
	clean();
}
END_TEST

START_TEST(full_memory_loses_the_oldest_and_counts)
{
	struct spool *s = open_spool(1000);
	struct spool_batch b;
	uint64_t gone;

	limit_files(1);
	for (int i = 0; i < 1000; i++) {
		put(s, i);
		ck_assert_int_eq(spool_sync(s, now_ms), EFBIG);
	}
	gone = lost(s);
	ck_assert_uint_gt(gone, 800);
	ck_assert_uint_eq(waiting(s) + gone, 1000);
	/* The uploader's are safe from that while it holds them. */
	ck_assert_int_eq(spool_peek(s, 5, 1000, &b), 0);
	for (int i = 1000; i < 1200; i++)
		put(s, i);
	for (size_t i = 0; i < b.count; i++)
		ck_assert_int_eq(number_of(&b.record[i]), (int)gone + (int)i);
	spool_consume(s, &b);
	limit_files(1 << 30);
	spool_close(s);
	clean();
}
END_TEST

START_TEST(damage_ends_a_segment)
{
	struct spool *s = open_spool(1 << 20);
	char path[128];
	struct stat st;
	FILE *f;

	for (int i = 0; i < 10; i++)
		put(s, i);
	ck_assert_int_eq(spool_sync(s, now_ms), 0);
	spool_close(s);
	snprintf(path, sizeof(path), "%s/cdr.00000001", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	/* A torn tail, as after a crash of the machine. */
	ck_assert_int_eq(truncate(path, st.st_size - 2), 0);
	s = open_spool(1 << 20);
	ck_assert_uint_eq(waiting(s), 9);
	put(s, 9);
	ck_assert_int_eq(spool_sync(s, now_ms), 0);
	ck_assert_int_eq(drain(s, 0, 4), 10);
	spool_close(s);
	segments(true);
	/* A flipped bit. */
	s = open_spool(1 << 20);
	for (int i = 0; i < 10; i++)
		put(s, i);
	ck_assert_int_eq(spool_sync(s, now_ms), 0);
	spool_close(s);
	f = fopen(path, "r+b");
	fseek(f, 3 * (8 + 8) + 10, SEEK_SET);
	fputc('#', f);
	fclose(f);
	s = open_spool(1 << 20);
	ck_assert_uint_eq(waiting(s), 3);
	ck_assert_int_eq(drain(s, 0, 4), 3);
	spool_close(s);
	clean();
}
END_TEST

START_TEST(no_directory)
{
	struct spool *s;

	ck_assert_int_eq(spool_open(&s, "/nonexistent/spool", 1000), ENOENT);
	clean();
}
END_TEST

/* kill -9 at any moment: whatever a sync said is on disk comes back, once each and in order. */
START_TEST(killed_while_writing)
{
	int next = 0;

	for (int round = 0; round < 20; round++) {
		int say[2], synced = next, n;
		struct spool *s;
		pid_t child;

		ck_assert_int_eq(pipe(say), 0);
		child = fork();
		if (child == 0) {
			s = open_spool(1 << 20);
			for (int i = next;;) {
				for (int k = 0; k < 10; k++)
					put(s, i++);
				if (spool_sync(s, now_ms) || write(say[1], &i, sizeof(i)) < 0)
					_exit(1);
			}
		}
		close(say[1]);
		ck_assert_int_eq(read(say[0], &synced, sizeof(synced)), sizeof(synced));
		usleep(1000 * (useconds_t)round);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (read(say[0], &n, sizeof(n)) == sizeof(n))
			synced = n;
		close(say[0]);
		s = open_spool(1 << 20);
		next = drain(s, next, 100);
		ck_assert_int_ge(next, synced);
		spool_close(s);
	}
	clean();
}
END_TEST

int main(void)
{
	return SUITE_RUN("spool", setup, in_and_out, over_restarts,
		what_was_flushed_outlives_a_kill, flushes_and_syncs_in_any_order, many_segments,
		full_disk_is_bridged_in_memory, full_memory_loses_the_oldest_and_counts,
		damage_ends_a_segment, no_directory, killed_while_writing);
}
