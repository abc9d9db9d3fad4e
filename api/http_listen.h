/* The listening socket. */
#ifndef TRUNKGUARD_API_HTTP_LISTEN_H
#define TRUNKGUARD_API_HTTP_LISTEN_H

#include "core/settings.h"

/* errno; the reason is logged. */
int http_listen(const struct listen_address *at, int *fd);

#endif
