#include "api/field_dial.h"

#include <stdlib.h>
#include <string.h>

#include "api/field_object.h"
#include "core/dial_plan.h"
#include "core/host.h"

enum { ACTIVE_TIMES_MAX = 32, DAYS = 7, RING_SECONDS_MAX = 3600 };

/* A list of steps being checked. */
struct dial_check {
	struct field_context *c;
	unsigned steps, depth;
};

static int strategy_parse(const char *word)
{
	if (strcmp(word, "sequential") == 0)
		return 0;
	return strcmp(word, "simultaneous") == 0 ? 1 : -1;
}

static const struct field app_field = {.name = "app",
	.kind = FIELD_WORD,
	.flags = FIELD_REQUIRED,
	.word = dial_app_parse,
	.words = "ring, forward, schedule, media, reject"};
static const struct field strategy_field = {.name = "strategy",
	.kind = FIELD_WORD,
	.fallback = "sequential",
	.word = strategy_parse,
	.words = "sequential, simultaneous"};
static const struct field ring_field = {.name = "ring_seconds",
	.kind = FIELD_INTEGER,
	.min = 1,
	.max = RING_SECONDS_MAX,
	.fallback = "15"};
static const struct field code_field = {
	.name = "code", .kind = FIELD_INTEGER, .flags = FIELD_REQUIRED, .min = 400, .max = 699};
static const struct field reason_field = {
	.name = "reason", .kind = FIELD_TEXT, .min = 1, .max = 100};
static const struct field external_field = {
	.name = "external", .kind = FIELD_NUMBER, .flags = FIELD_REQUIRED};
static const struct field trunk_field = {
	.name = "trunk_id", .kind = FIELD_ID, .flags = FIELD_REQUIRED, .id_prefix = "trk"};
static const struct field designation_field = {
	.name = "designation", .kind = FIELD_TEXT, .min = 1, .max = 200};
static const struct field enabled_field = {
	.name = "enabled", .kind = FIELD_BOOLEAN, .fallback = "t"};
static const struct field display_field = {.name = "calling_party_display",
	.kind = FIELD_WORD,
	.word = calling_party_display_parse,
	.words = "caller, caller_number, called_number, fixed"};
static const struct field display_number_field = {
	.name = "calling_party_number", .kind = FIELD_NUMBER};

/* The text of what was made, malloc'ed; NULL after an error. Takes the reference. */
static char *finish(struct field_context *c, json_t *made, unsigned before)
{
	char *text = NULL;

	if (c->problems->count == before && !c->failed) {
		text = made ? json_dumps(made, JSON_COMPACT) : NULL;
		c->failed |= !text;
	}
	json_decref(made);
	return text;
}

char *internal_check(struct field_context *c, const json_t *v, const char *pointer)
{
	if (!json_is_string(v)) {
		problems_add(c->problems, pointer, PROBLEM_WRONG_TYPE, "Must be a string.");
		return NULL;
	}
	if (!dial_internal_ok(json_string_value(v), json_string_length(v))) {
		problems_add(c->problems, pointer,
			json_string_length(v) > DIAL_INTERNAL_MAX ? PROBLEM_TOO_LONG
			: json_string_length(v) == 0              ? PROBLEM_TOO_SHORT
								  : PROBLEM_INVALID_CHARACTERS,
			"Must be 1 to %d digits or *.", DIAL_INTERNAL_MAX);
		return NULL;
	}
	return strdup(json_string_value(v));
}

/* ---- active times -------------------------------------------------------------------------- */

static int day_parse(const char *word)
{
	static const char *const days[DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

	for (int i = 0; i < DAYS; i++) {
		if (strcmp(days[i], word) == 0)
			return i;
	}
	return -1;
}

static json_t *days_make(struct field_context *c, const json_t *span, const char *pointer)
{
	const json_t *list = json_object_get(span, "days");
	json_t *out = json_array(), *item;
	unsigned seen = 0;
	char at[PROBLEM_POINTER_MAX], at_day[PROBLEM_POINTER_MAX];
	size_t i;

	pointer_join(at, pointer, "days");
	if (!json_is_array(list) || json_array_size(list) == 0)
		problems_add(c->problems, at,
			!list || json_is_null(list) ? PROBLEM_REQUIRED
			: json_is_array(list)       ? PROBLEM_TOO_SHORT
						    : PROBLEM_WRONG_TYPE,
			"Must be a list of at least one day.");
	json_array_foreach(list, i, item)
	{
		int day = json_is_string(item) ? day_parse(json_string_value(item)) : -1;

		pointer_join_index(at_day, at, i);
		if (day < 0)
			problems_add(c->problems, at_day,
				json_is_string(item) ? PROBLEM_UNKNOWN_VALUE : PROBLEM_WRONG_TYPE,
				"Must be one of mon, tue, wed, thu, fri, sat, sun.");
		else if (seen & 1u << day)
			problems_add(c->problems, at_day, PROBLEM_DUPLICATE_ITEM,
				"Stands twice in the list.");
		else
			seen |= 1u << day;
		json_array_append(out, item);
	}
	return out;
}

/* "00:00" to "23:59", and "24:00" for an end. */
static bool is_time(const char *s, bool end)
{
	if (strlen(s) != 5 || s[2] != ':' || strspn(s, "0123456789:") != 5 || s[3] > '5')
		return false;
	if (end && strcmp(s, "24:00") == 0)
		return true;
	return s[0] < '2' || (s[0] == '2' && s[1] < '4');
}

static const char *time_take(
	struct field_context *c, const json_t *span, const char *name, const char *pointer)
{
	const json_t *v = json_object_get(span, name);
	bool end = strcmp(name, "to") == 0;
	char at[PROBLEM_POINTER_MAX];

	if (json_is_string(v) && is_time(json_string_value(v), end))
		return json_string_value(v);
	pointer_join(at, pointer, name);
	problems_add(c->problems, at,
		!v || json_is_null(v) ? PROBLEM_REQUIRED
		: json_is_string(v)   ? PROBLEM_NOT_A_TIME
				      : PROBLEM_WRONG_TYPE,
		"Must be a time of the day such as \"08:00\", %s.",
		end ? "\"24:00\" at the latest" : "\"23:59\" at the latest");
	return NULL;
}

static json_t *span_make(struct field_context *c, const json_t *span, const char *pointer)
{
	static const char *const known[] = {"days", "from", "to", NULL};
	const char *from, *to;
	json_t *days;

	if (!object_is(c, span, pointer, "an object with days, from and to"))
		return json_null();
	object_unknown(c, span, pointer, known);
	days = days_make(c, span, pointer);
	from = time_take(c, span, "from", pointer);
	to = time_take(c, span, "to", pointer);
	if (from && to && strcmp(from, to) == 0)
		problems_add(c->problems, pointer, PROBLEM_EMPTY_TIME_SPAN,
			"Ends when it begins; a whole day is from 00:00 to 24:00.");
	return json_pack(
		"{s:o, s:s, s:s}", "days", days, "from", from ? from : "", "to", to ? to : "");
}

/* null: always. */
static json_t *active_times_make(
	struct field_context *c, const json_t *object, const char *pointer, bool required)
{
	const json_t *list = json_object_get(object, "active_times");
	char at[PROBLEM_POINTER_MAX], at_span[PROBLEM_POINTER_MAX];
	json_t *out, *item;
	size_t i;

	pointer_join(at, pointer, "active_times");
	if (!list || json_is_null(list)) {
		if (required)
			problems_add(c->problems, at, PROBLEM_REQUIRED, "Is required.");
		return json_null();
	}
	if (!json_is_array(list)) {
		problems_add(c->problems, at, PROBLEM_WRONG_TYPE, "Must be a list, or null.");
		return json_null();
	}
	if (json_array_size(list) == 0 || json_array_size(list) > ACTIVE_TIMES_MAX) {
		problems_add(c->problems, at,
			json_array_size(list) ? PROBLEM_TOO_MANY_ITEMS : PROBLEM_TOO_SHORT,
			"Must have 1 to %d items; null means always.", ACTIVE_TIMES_MAX);
		return json_null();
	}
	out = json_array();
	json_array_foreach(list, i, item)
	{
		pointer_join_index(at_span, at, i);
		json_array_append_new(out, span_make(c, item, at_span));
	}
	return out;
}

/* ---- targets ------------------------------------------------------------------------------- */

/* A dial plan's internal number, or the number of a DID of the account in E.164. */
static json_t *internal_make(struct field_context *c, const json_t *object, const char *pointer)
{
	static const struct field as_number = {.name = "internal", .kind = FIELD_NUMBER};
	const json_t *v = json_object_get(object, "internal");

	if (json_is_string(v) && dial_internal_ok(json_string_value(v), json_string_length(v)))
		return json_copy((json_t *)(uintptr_t)v);
	return object_member(c, &as_number, object, pointer);
}

static json_t *sip_uri_make(struct field_context *c, const json_t *object, const char *pointer)
{
	const json_t *v = json_object_get(object, "sip_uri");
	char at[PROBLEM_POINTER_MAX], text[DIAL_SIP_URI_SIZE];
	struct dial_sip_uri uri;
	const char *why = "";
	uint8_t addr[16];

	pointer_join(at, pointer, "sip_uri");
	if (!json_is_string(v)) {
		problems_add(c->problems, at,
			!v || json_is_null(v) ? PROBLEM_REQUIRED : PROBLEM_WRONG_TYPE,
			"Must be a SIP URI.");
		return json_null();
	}
	if (dial_sip_uri_parse(json_string_value(v), json_string_length(v), &uri, &why) != 0) {
		problems_add(c->problems, at, PROBLEM_NOT_A_SIP_URI,
			"Not a SIP URI like sip:100@pbx.example:5060;transport=udp: %s.",
			why ? why : "there is no memory");
		return json_null();
	}
	/* A name is looked at when it is resolved, each time. */
	if (ip_parse(uri.address.host, strlen(uri.address.host), addr) == 0 &&
		!cidr_permitted(addr, c->private_targets))
		problems_add(c->problems, at, PROBLEM_PRIVATE_ADDRESS,
			"The address is not public, and not one of TRUNKGUARD_PRIVATE_TARGETS.");
	dial_sip_uri_format(&uri, text);
	dial_sip_uri_fini(&uri);
	return json_string(text);
}

static json_t *member_make(
	struct field_context *c, const char *key, const json_t *target, const char *pointer)
{
	if (strcmp(key, "internal") == 0)
		return internal_make(c, target, pointer);
	if (strcmp(key, "external") == 0)
		return object_member(c, &external_field, target, pointer);
	if (strcmp(key, "sip_uri") == 0)
		return sip_uri_make(c, target, pointer);
	return object_member(c, &trunk_field, target, pointer);
}

/* An object with one of these keys. */
static json_t *target_make(struct field_context *c, const json_t *target, const char *pointer,
	const char *const *known, const char *what)
{
	const char *found = NULL;
	unsigned count = 0;

	if (!target || json_is_null(target)) {
		problems_add(c->problems, pointer, PROBLEM_REQUIRED, "Is required: %s.", what);
		return json_null();
	}
	if (!object_is(c, target, pointer, what))
		return json_null();
	object_unknown(c, target, pointer, known);
	for (unsigned i = 0; known[i]; i++) {
		if (json_object_get(target, known[i])) {
			found = known[i];
			count++;
		}
	}
	if (count == 1)
		return json_pack("{s:o}", found, member_make(c, found, target, pointer));
	problems_add(c->problems, pointer, count ? PROBLEM_CONFLICTING_FIELDS : PROBLEM_REQUIRED,
		"Must be %s.", what);
	return json_null();
}

static json_t *targets_make(struct field_context *c, const json_t *step, const char *pointer)
{
	static const char *const known[] = {"internal", "external", "sip_uri", "trunk_id", NULL};
	const json_t *list = json_object_get(step, "targets");
	char at[PROBLEM_POINTER_MAX], at_target[PROBLEM_POINTER_MAX];
	json_t *out = json_array(), *item;
	size_t i;

	pointer_join(at, pointer, "targets");
	if (!json_is_array(list) || json_array_size(list) == 0)
		problems_add(c->problems, at,
			!list || json_is_null(list) ? PROBLEM_REQUIRED
			: json_is_array(list)       ? PROBLEM_TOO_SHORT
						    : PROBLEM_WRONG_TYPE,
			"Must be a list of at least one target.");
	else if (json_array_size(list) > DIAL_TARGETS_MAX)
		problems_add(c->problems, at, PROBLEM_TOO_MANY_ITEMS, "Must have at most %d items.",
			DIAL_TARGETS_MAX);
	json_array_foreach(list, i, item)
	{
		pointer_join_index(at_target, at, i);
		for (size_t k = 0; k < i; k++) {
			if (json_equal(item, json_array_get(list, k))) {
				problems_add(c->problems, at_target, PROBLEM_DUPLICATE_ITEM,
					"Stands twice in the list.");
				break;
			}
		}
		json_array_append_new(out,
			target_make(c, item, at_target, known,
				"an object with one of internal, external, sip_uri, trunk_id"));
	}
	return out;
}

/* ---- steps --------------------------------------------------------------------------------- */

static json_t *steps_make(struct dial_check *d, const json_t *list, const char *pointer);

static json_t *branch_make(
	struct dial_check *d, const json_t *step, const char *name, const char *pointer)
{
	const json_t *list = json_object_get(step, name);
	char at[PROBLEM_POINTER_MAX];
	json_t *made;

	if (!list || json_is_null(list))
		return json_array();
	pointer_join(at, pointer, name);
	if (d->depth == DIAL_DEPTH_MAX) {
		problems_add(d->c->problems, at, PROBLEM_TOO_DEEP,
			"Schedules may stand inside schedules %d deep.", DIAL_DEPTH_MAX);
		return json_array();
	}
	d->depth++;
	made = steps_make(d, list, at);
	d->depth--;
	return made;
}

static json_t *app_make(
	struct dial_check *d, enum dial_app app, const json_t *step, const char *pointer)
{
	struct field_context *c = d->c;
	json_t *part;

	switch (app) {
	case DIAL_RING:
		part = targets_make(c, step, pointer);
		return json_pack("{s:o, s:o, s:o}", "targets", part, "strategy",
			object_member(c, &strategy_field, step, pointer), "ring_seconds",
			object_member(c, &ring_field, step, pointer));
	case DIAL_FORWARD:
		return json_pack(
			"{s:o}", "external", object_member(c, &external_field, step, pointer));
	case DIAL_MEDIA:
		return json_pack("{s:o}", "sip_uri", sip_uri_make(c, step, pointer));
	case DIAL_SCHEDULE:
		part = branch_make(d, step, "then", pointer);
		return json_pack(
			"{s:o, s:o}", "then", part, "else", branch_make(d, step, "else", pointer));
	default:
		part = object_member(c, &code_field, step, pointer);
		return json_pack("{s:o, s:o}", "code", part, "reason",
			object_member(c, &reason_field, step, pointer));
	}
}

static json_t *step_make(struct dial_check *d, const json_t *step, const char *pointer)
{
	static const char *const known[DIAL_APP_COUNT][6] = {
		[DIAL_RING] = {"app", "active_times", "targets", "strategy", "ring_seconds"},
		[DIAL_FORWARD] = {"app", "active_times", "external"},
		[DIAL_SCHEDULE] = {"app", "active_times", "then", "else"},
		[DIAL_MEDIA] = {"app", "active_times", "sip_uri"},
		[DIAL_REJECT] = {"app", "active_times", "code", "reason"},
	};
	json_t *app_name, *made, *times;
	int app;

	if (!object_is(d->c, step, pointer, "an object with app and what belongs to it"))
		return json_null();
	app_name = object_member(d->c, &app_field, step, pointer);
	app = json_is_string(app_name) ? dial_app_parse(json_string_value(app_name)) : -1;
	if (app < 0) {
		json_decref(app_name);
		return json_null();
	}
	object_unknown(d->c, step, pointer, known[app]);
	made = app_make(d, (enum dial_app)app, step, pointer);
	times = active_times_make(d->c, step, pointer, app == DIAL_SCHEDULE);
	json_object_set_new(made, "app", app_name);
	json_object_set_new(made, "active_times", times);
	return made;
}

static json_t *steps_make(struct dial_check *d, const json_t *list, const char *pointer)
{
	json_t *out = json_array(), *item;
	char at[PROBLEM_POINTER_MAX];
	size_t i;

	if (!json_is_array(list))
		problems_add(
			d->c->problems, pointer, PROBLEM_WRONG_TYPE, "Must be a list of steps.");
	json_array_foreach(list, i, item)
	{
		/* Said once, where the one too many stands. */
		if (++d->steps == DIAL_STEPS_MAX + 1) {
			pointer_join_index(at, pointer, i);
			problems_add(d->c->problems, at, PROBLEM_TOO_MANY_ITEMS,
				"A dial plan has at most %d steps, those in schedules counted.",
				DIAL_STEPS_MAX);
		}
		if (d->steps > DIAL_STEPS_MAX)
			break;
		pointer_join_index(at, pointer, i);
		json_array_append_new(out, step_make(d, item, at));
	}
	return out;
}

char *steps_check(struct field_context *c, const json_t *v, const char *pointer)
{
	struct dial_check d = {.c = c};
	unsigned before = c->problems->count;

	return finish(c, steps_make(&d, v, pointer), before);
}

/* ---- forwardings --------------------------------------------------------------------------- */

static json_t *forwarding_make(struct field_context *c, const json_t *v, const char *pointer)
{
	static const char *const known[] = {"designation", "target", "ring_seconds",
		"calling_party_display", "calling_party_number", "active_times", "enabled", NULL};
	static const char *const targets[] = {"internal", "external", NULL};
	char at[PROBLEM_POINTER_MAX];
	json_t *made;

	if (!object_is(c, v, pointer, "an object with a target"))
		return json_null();
	object_unknown(c, v, pointer, known);
	made = json_object();
	pointer_join(at, pointer, "target");
	json_object_set_new(made, "designation", object_member(c, &designation_field, v, pointer));
	json_object_set_new(made, "target",
		target_make(c, json_object_get(v, "target"), at, targets,
			"an object with either internal or external"));
	json_object_set_new(made, "ring_seconds", object_member(c, &ring_field, v, pointer));
	json_object_set_new(
		made, "calling_party_display", object_member(c, &display_field, v, pointer));
	json_object_set_new(
		made, "calling_party_number", object_member(c, &display_number_field, v, pointer));
	json_object_set_new(made, "active_times", active_times_make(c, v, pointer, false));
	json_object_set_new(made, "enabled", object_member(c, &enabled_field, v, pointer));
	return made;
}

char *forwardings_check(struct field_context *c, const json_t *v, const char *pointer)
{
	unsigned before = c->problems->count;
	char at[PROBLEM_POINTER_MAX];
	json_t *out, *item;
	size_t i;

	if (!json_is_array(v) || json_array_size(v) > FORWARDINGS_MAX) {
		problems_add(c->problems, pointer,
			json_is_array(v) ? PROBLEM_TOO_MANY_ITEMS : PROBLEM_WRONG_TYPE,
			"Must be a list of at most %d forwardings.", FORWARDINGS_MAX);
		return NULL;
	}
	out = json_array();
	json_array_foreach(v, i, item)
	{
		pointer_join_index(at, pointer, i);
		json_array_append_new(out, forwarding_make(c, item, at));
	}
	return finish(c, out, before);
}
