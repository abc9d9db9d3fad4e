/*
 * A binding as a journal record, so that it survives a restart. The remaining lifetime is told by
 * monotonic time as long as the machine has not been restarted (the boot id says so), which no jump
 * of the wall clock can shorten or stretch; else by the wall clock, never more than was granted.
 */
#ifndef SIP_BINDING_RECORD_H
#define SIP_BINDING_RECORD_H

#include "sip/binding.h"

struct net;

enum {
	BINDING_JOURNAL_KIND = 'b',
	BINDING_KEY_MAX = 16 + BINDING_CONTACT_MAX,
	BINDING_VALUE_MAX = 2400,
};

struct binding_clock {
	int64_t now_ms; /* CLOCK_MONOTONIC */
	int64_t wall_ms;
	uint64_t boot; /* binding_boot_id() */
};

/* A hash of the machine's boot id; 0 when there is none, which matches nothing. */
uint64_t binding_boot_id(void);

/* Lengths of what was written. The key is the same for one account and contact. */
size_t binding_record_key(const struct binding *b, uint8_t key[BINDING_KEY_MAX]);
size_t binding_record_value(const struct binding *b, const struct binding_clock *clock,
	uint8_t value[BINDING_VALUE_MAX]);

/*
 * Puts a binding back; the store's handler is not told. EBADMSG: not a record of ours. ESTALE: it has
 * expired, its stream connection cannot be made again, or no listener of ours fits; delete the
 * record. ENOMEM.
 */
int binding_restore(struct binding_store *s, const void *key, size_t key_len, const void *value,
	size_t value_len, const struct binding_clock *clock, struct net *net);

#endif
