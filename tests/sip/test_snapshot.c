/* The configuration on disk: what was written comes back, and nothing else ever does. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sip/snapshot.h"
#include "tests/core/suite.h"

static char dir[] = "/tmp/trunkguard-snapshot-XXXXXX";
static char current[80], previous[80], aside[80];

/* What came out of a loading: the lines joined with '\n'. */
struct loaded {
	char *text;
	size_t len;
	int err;
	struct db_position position;
	int64_t confirmed;
	char why[SNAPSHOT_WHY_MAX];
};

static int take_line(const char *line, size_t len, void *arg)
{
	struct loaded *l = arg;

	l->text = realloc(l->text, l->len + len + 2);
	memcpy(l->text + l->len, line, len);
	l->len += len;
	l->text[l->len++] = '\n';
	l->text[l->len] = '\0';
	return 0;
}

static void load_with(struct snapshot *s, struct loaded *l)
{
	memset(l, 0, sizeof(*l));
	l->err = snapshot_load(s, take_line, l, &l->position, &l->confirmed, l->why);
}

static void load(struct loaded *l)
{
	struct snapshot *s;

	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	load_with(s, l);
	snapshot_close(s);
}

static void loaded_fini(struct loaded *l)
{
	free(l->text);
	db_position_fini(&l->position);
}

static struct db_position position_of(const char *revision)
{
	struct db_position p = {.epoch = "0123abcd", .snapshot = (char *)"10:20:11,12"};

	snprintf(p.revision, sizeof(p.revision), "0123abcd-%s", revision);
	return p;
}

static int write_state(struct snapshot *s, bool full, const char *revision, int lines)
{
	struct db_position p = position_of(revision);
	char line[64];

	if (snapshot_begin(s, full))
		return EINVAL;
	for (int i = 0; i < lines; i++) {
		int n = snprintf(line, sizeof(line), "D\t%d\tof revision %s", i, revision);

		snapshot_line(s, line, (size_t)n);
	}
	return snapshot_commit(s, &p, 1700000000000 + atoi(revision));
}

static void assert_holds(struct loaded *l, const char *revision, const char *last_line)
{
	char token[40];

	ck_assert_msg(l->err == 0, "%s (%s)", strerror(l->err), l->why);
	snprintf(token, sizeof(token), "0123abcd-%s", revision);
	ck_assert_str_eq(l->position.revision, token);
	ck_assert_str_eq(l->position.snapshot, "10:20:11,12");
	ck_assert_int_eq(l->confirmed, 1700000000000 + atoi(revision));
	ck_assert_uint_gt(l->len, strlen(last_line));
	ck_assert_int_eq(l->text[l->len - 1], '\n');
	l->text[l->len - 1] = '\0';
	ck_assert_str_eq(l->text + l->len - 1 - strlen(last_line), last_line);
}

static void setup(void)
{
	strcpy(dir, "/tmp/trunkguard-snapshot-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(current, sizeof(current), "%s/config.snapshot", dir);
	snprintf(previous, sizeof(previous), "%s/config.snapshot.1", dir);
	snprintf(aside, sizeof(aside), "%s/config.snapshot.new", dir);
}

static void clean(void)
{
	unlink(current);
	unlink(previous);
	unlink(aside);
	rmdir(dir);
}

START_TEST(nothing_there)
{
	struct loaded l;
	struct snapshot *s;

	load(&l);
	ck_assert_int_eq(l.err, ENOENT);
	ck_assert_str_eq(l.why, "");
	ck_assert_int_eq(snapshot_open(&s, "/nonexistent"), ENOENT);
	clean();
}
END_TEST

START_TEST(full_and_increments)
{
	struct snapshot *s;
	struct loaded l;
	struct stat st;

	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	ck_assert(!snapshot_appendable(s));
	ck_assert_int_eq(snapshot_begin(s, false), EINVAL);
	ck_assert_int_eq(write_state(s, true, "1", 10000), 0);
	ck_assert(snapshot_appendable(s));
	load(&l);
	assert_holds(&l, "1", "D\t9999\tof revision 1");
	loaded_fini(&l);
	ck_assert_int_eq(write_state(s, false, "2", 3), 0);
	ck_assert_int_eq(write_state(s, false, "3", 0), 0);
	load(&l);
	assert_holds(&l, "3", "D\t2\tof revision 2");
	loaded_fini(&l);
	snapshot_close(s);
	ck_assert_int_eq(stat(current, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600); /* it holds HA1 values */

	/* And goes on after a restart. */
	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	load_with(s, &l);
	loaded_fini(&l);
	ck_assert(snapshot_appendable(s));
	ck_assert_int_eq(write_state(s, false, "4", 1), 0);
	snapshot_close(s);
	load(&l);
	assert_holds(&l, "4", "D\t0\tof revision 4");
	loaded_fini(&l);
	clean();
}
END_TEST

START_TEST(an_open_increment_does_not_count)
{
	struct snapshot *s;
	struct loaded l;

	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	ck_assert_int_eq(write_state(s, true, "1", 5), 0);
	ck_assert_int_eq(snapshot_begin(s, false), 0);
	for (int i = 0; i < 100000; i++)
		snapshot_line(s, "D\tnever closed", 14);
	load(&l);
	assert_holds(&l, "1", "D\t4\tof revision 1");
	loaded_fini(&l);
	/* Given up: the generation ends, the next must be a full one. */
	snapshot_abort(s);
	ck_assert(!snapshot_appendable(s));
	ck_assert_int_eq(write_state(s, true, "2", 5), 0);
	load(&l);
	assert_holds(&l, "2", "D\t4\tof revision 2");
	loaded_fini(&l);
	snapshot_close(s);
	clean();
}
END_TEST

START_TEST(an_aborted_generation_leaves_the_old_one)
{
	struct snapshot *s;
	struct loaded l;

	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	ck_assert_int_eq(write_state(s, true, "1", 5), 0);
	ck_assert_int_eq(snapshot_begin(s, true), 0);
	snapshot_line(s, "D\tx", 3);
	snapshot_abort(s);
	ck_assert_int_ne(access(aside, F_OK), 0);
	ck_assert(snapshot_appendable(s));
	ck_assert_int_eq(write_state(s, false, "2", 1), 0);
	load(&l);
	assert_holds(&l, "2", "D\t0\tof revision 2");
	loaded_fini(&l);
	snapshot_close(s);
	clean();
}
END_TEST

START_TEST(bloat)
{
	struct snapshot *s;

	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	ck_assert(!snapshot_bloated(s));
	ck_assert_int_eq(write_state(s, true, "1", 10), 0);
	ck_assert_int_eq(write_state(s, false, "2", 1000), 0);
	ck_assert(!snapshot_bloated(s));
	ck_assert_int_eq(write_state(s, false, "3", 300000), 0);
	ck_assert(snapshot_bloated(s));
	ck_assert_int_eq(write_state(s, true, "4", 10), 0);
	ck_assert(!snapshot_bloated(s));
	snapshot_close(s);
	clean();
}
END_TEST

START_TEST(long_lines)
{
	struct snapshot *s;
	struct loaded l;
	struct db_position p = position_of("1");
	char *line = malloc(5 << 20);

	memset(line, 'x', 5 << 20);
	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	ck_assert_int_eq(snapshot_begin(s, true), 0);
	snapshot_line(s, line, 1 << 20);
	snapshot_line(s, "", 0);
	snapshot_line(s, line, 3);
	ck_assert_int_eq(snapshot_commit(s, &p, 0), 0);
	load(&l);
	ck_assert_int_eq(l.err, 0);
	ck_assert_uint_eq(l.len, (1 << 20) + 1 + 1 + 4);
	loaded_fini(&l);
	/* Longer than any record may be: the writing fails, what is there stays. */
	ck_assert_int_eq(snapshot_begin(s, true), 0);
	snapshot_line(s, line, 5 << 20);
	ck_assert_int_eq(snapshot_commit(s, &p, 0), EINVAL);
	load(&l);
	ck_assert_int_eq(l.err, 0);
	loaded_fini(&l);
	snapshot_close(s);
	free(line);
	clean();
}
END_TEST

/* Damage. Two generations on disk: the one before ends with revision 1, the present one has a full load
 * of revision 2 and increments 3 and 4. Whatever happens to the present one, what comes out must be
 * exactly one of the states that were whole at some time. */

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *data = malloc(1 << 20);

	ck_assert_ptr_nonnull(f);
	*len = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

static void spill(const char *path, const char *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void two_generations(void)
{
	struct snapshot *s;

	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	ck_assert_int_eq(write_state(s, true, "1", 300), 0);
	ck_assert_int_eq(write_state(s, true, "2", 300), 0);
	ck_assert_int_eq(write_state(s, false, "3", 7), 0);
	ck_assert_int_eq(write_state(s, false, "4", 7), 0);
	snapshot_close(s);
}

static void assert_one_whole_state(struct loaded *l, const char *expected[5])
{
	int n;

	ck_assert_msg(l->err == 0, "%s (%s)", strerror(l->err), l->why);
	ck_assert_int_eq(sscanf(l->position.revision, "0123abcd-%d", &n), 1);
	ck_assert_int_ge(n, 1);
	ck_assert_int_le(n, 4);
	ck_assert_str_eq(l->text, expected[n]);
	if (n < 4)
		ck_assert_str_ne(l->why, "");
}

/* The text of each state, by loading it while it was the newest. */
static void learn_states(const char *expected[5])
{
	static const int lines[] = {0, 300, 300, 7, 7};
	struct snapshot *s;

	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	for (int n = 1; n <= 4; n++) {
		struct loaded l;
		char revision[8];

		snprintf(revision, sizeof(revision), "%d", n);
		ck_assert_int_eq(write_state(s, n <= 2, revision, lines[n]), 0);
		load(&l);
		ck_assert_int_eq(l.err, 0);
		expected[n] = l.text;
		db_position_fini(&l.position);
	}
	snapshot_close(s);
}

START_TEST(any_damage)
{
	const char *expected[5];
	size_t len, old_len, fell_back = 0;
	char *good, *old;

	learn_states(expected);
	good = slurp(current, &len);
	old = slurp(previous, &old_len);
	srand(4711);
	for (int round = 0; round < 1000; round++) {
		char *bad = malloc(len + 64);
		size_t bad_len = len, at = (size_t)rand() % len;
		struct loaded l;

		memcpy(bad, good, len);
		switch (round % 5) {
		case 0: /* a flipped bit */
			bad[at] = (char)(bad[at] ^ (1 << (rand() % 8)));
			break;
		case 1: /* cut off */
			bad_len = at;
			break;
		case 2: /* a hole of zeros, as after a crash */
			memset(bad + at, 0, len - at);
			break;
		case 3: /* rubbish behind */
			memset(bad + len, rand(), 64);
			bad_len = len + 64;
			break;
		default: /* octets that went missing */
			memmove(bad + at, bad + at + 1, len - at - 1);
			bad_len = len - 1;
		}
		spill(current, bad, bad_len);
		load(&l);
		assert_one_whole_state(&l, expected);
		fell_back += !strcmp(l.position.revision, "0123abcd-1");
		loaded_fini(&l);
		spill(previous, old, old_len);
		free(bad);
	}
	ck_assert_uint_gt(fell_back, 100);
	free(good);
	free(old);
	for (int n = 1; n <= 4; n++)
		free((void *)(uintptr_t)expected[n]);
	clean();
}
END_TEST

START_TEST(foreign_version)
{
	struct loaded l;
	size_t len;
	char *data;

	two_generations();
	data = slurp(current, &len);
	data[6] = '9';
	spill(current, data, len);
	free(data);
	load(&l);
	assert_holds(&l, "1", "D\t299\tof revision 1");
	ck_assert_ptr_nonnull(strstr(l.why, "unknown"));
	loaded_fini(&l);
	/* Neither is of use: say so. */
	spill(previous, "not ours", 8);
	load(&l);
	ck_assert_int_eq(l.err, EBADMSG);
	ck_assert_ptr_nonnull(strstr(l.why, "config.snapshot.1"));
	loaded_fini(&l);
	/* Empty, as a disk that was full may leave it. */
	spill(current, "", 0);
	unlink(previous);
	load(&l);
	ck_assert_int_eq(l.err, EBADMSG);
	loaded_fini(&l);
	clean();
}
END_TEST

/* A rotten file must not push the good one before it out of its place. */
START_TEST(rotten_one_is_not_kept)
{
	struct snapshot *s;
	struct loaded l;

	two_generations();
	spill(current, "rotten", 6);
	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	load_with(s, &l);
	assert_holds(&l, "1", "D\t299\tof revision 1");
	loaded_fini(&l);
	ck_assert(!snapshot_appendable(s));
	ck_assert_int_eq(write_state(s, true, "5", 2), 0);
	snapshot_close(s);
	load(&l);
	assert_holds(&l, "5", "D\t1\tof revision 5");
	loaded_fini(&l);
	spill(current, "rotten", 6);
	load(&l);
	assert_holds(&l, "1", "D\t299\tof revision 1");
	loaded_fini(&l);
	clean();
}
END_TEST

/* What a last increment lost its end, the next one takes its place. */
START_TEST(torn_tail_is_replaced)
{
	struct snapshot *s;
	struct loaded l;
	struct stat st;

	two_generations();
	ck_assert_int_eq(stat(current, &st), 0);
	ck_assert_int_eq(truncate(current, st.st_size - 3), 0);
	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	load_with(s, &l);
	assert_holds(&l, "3", "D\t6\tof revision 3");
	loaded_fini(&l);
	ck_assert_int_eq(write_state(s, false, "6", 1), 0);
	snapshot_close(s);
	load(&l);
	assert_holds(&l, "6", "D\t0\tof revision 6");
	ck_assert_str_eq(l.why, "");
	loaded_fini(&l);
	clean();
}
END_TEST

/* kill -9 at any moment: a child writes for ever, each time the parent finds a whole state. */
START_TEST(killed_while_writing)
{
	for (int round = 0; round < 20; round++) {
		struct loaded l;
		pid_t child = fork();
		int found;

		if (child == 0) {
			struct snapshot *s;
			char revision[16];

			if (snapshot_open(&s, dir))
				_exit(1);
			for (int n = 1;; n++) {
				snprintf(revision, sizeof(revision), "%d", n);
				if (write_state(s, n % 10 == 1, revision, 500))
					_exit(1);
			}
		}
		while (access(current, F_OK))
			usleep(1000);
		usleep(2000 + 1700 * (useconds_t)round);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		load(&l);
		ck_assert_msg(l.err == 0, "%s (%s)", strerror(l.err), l.why);
		ck_assert_int_eq(sscanf(l.position.revision, "0123abcd-%d", &found), 1);
		loaded_fini(&l);
	}
	clean();
}
END_TEST

static int setrlimit_file(rlim_t octets)
{
	struct rlimit limit = {octets, 1 << 30};

	return setrlimit(RLIMIT_FSIZE, &limit);
}

START_TEST(disk_full)
{
	struct snapshot *s;
	struct loaded l;

	/* A file size limit stands in for a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(snapshot_open(&s, dir), 0);
	ck_assert_int_eq(write_state(s, true, "1", 1000), 0);
	ck_assert_int_eq(setrlimit_file(64 << 10), 0);
	ck_assert_int_eq(write_state(s, false, "2", 10000), EFBIG);
	ck_assert(!snapshot_appendable(s));
	ck_assert_int_eq(write_state(s, true, "3", 10000), EFBIG);
	ck_assert_int_ne(access(aside, F_OK), 0);
	load(&l);
	assert_holds(&l, "1", "D\t999\tof revision 1");
	loaded_fini(&l);
	ck_assert_int_eq(setrlimit_file(1 << 30), 0);
	ck_assert_int_eq(write_state(s, true, "4", 10000), 0);
	load(&l);
	assert_holds(&l, "4", "D\t9999\tof revision 4");
	loaded_fini(&l);
	snapshot_close(s);
	clean();
}
END_TEST

int main(void)
{
	return SUITE_RUN("snapshot", setup, nothing_there, full_and_increments,
		an_open_increment_does_not_count, an_aborted_generation_leaves_the_old_one, bloat,
		long_lines, any_damage, foreign_version, rotten_one_is_not_kept,
		torn_tail_is_replaced, killed_while_writing, disk_full);
}
