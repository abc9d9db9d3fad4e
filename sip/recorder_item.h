/* What travels from the SIP thread to the recorder: one allocation each, texts behind it. */
#ifndef TRUNKGUARD_SIP_RECORDER_ITEM_H
#define TRUNKGUARD_SIP_RECORDER_ITEM_H

#include "sip/queue.h"
#include "sip/recorder.h"

enum recorder_item_kind {
	ITEM_PUT,
	ITEM_DELETE,
	ITEM_CDR,
	ITEM_BINDING,
	ITEM_BINDING_GONE,
	ITEM_HEALTH,
	ITEM_REGISTRATION,
	ITEM_CALLS,
	ITEM_CALL,
	ITEM_CALL_GONE,
	ITEM_EVENT
};

struct recorder_item {
	struct queue_node node; /* first, so that a node is its item */
	enum recorder_item_kind kind;
	union {
		struct {
			uint8_t kind;
			size_t key_len, value_len; /* both behind the item */
		} entry;
		struct cdr cdr;
		struct observed_binding binding; /* ITEM_BINDING_GONE: id and contact only */
		struct observed_health health;
		struct observed_registration registration;
		struct {
			struct uuid trunk_id;
			uint32_t calls_up;
		} calls;
		struct observed_call call; /* ITEM_CALL_GONE: the id only */
		struct worker_event event;
	};
	char text[];
};

/* Copies; NULL without memory. Free with mem_free(). */
struct recorder_item *recorder_item_entry(enum recorder_item_kind kind, uint8_t entry_kind,
	const void *key, size_t key_len, const void *value, size_t value_len);
struct recorder_item *recorder_item_cdr(const struct cdr *cdr);
struct recorder_item *recorder_item_event(const struct worker_event *event);
struct recorder_item *recorder_item_binding(
	enum recorder_item_kind kind, const struct observed_binding *binding);
struct recorder_item *recorder_item_health(const struct observed_health *health);
struct recorder_item *recorder_item_call(
	enum recorder_item_kind kind, const struct observed_call *call);
struct recorder_item *recorder_item_registration(const struct observed_registration *registration);
struct recorder_item *recorder_item_calls(const struct uuid *trunk_id, uint32_t calls_up);

#endif
