/* Fire drills: asks backup targets by OPTIONS over the very way that a call would take, each of their
 * addresses in turn until one answers, and tells what it found as events.
 *
 *   backup.proven   any final response but 408 and 5xx (501 is an answer: who says so is there)
 *   backup.failed   nothing else came
 *
 * data: fire_drill_id, kind, target, status, rtt_ms, reason (a trigger's word). Everything belongs to the SIP
 * thread, which never waits. */
#ifndef SIP_FIRE_DRILL_H
#define SIP_FIRE_DRILL_H

struct command;
struct fire_drills;
struct worker;

int fire_drills_new(struct fire_drills **drills, struct worker *w);
/* What is under way is forgotten. */
void fire_drills_free(struct fire_drills *drills);

/* The command "fire_drill": the ids of drill, account and trunk ("-": none) and the DID ("-"), a line each,
 * then a line for each target: kind, target and place, parted by tabs. Results: "done", "malformed",
 * "busy". */
void fire_drill_command(struct worker *w, struct command *c);

#endif
