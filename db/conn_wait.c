/* The waiting of a connection: every wait is a poll(2) with a limit, because libpq's own waits have
 * none and a server can fall silent without closing anything. */
#include "db/conn_private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "core/clock.h"

/* 0: something is ready. ETIMEDOUT or ECONNRESET otherwise. */
static int db_poll(struct db *db, short events)
{
	struct pollfd fd = {.fd = PQsocket(db->pg), .events = events};
	int64_t deadline = clock_ms() + db->reply_timeout_ms;

	if (fd.fd < 0)
		return ECONNRESET;
	for (;;) {
		int64_t left = db->reply_timeout_ms < 0 ? -1 : deadline - clock_ms();
		int n = poll(&fd, 1, left < -1 ? 0 : (int)left);

		if (n > 0)
			return 0;
		if (n == 0)
			return ETIMEDOUT;
		if (errno != EINTR)
			return ECONNRESET;
	}
}

int db_receive(struct db *db)
{
	int err = db_poll(db, POLLIN);

	if (err)
		return db_lost(db, err, "no reply from PostgreSQL");
	if (!PQconsumeInput(db->pg))
		return db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
	return 0;
}

int db_flush(struct db *db)
{
	for (;;) {
		int left = PQflush(db->pg);
		int err;

		if (left == 0)
			return 0;
		if (left < 0)
			return db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
		err = db_poll(db, POLLIN | POLLOUT);
		if (err)
			return db_lost(db, err, "PostgreSQL takes no data");
		if (!PQconsumeInput(db->pg))
			return db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
	}
}

int db_next(struct db *db, PGresult **result)
{
	while (PQisBusy(db->pg)) {
		int err = db_receive(db);

		if (err)
			return err;
	}
	*result = PQgetResult(db->pg);
	db_take_notifications(db);
	return 0;
}

void db_take_notifications(struct db *db)
{
	PGnotify *n;

	while ((n = PQnotifies(db->pg)) != NULL) {
		db->notified++;
		PQfreemem(n);
	}
}

int db_wait(struct db *db, int wake_fd, int timeout_ms, unsigned *notified)
{
	struct pollfd fds[] = {
		{.fd = PQsocket(db->pg), .events = POLLIN},
		{.fd = wake_fd, .events = POLLIN},
	};
	int err = 0;

	if (db->broken)
		return ECONNRESET;
	db_take_notifications(db);
	if (!db->notified && poll(fds, 2, timeout_ms) > 0 && fds[0].revents) {
		if (!PQconsumeInput(db->pg))
			err = db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
		else
			db_take_notifications(db);
	}
	*notified = db->notified;
	db->notified = 0;
	return err;
}

/* The last words of a server that goes come before the end of the connection, so one look is not enough. */
bool db_alive(struct db *db)
{
	struct pollfd fd = {.fd = PQsocket(db->pg), .events = POLLIN};

	while (!db->broken && poll(&fd, 1, 0) > 0) {
		if (!PQconsumeInput(db->pg))
			(void)db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
		else
			db_take_notifications(db);
	}
	return !db->broken && PQstatus(db->pg) == CONNECTION_OK;
}
