/* What routing and authentication found out about a request. */
#ifndef TRUNKGUARD_API_ROUTE_ARGS_H
#define TRUNKGUARD_API_ROUTE_ARGS_H

#include <stdbool.h>

#include "core/e164.h"
#include "core/uuid.h"

/* The variable segments of a path; what the pattern does not have is zero. */
struct route_args {
	struct uuid id; /* of the thing the path's collection holds */
	struct uuid sub_id; /* of a thing below it: accounts/{id}/api-keys/{key} */
	e164_t number;
	const char *word; /* a revision, a role: as it stands in the path */
};

enum { SCOPE_READ = 1, SCOPE_WRITE = 2 };

struct principal {
	bool is_operator;
	struct uuid key_id;
	struct uuid account_id; /* all zero for an operator */
	unsigned scopes;
};

#endif
