#include "db/pg_snapshot.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* Digits only, then the mark. */
static bool number(const char **text, char mark, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*n = strtoull(*text, &end, 10);
	if (errno || *end != mark)
		return false;
	*text = mark ? end + 1 : end;
	return true;
}

bool pg_snapshot_sees(const char *snapshot, uint64_t xid)
{
	uint64_t xmin, xmax, running;

	if (!number(&snapshot, ':', &xmin) || !number(&snapshot, ':', &xmax))
		return false;
	if (xid < xmin)
		return true;
	if (xid >= xmax)
		return false;
	while (*snapshot) {
		if (!number(&snapshot, ',', &running)) {
			if (!number(&snapshot, '\0', &running))
				return false;
		}
		if (running == xid)
			return false;
	}
	return true;
}
