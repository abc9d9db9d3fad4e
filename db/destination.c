#include "db/destination.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rules that no check of the schema would have let in deny everything. */
static int rules_take(const char *text, struct destination_rules *rules)
{
	const char *wrong;
	int err;

	*rules = (struct destination_rules){0};
	if (!text)
		return 0;
	err = destination_rules_parse(str_of(text), rules, &wrong);
	if (err == EINVAL)
		err = destination_rules_parse(str_lit("|||f|0||"), rules, &wrong);
	return err;
}

static int rules_of(const struct pg_result *result, int row, struct destination_rules *rules)
{
	return rules_take(db_text(result, row, 0), rules);
}

static const char *home_of(const struct pg_result *result, int row)
{
	const char *country = db_text(result, row, 1);

	return country ? country : "";
}

/* "{1,2}", malloc'ed. */
static char *array_literal(const e164_t *number, size_t count)
{
	char *text = malloc(count * E164_TEXT_SIZE + 3), *at = text;

	if (!text)
		return NULL;
	*at++ = '{';
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s%llu", i ? "," : "", (unsigned long long)number[i]);
	strcpy(at, "}");
	return text;
}

/* Does "{1,2}" hold the number? */
static bool holds(const char *literal, e164_t number)
{
	while (*literal && *literal != '}') {
		char *end;

		if (strtoull(literal + 1, &end, 10) == number && end > literal + 1)
			return true;
		literal = end;
	}
	return false;
}

static int decide(const struct pg_result *result, const e164_t *number, size_t count,
	enum destination_verdict *verdict)
{
	struct destination_rules rules;
	int err = rules_of(result, 0, &rules);

	for (size_t i = 0; !err && i < count; i++)
		if (!holds(db_text(result, 0, 2), number[i]))
			verdict[i] = destination_decide(number[i], &rules, home_of(result, 0));
	destination_rules_fini(&rules);
	return err;
}

#define CHECK_SQL(account)                                                                         \
	"SELECT f.destination_rules, f.default_country, ARRAY(SELECT o.number FROM did o WHERE "   \
	"o.account_id = f.id AND o.number = ANY($2::bigint[])) FROM feed_account f WHERE f.id "    \
	"= " account

int destination_check(struct db *db, const char *account, const char *did, const e164_t *number,
	size_t count, enum destination_verdict *verdict)
{
	char *numbers = array_literal(number, count);
	const char *param[] = {account ? account : did, numbers};
	struct pg_result *result;
	int err;

	for (size_t i = 0; i < count; i++)
		verdict[i] = DESTINATION_OK;
	if (!numbers)
		return ENOMEM;
	err = db_query(db,
		account ? CHECK_SQL("$1")
			: CHECK_SQL("(SELECT d.account_id FROM did d WHERE d.number = $1)"),
		2, param, &result);
	free(numbers);
	if (err)
		return err;
	if (db_rows(result) > 0)
		err = decide(result, number, count, verdict);
	db_clear(result);
	return err;
}

int destination_check_mass(struct db *db, const char *number, enum destination_verdict *verdict)
{
	static const char sql[] =
		"SELECT DISTINCT f.destination_rules, f.default_country FROM feed_account f WHERE "
		"f.id IN (SELECT w.account_id FROM mass_work w) AND NOT EXISTS (SELECT FROM did o "
		"WHERE o.account_id = f.id AND o.number = $1)";
	struct pg_result *result;
	e164_t value = strtoull(number, NULL, 10);
	int err = db_query(db, sql, 1, &number, &result);

	*verdict = DESTINATION_OK;
	if (err)
		return err;
	for (int i = 0; !err && *verdict == DESTINATION_OK && i < db_rows(result); i++) {
		struct destination_rules rules;

		err = rules_of(result, i, &rules);
		if (!err)
			*verdict = destination_decide(value, &rules, home_of(result, i));
		destination_rules_fini(&rules);
	}
	db_clear(result);
	return err;
}

int destination_decide_text(
	const char *rules, const char *home, e164_t number, enum destination_verdict *verdict)
{
	struct destination_rules r;
	int err = rules_take(rules, &r);

	if (!err)
		*verdict = destination_decide(number, &r, home ? home : "");
	destination_rules_fini(&r);
	return err;
}
