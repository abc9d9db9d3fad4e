/* What the load generator counted. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "bench/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times of one kind, in nanoseconds. */
struct series {
	uint32_t *ns;
	size_t count;
	size_t size;
};

struct figures {
	uint64_t started;
	uint64_t answered;
	uint64_t ok; /* answered, ended, as they should */
	uint64_t failed; /* a final answer of 300 or more */
	uint64_t lost; /* a transaction without its answer */
	uint64_t cut; /* ended by the proxy */
	uint64_t wrong; /* messages that a proxy must not send so */
	uint64_t stray; /* of no call that is known (any more) */
	uint64_t malformed;
	uint64_t invites[PBXS]; /* that reached each PBX, without retransmissions */
	uint64_t resent_invite; /* sent again by the carrier */
	uint64_t resent_bye;
	uint64_t resent_answer; /* 200 sent again by a PBX */
	uint64_t heard_again; /* retransmissions by the proxy */
	uint64_t probes; /* other requests: OPTIONS, CANCEL */
	int last_failure; /* the status code */
	struct series ring; /* INVITE sent to 180 received */
	struct series added; /* the same without the time spent in the PBXs */
	int64_t starting_ns; /* from the first call's start to the last one's */
	int64_t total_ns;
};

/* Room for one time per call; ENOMEM. */
int figures_init(struct figures *figures, uint64_t calls);
void figures_fini(struct figures *figures);
void series_add(struct series *series, int64_t ns);
/* Calls per second that were really started. */
double figures_rate(const struct figures *figures);
void figures_print(struct figures *figures, bool json);

#endif
