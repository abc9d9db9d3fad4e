/*
 * Bindings: where the PBXs of registration-mode SIP accounts are (RFC 3261 section 10). Keyed by the
 * SIP account, in the order in which calls try them: highest q first, then the most recent.
 *
 * A call to a binding has the contact as its Request-URI and the path as its Route set, and is sent to
 * the flow, which the registrar chose (sip/registrar.h).
 *
 * Expiry is in monotonic time, so a jump of the wall clock expires nothing. Everything here belongs to
 * the SIP thread.
 */
#ifndef SIP_BINDING_H
#define SIP_BINDING_H

#include "core/cfg.h"
#include "core/hash.h"
#include "core/wheel.h"
#include "sip/flow.h"

enum {
	BINDING_CONTACT_MAX = 512,
	BINDING_CALL_ID_MAX = 255,
	BINDING_PATH_MAX = 1024,
	BINDING_USER_AGENT_MAX = 255,
	BINDINGS_MAX = 16, /* of one account, whatever the setting */
};

struct binding_owner;

struct binding {
	struct uuid sip_account_id;
	const char *contact; /* a sip or sips URI, without headers */
	const char *path; /* Path values, comma separated, outermost first; "": none */
	const char *call_id;
	const char *user_agent; /* as received, may hold octets that are no text; "": none */
	struct flow flow; /* where calls are sent */
	union net_addr source; /* where the REGISTER came from */
	uint32_t cseq;
	uint16_t q; /* thousandths */
	uint32_t expires_seconds; /* as granted */
	int64_t expires_ms; /* monotonic */
	int64_t registered_wall_ms; /* first time */
	int64_t refreshed_wall_ms;

	/* The store's own. */
	struct binding *next; /* of the same account, next best */
	struct binding_owner *owner;
	struct wheel_timer timer;
	struct hash_link by_conn;
	char text[];
};

enum binding_event {
	BINDING_ADDED,
	BINDING_REFRESHED,
	BINDING_REMOVED, /* by request */
	BINDING_EXPIRED,
	BINDING_DROPPED, /* the account changed, or its connection is gone for good */
};
const char *binding_event_word(enum binding_event ev);

/* Called after the change, for each binding; must not call back into the store. */
typedef void binding_event_h(enum binding_event ev, const struct binding *b, void *arg);

struct binding_store;

/* h NULL: nobody listens. 0, ENOMEM, EIO (no random octets). */
int binding_store_new(struct binding_store **s, struct wheel *wheel, binding_event_h *h, void *arg);
void binding_store_free(struct binding_store *s);

/* One Contact of a REGISTER. */
struct binding_contact {
	struct str uri; /* without headers */
	struct flow flow;
	uint16_t q;
	uint32_t expires_seconds; /* 0: remove */
};

/* A REGISTER that passed every check. */
struct binding_update {
	const struct cfg_sip_account *account;
	const union net_addr *source;
	struct str call_id;
	uint32_t cseq;
	struct str path, user_agent;
	unsigned max; /* bindings of the account afterwards */
	bool star; /* all are removed */
	unsigned count;
	const struct binding_contact *contact;
};

/*
 * All or nothing. ESTALE: a binding has the same Call-ID and this CSeq or a later one. EUSERS: more
 * than max; but the binding of the same source address that was refreshed longest ago gives way
 * first, for that is what a restarted PBX behind NAT leaves behind. ENOMEM.
 */
int binding_update(
	struct binding_store *s, const struct binding_update *u, int64_t now_ms, int64_t wall_ms);

/* In the order of trying. The handler returns non-zero to stop, and must not change the store. */
typedef int binding_h(const struct binding *b, void *arg);
int binding_each(
	const struct binding_store *s, const struct uuid *sip_account_id, binding_h *h, void *arg);
unsigned binding_count(const struct binding_store *s, const struct uuid *sip_account_id);
/* Of all accounts, for metrics and reconciliation. */
size_t binding_total(const struct binding_store *s);
int binding_all(const struct binding_store *s, binding_h *h, void *arg);

/* Does a live binding come from this address? For the guard. */
bool binding_source_known(const struct binding_store *s, const uint8_t source[16]);

/* From net_error_h: the connection is gone. Bindings on it that have no return_port cannot be
 * connected to and are dropped; calls to the others make a new connection. */
void binding_conn_gone(struct binding_store *s, uint32_t conn);

/*
 * After the configuration changed: looks again at up to `max` accounts and drops the bindings of those
 * that are gone, disabled, in IP mode, or have another username or password. True when every account
 * has been looked at since `changed` was last true; call again in the next turn until then.
 */
bool binding_revalidate(struct binding_store *s, const struct cfg *cfg, bool changed, unsigned max);

#endif
