/* Where a message goes: from the wire through guard and scanner to the transactions, and a new
 * request from there to the registrar, the dialogs, or the set-up of a call. */
#ifndef SIP_DISPATCH_H
#define SIP_DISPATCH_H

#include "sip/txn.h"

struct worker;

/* net_recv_h and net_error_h; arg is the worker. */
void dispatch_recv(const char *buf, size_t len, const struct flow *from, void *arg);
void dispatch_error(const struct flow *peer, int err, void *arg);

/* For txn_layer_new() with the worker as its arg. */
extern const struct txn_handlers dispatch_handlers;

#endif
