#include "sip/file_io.h"

#include <errno.h>
#include <unistd.h>

int file_write(int fd, const void *data, size_t len, uint64_t at)
{
	const char *p = data;

	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		p += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

int file_read(int fd, void *data, size_t len, uint64_t at, size_t *got)
{
	char *p = data;

	for (*got = 0; *got < len;) {
		ssize_t n = pread(fd, p + *got, len - *got, (off_t)(at + *got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return 0;
}
