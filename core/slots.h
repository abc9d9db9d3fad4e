/* Concurrent-call slots, exact by construction: a slot is the id of a call in a set, never a number
 * that is counted up and down. Taking or releasing twice changes nothing. */
#ifndef TRUNKGUARD_CORE_SLOTS_H
#define TRUNKGUARD_CORE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/uuid.h"

struct slots;

struct slots *slots_new(const uint8_t key[16]); /* NULL: no memory */
void slots_free(struct slots *s);

/* 0: the call holds a slot of the trunk. EBUSY: all `limit` are held. ENOMEM. */
int slots_take(struct slots *s, const struct uuid *trunk, const struct uuid *call, uint32_t limit);
void slots_release(struct slots *s, const struct uuid *trunk, const struct uuid *call);
/* How many are held. */
uint32_t slots_count(const struct slots *s, const struct uuid *trunk);

/* Every trunk of which slots are held. */
typedef void slots_each_h(const struct uuid *trunk, uint32_t count, void *arg);
void slots_each(const struct slots *s, slots_each_h *h, void *arg);

#endif
