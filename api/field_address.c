/* SIP addresses, lists of them, and a gateway's registration. */
#include <stdlib.h>
#include <string.h>

#include "api/field_list.h"
#include "api/field_object.h"
#include "core/cidr.h"
#include "core/host.h"
#include "core/json_out.h"
#include "core/words.h"

static const char *host_check(struct field_context *c, const json_t *v, const char *pointer)
{
	char at[PROBLEM_POINTER_MAX];
	uint8_t addr[16];
	const char *s;
	size_t len;
	enum host_kind kind;

	pointer_join(at, pointer, "host");
	if (!json_is_string(v)) {
		problems_add(c->problems, at, v ? PROBLEM_WRONG_TYPE : PROBLEM_REQUIRED,
			"Must be an IP address or a host name.");
		return NULL;
	}
	s = json_string_value(v);
	len = json_string_length(v);
	kind = host_kind(s, len);
	if (kind == HOST_INVALID) {
		problems_add(c->problems, at, PROBLEM_NOT_A_HOST,
			"Must be an IP address or a host name, without a port.");
		return NULL;
	}
	/* A name is looked at when it is resolved, each time. */
	if (kind != HOST_NAME && ip_parse(s, len, addr) == 0 &&
		!cidr_permitted(addr, c->private_targets)) {
		problems_add(c->problems, at, PROBLEM_PRIVATE_ADDRESS,
			"The address is not public, and not one of TRUNKGUARD_PRIVATE_TARGETS.");
		return NULL;
	}
	return s;
}

static json_int_t port_check(
	struct field_context *c, const json_t *v, json_int_t fallback, const char *pointer)
{
	char at[PROBLEM_POINTER_MAX];

	if (!v)
		return fallback;
	if (json_is_null(v))
		return 0;
	pointer_join(at, pointer, "port");
	if (!json_is_integer(v))
		problems_add(c->problems, at, PROBLEM_WRONG_TYPE, "Must be an integer or null.");
	else if (json_integer_value(v) < 1 || json_integer_value(v) > 65535)
		problems_add(c->problems, at, PROBLEM_OUT_OF_RANGE, "Must be between 1 and 65535.");
	return json_integer_value(v);
}

static const char *transport_check(struct field_context *c, const json_t *v, const char *pointer)
{
	char at[PROBLEM_POINTER_MAX];
	int t;

	if (!v || json_is_null(v))
		return transport_word(TRANSPORT_UDP);
	pointer_join(at, pointer, "transport");
	if (!json_is_string(v)) {
		problems_add(c->problems, at, PROBLEM_WRONG_TYPE, "Must be a string.");
		return NULL;
	}
	t = transport_parse(json_string_value(v));
	if (t < 0) {
		problems_add(
			c->problems, at, PROBLEM_UNKNOWN_VALUE, "Must be one of udp, tcp, tls.");
		return NULL;
	}
	return transport_word((enum transport)t);
}

/* What a field's default port, that of UDP and TCP, is for this address (RFC 3261 19.1.2). */
static json_int_t port_default(json_int_t fallback, const json_t *transport)
{
	bool tls = json_is_string(transport) &&
		   transport_parse(json_string_value(transport)) == TRANSPORT_TLS;

	return fallback && tls ? fallback + 1 : fallback;
}

/* Writes the address to out when all is well. */
static void address_write(struct field_context *c, json_int_t port_fallback, const json_t *v,
	const char *pointer, struct json_out *out, const char *key)
{
	static const char *const known[] = {"host", "port", "transport", NULL};
	unsigned before = c->problems->count;
	const char *host, *transport;
	json_int_t port;

	if (!json_is_object(v)) {
		problems_add(c->problems, pointer, PROBLEM_WRONG_TYPE,
			"Must be an object with host, port and transport.");
		return;
	}
	object_unknown(c, v, pointer, known);
	host = host_check(c, json_object_get(v, "host"), pointer);
	port = port_check(c, json_object_get(v, "port"),
		port_default(port_fallback, json_object_get(v, "transport")), pointer);
	transport = transport_check(c, json_object_get(v, "transport"), pointer);
	if (c->problems->count != before)
		return;
	json_out_object(out, key);
	json_out_str(out, "host", host);
	if (port == 0)
		json_out_null(out, "port");
	else
		json_out_int(out, "port", port);
	json_out_str(out, "transport", transport);
	json_out_end(out);
}

/* The text written, malloc'ed; NULL after an error. */
static char *written(struct field_context *c, struct json_out *out, unsigned before)
{
	char *copy = NULL;
	const char *text;
	size_t len;

	if (c->problems->count == before) {
		if (json_out_text(out, &text, &len) == 0)
			copy = strndup(text, len);
		c->failed |= !copy;
	}
	json_out_fini(out);
	return copy;
}

char *address_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	unsigned before = c->problems->count;
	struct json_out out;

	json_out_init(&out);
	address_write(c, f->min, v, pointer, &out, NULL);
	return written(c, &out, before);
}

static bool same_address(const json_t *a, const json_t *b)
{
	return json_is_object(a) && json_equal(a, b);
}

char *addresses_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	unsigned before = c->problems->count;
	struct json_out out;
	json_t *item;
	size_t i;

	if (!json_is_array(v)) {
		problems_add(c->problems, pointer, PROBLEM_WRONG_TYPE,
			"Must be a list of objects with host, port and transport.");
		return NULL;
	}
	if ((int64_t)json_array_size(v) > f->max) {
		problems_add(c->problems, pointer, PROBLEM_TOO_MANY_ITEMS,
			"Must have at most %lld items.", (long long)f->max);
		return NULL;
	}
	json_out_init(&out);
	json_out_array(&out, NULL);
	json_array_foreach(v, i, item)
	{
		char at[PROBLEM_POINTER_MAX];

		pointer_join_index(at, pointer, i);
		address_write(c, f->min, item, at, &out, NULL);
		for (size_t k = 0; k < i; k++) {
			if (same_address(item, json_array_get(v, k))) {
				problems_add(c->problems, at, PROBLEM_DUPLICATE_ITEM,
					"Stands twice in the list.");
				break;
			}
		}
	}
	json_out_end(&out);
	return written(c, &out, before);
}

/* ---- registration -------------------------------------------------------------------------- */

static const struct field username_field = {
	.name = "username", .kind = FIELD_TEXT, .min = 1, .max = 128};
static const struct field password_field = {
	.name = "password", .kind = FIELD_PASSWORD, .min = 1, .max = 128};
static const struct field expires_field = {
	.name = "expires_seconds", .kind = FIELD_INTEGER, .min = 60, .max = 86400};
static const struct field failover_field = {
	.name = "register_failover_seconds", .kind = FIELD_INTEGER, .min = 1, .max = 60};

static void text_write(struct field_context *c, const struct field *f, const json_t *object,
	const char *pointer, struct json_out *out)
{
	const json_t *v = json_object_get(object, f->name);
	char at[PROBLEM_POINTER_MAX], *text;

	pointer_join(at, pointer, f->name);
	if (!v) {
		/* A password that is not sent again stays; one that never was is missed later. */
		if (f->kind != FIELD_PASSWORD)
			problems_add(c->problems, at, PROBLEM_REQUIRED, "Is required.");
		return;
	}
	text = field_check(c, f, v, at);
	if (text)
		json_out_str(out, f->name, text);
	free(text);
}

static void seconds_write(struct field_context *c, const struct field *f, const json_t *object,
	int64_t fallback, const char *pointer, struct json_out *out)
{
	const json_t *v = json_object_get(object, f->name);
	char at[PROBLEM_POINTER_MAX], *text;

	if (!v || json_is_null(v)) {
		json_out_int(out, f->name, fallback);
		return;
	}
	pointer_join(at, pointer, f->name);
	text = field_check(c, f, v, at);
	if (text)
		json_out_int(out, f->name, json_integer_value(v));
	free(text);
}

static void registrar_write(struct field_context *c, const char *name, const json_t *object,
	const char *pointer, struct json_out *out)
{
	const json_t *v = json_object_get(object, name);
	char at[PROBLEM_POINTER_MAX];

	if (!v || json_is_null(v)) {
		json_out_null(out, name);
		return;
	}
	pointer_join(at, pointer, name);
	address_write(c, 0, v, at, out, name);
}

char *registration_check(struct field_context *c, const json_t *v, const char *pointer)
{
	static const char *const known[] = {"username", "password", "registrar",
		"failover_registrar", "expires_seconds", "register_failover_seconds", NULL};
	unsigned before = c->problems->count;
	struct json_out out;

	if (!json_is_object(v)) {
		problems_add(
			c->problems, pointer, PROBLEM_WRONG_TYPE, "Must be an object or null.");
		return NULL;
	}
	object_unknown(c, v, pointer, known);
	json_out_init(&out);
	json_out_object(&out, NULL);
	text_write(c, &username_field, v, pointer, &out);
	text_write(c, &password_field, v, pointer, &out);
	registrar_write(c, "registrar", v, pointer, &out);
	registrar_write(c, "failover_registrar", v, pointer, &out);
	seconds_write(c, &expires_field, v, 3600, pointer, &out);
	seconds_write(c, &failover_field, v, 15, pointer, &out);
	json_out_end(&out);
	return written(c, &out, before);
}
