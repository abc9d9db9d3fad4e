#include <errno.h>

#include "api/explain_parts.h"
#include "core/attempt_target.h"
#include "core/cfg_record.h"
#include "core/log.h"

int explain_record_take(const char *line, size_t len, void *cfg)
{
	struct cfg_reject reject;
	char name[64];
	int err = cfg_record_apply(cfg, line, len, &reject);

	if (err == ENOMEM)
		return err;
	if (err) {
		cfg_record_name(line, len, name, sizeof(name));
		log_warn("explain", "%s: %s", name, reject.reason);
	}
	return 0;
}

void explain_id_write(
	struct json_out *j, const char *key, const char *prefix, const struct uuid *id)
{
	char text[UUID_ID_SIZE];

	if (uuid_is_zero(id)) {
		json_out_null(j, key);
		return;
	}
	uuid_format_id(prefix, id, text);
	json_out_str(j, key, text);
}

void explain_number_write(struct json_out *j, const char *key, e164_t number)
{
	char text[E164_TEXT_SIZE];

	e164_format(number, text);
	json_out_str(j, key, number == 0 ? NULL : text);
}

void explain_refusal_write(struct json_out *j, const char *refusal, unsigned status)
{
	json_out_str(j, "refusal", refusal);
	if (status == 0)
		json_out_null(j, "status");
	else
		json_out_uint(j, "status", status);
}

static void triggers_write(struct json_out *j, trigger_set set)
{
	json_out_array(j, "triggers");
	for (enum trigger t = 0; t < TRIGGER_COUNT; t++) {
		if (set & TRIGGER_BIT(t))
			json_out_str(j, NULL, trigger_word(t));
	}
	json_out_end(j);
}

void explain_attempt_write(struct json_out *j, const struct cfg *cfg, const struct attempt *a,
	unsigned index, const char *proven)
{
	static const struct uuid none;
	const struct cfg_gateway *gw = cfg_gateway(cfg, &a->gateway_id);
	char target[ATTEMPT_TARGET_SIZE];

	attempt_target(a, target);
	json_out_object(j, NULL);
	json_out_uint(j, "position", index + 1);
	json_out_str(j, "kind", attempt_kind_word(a->kind));
	json_out_str(j, "target", target);
	json_out_str(j, "gateway", gw && !a->stranger ? gw->name : NULL);
	json_out_str(j, "rule", plan_rule_word(a->rule));
	json_out_bool(j, "available", a->unavailable == TRIGGER_NONE);
	json_out_str(j, "unavailable_because",
		a->unavailable == TRIGGER_NONE ? NULL : trigger_word(a->unavailable));
	json_out_uint(j, "first_response_seconds", a->first_response_seconds);
	json_out_uint(j, "ring_seconds", a->ring_seconds);
	explain_id_write(j, "dial_plan_id", "dp", a->stranger ? &none : &a->dial_plan_id);
	if (a->group)
		json_out_uint(j, "rings_with", a->group);
	else
		json_out_null(j, "rings_with");
	json_out_str(j, "last_proven_at", *proven ? proven : NULL);
	triggers_write(j, a->triggers | a->leave_triggers);
	json_out_end(j);
}
