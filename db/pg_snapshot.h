/* PostgreSQL's pg_snapshot in C: "xmin:xmax:xip,xip,..." and whether it sees a transaction. */
#ifndef TRUNKGUARD_DB_PG_SNAPSHOT_H
#define TRUNKGUARD_DB_PG_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

/* False also for text that is no snapshot. The same as pg_visible_in_snapshot(). */
bool pg_snapshot_sees(const char *snapshot, uint64_t xid);

#endif
