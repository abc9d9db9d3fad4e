/* Content negotiation: JSON, or nothing that the client takes. */
#ifndef TRUNKGUARD_API_ACCEPT_H
#define TRUNKGUARD_API_ACCEPT_H

#include <stdbool.h>

/* Does an Accept field (RFC 9110, 12.5.1; NULL or "" takes all) take application/json? */
bool accept_json(const char *field);

#endif
