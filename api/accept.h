/* Content negotiation. */
#ifndef TRUNKGUARD_API_ACCEPT_H
#define TRUNKGUARD_API_ACCEPT_H

/* Which of some media types (ended by NULL) an Accept field (RFC 9110, 12.5.1; NULL or "" takes all) takes
 * best, the first of several; -1: none of them. */
int accept_best(const char *field, const char *const *types);

#endif
