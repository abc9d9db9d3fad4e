/* Whose call it is when it comes from an address that IP-mode SIP accounts name. Several may name the same
 * one (two customers' PBXs behind one router): then what the call itself says tells them apart. */
#ifndef TRUNKGUARD_CORE_CALLER_ACCOUNT_H
#define TRUNKGUARD_CORE_CALLER_ACCOUNT_H

#include "core/caller_id.h"

/*
 * Of the accounts with the longest block that holds the address, the first of these that leaves one trunk:
 *
 *   1. they are all of one trunk: its primary
 *   2. those whose trunk owns the number in From or in the asserted identity
 *   3. those that are called at the port which the call comes from
 *
 * 0; ENOENT: nobody names the address; EAGAIN: it stays open, and nobody's call is guessed. Of the two
 * accounts of one trunk the primary is taken: they share all that matters.
 */
int caller_account(const struct cfg *cfg, const uint8_t addr[16], uint16_t port,
	const struct caller_claim *claim, const struct cfg_sip_account **account);

#endif
