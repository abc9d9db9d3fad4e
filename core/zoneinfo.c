#include "core/zoneinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"

#define ZONEINFO_DIR "/usr/share/zoneinfo"

enum { NAME_MAX_LEN = 64, RULE_MAX_LEN = 127 };

/* No dot can stand in a name, so none leads out of the directory. */
static bool name_ok(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789_+-/");

	return len > 0 && len <= NAME_MAX_LEN && name[len] == '\0' && name[0] != '/';
}

/* The last line of the file, which follows a newline and ends with one. */
static int footer_read(int fd, off_t size, char rule[RULE_MAX_LEN + 1])
{
	char head[5], tail[RULE_MAX_LEN + 2];
	size_t want = size < (off_t)sizeof(tail) ? (size_t)size : sizeof(tail);
	const char *begin;

	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
		memcmp(head, "TZif", 4) != 0 || head[4] < '2' ||
		pread(fd, tail, want, size - (off_t)want) != (ssize_t)want ||
		tail[want - 1] != '\n')
		return EBADMSG;
	begin = memrchr(tail, '\n', want - 1);
	if (!begin || str_copy(rule, RULE_MAX_LEN + 1, str_span(begin + 1, tail + want - 1)))
		return EBADMSG;
	return 0;
}

static int file_read(const char *path, struct tz_rule *rule)
{
	char text[RULE_MAX_LEN + 1];
	struct stat st;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return ENOENT;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = ENOENT;
	else
		err = footer_read(fd, st.st_size, text);
	close(fd);
	if (err)
		return err;
	return tz_rule_parse(text, rule) ? EBADMSG : 0;
}

int zoneinfo_rule(const char *name, struct tz_rule *rule)
{
	char path[sizeof(ZONEINFO_DIR) + 1 + NAME_MAX_LEN];

	tz_rule_init(rule);
	if (strcmp(name, "UTC") == 0)
		return 0;
	if (!name_ok(name))
		return EINVAL;
	snprintf(path, sizeof(path), "%s/%s", ZONEINFO_DIR, name);
	return file_read(path, rule);
}

bool zoneinfo_installed(void)
{
	struct stat st;

	return stat(ZONEINFO_DIR, &st) == 0;
}
