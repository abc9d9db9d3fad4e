/* What the SIP thread does with commands (sip/commander.h): one handler for each kind.
 *
 *   fire_drill   sip/fire_drill.h
 *   hang_up   argument: the call's UUID, the caller's tag and the Call-ID, a line each
 *             results: "hung_up", "no_such_call"
 *
 * A handler answers by commander_done(), at once or when its work is through. "unknown_kind" answers
 * what is not in the table. */
#ifndef SIP_COMMAND_H
#define SIP_COMMAND_H

#include <stdint.h>

struct worker;

/* A loop_fd_h for commander_fd(); arg is the worker. */
void command_ready(uint32_t events, void *arg);

#endif
