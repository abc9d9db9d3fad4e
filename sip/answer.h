/* Responses of our own to a request that has a server transaction. */
#ifndef SIP_ANSWER_H
#define SIP_ANSWER_H

#include "sip/reply.h"
#include "sip/txn.h"

struct worker;

/* extra: header lines, each with CRLF; NULL: none. */
void answer(struct worker *w, struct txn_server *st, const struct sip_msg *m,
	const struct flow *from, unsigned code, const char *reason, const char *extra);

/* The same from parts; To tag and source are filled in. */
void answer_with(struct worker *w, struct txn_server *st, const struct sip_msg *m,
	const struct flow *from, struct sip_reply r);

/* 503: others shall take it: the carrier goes to the next server, who probes sees that this one is out. */
void answer_draining(
	struct worker *w, struct txn_server *st, const struct sip_msg *m, const struct flow *from);

/* The usual reason phrase of a code that the worker makes itself. */
const char *answer_reason(unsigned code);

#endif
