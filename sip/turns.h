/* Whose turn it is on trunks whose SIP accounts take turns: for each trunk how many calls took one,
 * which core/plan.h turns into an account. Calls of all DIDs of a trunk count together. It starts
 * anew with the process: one call then goes where the last one went. */
#ifndef SIP_TURNS_H
#define SIP_TURNS_H

#include <stdint.h>

#include "core/cfg.h"
#include "core/uuid.h"

struct turns;

struct turns *turns_new(const uint8_t key[16]); /* NULL: no memory */
void turns_free(struct turns *t); /* NULL is ignored */

uint32_t turns_now(const struct turns *t, const struct uuid *trunk);
/* A call took its turn. Without memory the same account is next again. Trunks that the
 * configuration no longer has are forgotten now and then. */
void turns_take(struct turns *t, const struct uuid *trunk, const struct cfg *cfg);

#endif
