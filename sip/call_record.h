/* The record that every call leaves (call detail record), with all its attempts. It is made when
 * nothing more will be tried, kept while the call is up, and handed over when it ends. */
#ifndef SIP_CALL_RECORD_H
#define SIP_CALL_RECORD_H

#include "sip/call.h"

/* One block without pointers, so that the journal can keep it as it is. */
struct call_record_attempt {
	int64_t started_wall_ms; /* 0: never reached */
	uint32_t duration_ms;
	uint16_t status; /* 0: none */
	uint16_t target; /* offset of its text from the start of the record */
	uint8_t kind, rule, trigger, disposition, cause; /* enums of core/plan.h and core/words.h */
};

struct call_record {
	uint32_t size; /* of the block, texts included */
	uint16_t status; /* final response to the caller */
	uint8_t disposition, cause;
	bool failed_over;
	int8_t answered_by; /* index, -1: nobody */
	uint8_t count;
	char revision[32]; /* of the configuration that routed it */
	struct call_record_attempt attempt[];
};

/* The set-up ended with an answer: keeps the record in the call. */
void call_record_answered(struct call *call);
/* Nobody answered: hands the record over. */
void call_record_failed(struct call *call);
/* An answered call is over: hands the record over. */
void call_record_ended(struct call *call, enum call_end by);

/* Is this a whole record? For what comes from disk. */
bool call_record_valid(const struct call_record *r, size_t size);

#endif
