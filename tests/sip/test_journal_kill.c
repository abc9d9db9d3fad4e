/* The journal under kill -9, again and again, in one file: what was acknowledged (journal_sync() gave
 * 0) is there, nothing is there that was never put, and each start is clean. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/log.h"
#include "tests/core/suite.h"
#include "tests/sip/journal_dir.h"

enum { KILLS = 60, KEYS = 8, VALUE_MAX = 60000 };

/* Key n % KEYS gets the number n, padded by a length that depends on n: compactions happen too. */
static size_t value_of(uint32_t n, char *value)
{
	size_t len = n % 16 == 0 ? VALUE_MAX : 40;

	memset(value, 'a' + (int)(n % 26), len);
	memcpy(value, &n, sizeof(n));
	return len;
}

static void writer(uint32_t n, int ack_fd)
{
	static char value[VALUE_MAX];
	struct journal *j;

	if (journal_open(&j, path, 1))
		_exit(1);
	for (;; n++) {
		char key = (char)('0' + n % KEYS);

		if (n % 5 == 4 ? journal_delete(j, 1, &key, 1)
			       : journal_put(j, 1, &key, 1, value, value_of(n, value)))
			_exit(2);
		if (n % 3 == 0) {
			if (journal_sync(j, 0))
				_exit(3);
			if (write(ack_fd, &n, sizeof(n)) != sizeof(n))
				_exit(4);
		}
	}
}

static uint32_t found[KEYS];

static void found_h(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	static char expected[VALUE_MAX];
	int i = ((const char *)key)[0] - '0';
	uint32_t n;

	(void)arg;
	ck_assert(kind == 1 && key_len == 1 && i >= 0 && i < KEYS && value_len >= sizeof(n));
	memcpy(&n, value, sizeof(n));
	ck_assert_uint_eq(value_len, value_of(n, expected));
	ck_assert_mem_eq(value, expected, value_len);
	found[i] = n;
}

/* The state after number n, as the file must show it for one n in first..last. */
static uint32_t state_matches(uint32_t first, uint32_t last)
{
	for (uint32_t n = last; n + 1 > first; n--) {
		int same = 1;

		for (uint32_t back = n; same && back + KEYS > n && back; back--)
			same = found[back % KEYS] == (back % 5 == 4 ? 0 : back);
		if (same)
			return n;
	}
	return 0;
}

START_TEST(acknowledged_is_kept_through_sixty_kills)
{
	uint32_t next = 1, acked, first = 1;

	log_init("test", LOG_LEVEL_COUNT);
	for (int i = 0; i < KILLS; i++) {
		struct journal *j;
		int ack[2], status;
		pid_t pid;

		ck_assert_int_eq(pipe(ack), 0);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (!pid)
			writer(next, ack[1]);
		close(ack[1]);
		ck_assert_int_eq(read(ack[0], &acked, sizeof(acked)), sizeof(acked));
		usleep((useconds_t)(i * 977 % 20000));
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		while (read(ack[0], &acked, sizeof(acked)) == sizeof(acked))
			;
		close(ack[0]);

		memset(found, 0, sizeof(found));
		ck_assert_int_eq(journal_open(&j, path, 1), 0);
		journal_each(j, found_h, NULL);
		journal_close(j);
		/* At most the five puts and deletes after the last acknowledgement are in doubt. */
		first = state_matches(acked, acked + 5);
		ck_assert_msg(first, "kill %d: acknowledged %u", i, acked);
		next = first + 1;
	}
	dir_remove();
}
END_TEST

int main(void)
{
	return SUITE_RUN("journal_kill", dir_make, acknowledged_is_kept_through_sixty_kills);
}
