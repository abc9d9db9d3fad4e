/* What the load generator was told to do. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { PBXS = 2, EXIT_CALLS = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3, EXIT_PACE = 4 };

/* How a PBX takes an INVITE: a final code of 300 to 699, or one of these. */
enum { PBX_ANSWERS = 200, PBX_SILENT = 0 };

struct options {
	struct sockaddr_in server;
	struct sockaddr_in carrier;
	struct sockaddr_in pbx[PBXS]; /* primary, backup */
	int pbx_takes[PBXS];
	double rate; /* calls per second */
	uint64_t calls;
	uint64_t first_did; /* digits of the first number */
	uint64_t dids;
	uint64_t seed;
	int64_t ring_ms;
	int64_t hold_ms;
	int64_t give_up_ms; /* a transaction without its answer is given up after this */
	bool stop_on_loss;
	bool json;
};

/* Ends the program on --help (0) and on what it cannot understand (2). */
void options_read(struct options *options, int argc, char **argv);

#endif
