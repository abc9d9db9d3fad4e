/* What all requests share. */
#ifndef TRUNKGUARD_API_APP_H
#define TRUNKGUARD_API_APP_H

#include <stdatomic.h>

#include "core/settings.h"
#include "db/pool.h"
#include "db/revision.h"

struct auth;
struct http_server;
struct mass_expiry;
struct rate;
struct webhook_sender;

enum {
	APP_POOL_SIZE = 16,
	APP_POOL_WAIT_MS = 1500, /* for a free connection, then 503 */
	APP_MASS_POOL_SIZE = 2, /* mass operations at a time */
};

struct app {
	struct db_pool *pool;
	struct db_pool *mass_pool; /* connections whose statements may take long */
	struct revision_listener *listener;
	struct auth *auth;
	struct rate *rate;
	struct http_server *server;
	struct mass_expiry *mass_expiry;
	struct webhook_sender *webhook_sender;
	const char *realm; /* of SIP passwords' hashes */
	struct cidr_list private_targets;
	struct peer_list peers; /* of the worker beside us, for explain */
	atomic_bool migrated; /* the schema is there; until then 503 */
};

#endif
