#include "sip/recorded.h"

#include <stdbool.h>
#include <string.h>

#include "core/uuid.h"
#include "sip/observed.h"

/* Call records begin with the id of the call (cdr_json()), events with something else. */
static bool call_id_of(const struct spool_slice *record, struct uuid *id)
{
	static const char start[] = "{\"id\":\"";
	size_t len = sizeof(start) - 1;

	return record->len > len + UUID_TEXT_LEN && memcmp(record->p, start, len) == 0 &&
	       uuid_parse(record->p + len, UUID_TEXT_LEN, id) == 0;
}

static void drop(const struct spool_slice *record, void *arg)
{
	struct uuid id;

	if (call_id_of(record, &id))
		(void)journal_delete(arg, JOURNAL_CALL, id.b, sizeof(id.b));
}

int recorded_drop(struct journal *journal, const struct spool *spool)
{
	return spool_each(spool, drop, journal);
}
