/* A directory of its own for a journal under test, and its file as octets. */
#ifndef TESTS_SIP_JOURNAL_DIR_H
#define TESTS_SIP_JOURNAL_DIR_H

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sip/journal.h"

static char dir[64], path[96];

static inline void dir_make(void)
{
	strcpy(dir, "/tmp/test_journal.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/journal", dir);
}

static inline void dir_remove(void)
{
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));)
		(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	(void)rmdir(dir);
}

static inline size_t file_size(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return (size_t)st.st_size;
}

static inline size_t file_read(uint8_t *buf, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, cap);

	close(fd);
	ck_assert_int_ge(n, 0);
	return (size_t)n;
}

static inline void file_write(const uint8_t *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, buf, len), (ssize_t)len);
	close(fd);
}

/* The live set as text, "kind/key=value;" sorted, values cut to eight octets: easy to compare. */
struct dump {
	char item[64][48];
	unsigned count;
};

static inline void dump_h(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	struct dump *d = arg;

	ck_assert_uint_lt(d->count, 64);
	snprintf(d->item[d->count++], sizeof(d->item[0]), "%u/%.*s=%.*s#%zu;", kind, (int)key_len,
		(const char *)key, value_len > 8 ? 8 : (int)value_len, (const char *)value,
		value_len);
}

static inline int dump_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

static inline void dump(struct journal *j, char *out, size_t cap)
{
	struct dump d = {.count = 0};

	journal_each(j, dump_h, &d);
	qsort(d.item, d.count, sizeof(d.item[0]), dump_order);
	out[0] = '\0';
	for (unsigned i = 0; i < d.count; i++)
		strncat(out, d.item[i], cap - strlen(out) - 1);
}

#endif
