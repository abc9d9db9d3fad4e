/* The time zone database of the system: what rule is in force in a zone. It reads a file, so it is for
 * the threads that may (the feed's, the API's), never for the one that routes calls. */
#ifndef TRUNKGUARD_CORE_ZONEINFO_H
#define TRUNKGUARD_CORE_ZONEINFO_H

#include "core/tz_rule.h"

/* The present rule of an IANA zone: the POSIX TZ string at the end of its TZif file (RFC 8536, 3.3).
 * UTC is known without the database. EINVAL: the name is none; ENOENT: there is no such zone, or no
 * database; EBADMSG: a file without a rule. The rule is UTC then. */
int zoneinfo_rule(const char *name, struct tz_rule *rule);

/* Is there a database at all? */
bool zoneinfo_installed(void);

#endif
