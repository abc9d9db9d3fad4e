#include "api/audit_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "db/event.h"

/* A chain of millions takes a while. */
static const struct db_options patient = {.application_name = "trunkguard-api audit",
	.statement_timeout_ms = DB_NOT_LIMITED,
	.reply_timeout_ms = DB_NOT_LIMITED,
	.lock_timeout_ms = 10000};

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static int fail(struct db *db, const struct db_error *why)
{
	log_error("audit", "%s", why->message);
	db_close(db);
	return EXIT_FAILURE;
}

static void print_heads(const struct pg_result *heads)
{
	for (int i = 0; i < db_rows(heads); i++) {
		const char *account = db_text(heads, i, 0);

		printf("%s%s %s %s\n", account ? "acc_" : "operator", account ? account : "",
			db_text(heads, i, 1), db_text(heads, i, 2));
	}
}

static void print_problems(const struct pg_result *problems)
{
	for (int i = 0; i < db_rows(problems); i++)
		printf("account %s, link %s, event %s: %s\n", or_dash(db_text(problems, i, 0)),
			or_dash(db_text(problems, i, 1)), or_dash(db_text(problems, i, 2)),
			db_text(problems, i, 3));
}

int audit_verify(const char *database_url)
{
	struct pg_result *heads = NULL, *problems = NULL;
	struct db_error why = {0};
	struct db *db = NULL;
	int wrong = 0;

	if (db_open(&db, database_url, &patient, &why) != 0)
		return fail(NULL, &why);
	if (event_heads(db, &heads) == 0 && event_verify(db, &problems) == 0) {
		wrong = db_rows(problems);
		print_heads(heads);
		print_problems(problems);
		printf("%d chains, %d problems\n", db_rows(heads), wrong);
	} else {
		db_clear(heads);
		why = *db_error(db);
		return fail(db, &why);
	}
	db_clear(heads);
	db_clear(problems);
	db_close(db);
	return wrong > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int audit_forget(const char *database_url, const char *days)
{
	struct db_error why = {0};
	struct db *db = NULL;
	int64_t count = 0;

	if (db_open(&db, database_url, &patient, &why) != 0)
		return fail(NULL, &why);
	if (event_forget(db, days, &count) != 0) {
		why = *db_error(db);
		return fail(db, &why);
	}
	printf("%lld events dropped\n", (long long)count);
	db_close(db);
	return EXIT_SUCCESS;
}
