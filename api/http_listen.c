#include "api/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"

enum { BACKLOG = 1024 };

int http_listen(const struct listen_address *at, int *out)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int one = 1, fd = -1, rc;

	rc = getaddrinfo(at->host, at->port, &hints, &found);
	if (rc != 0) {
		log_error("http_listen", "%s:%s: %s", at->host, at->port, gai_strerror(rc));
		return EADDRNOTAVAIL;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		rc = errno;
		log_error("http_listen", "%s:%s: %s", at->host, at->port, strerror(rc));
		if (fd >= 0)
			close(fd);
	}
	freeaddrinfo(found);
	*out = fd;
	return rc;
}
