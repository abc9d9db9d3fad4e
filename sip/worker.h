/* The routing worker: everything that the SIP thread owns, put together. */
#ifndef SIP_WORKER_H
#define SIP_WORKER_H

#include "core/cfg.h"
#include "core/log.h"
#include "core/plan.h"
#include "core/settings.h"
#include "core/slots.h"
#include "sip/binding.h"
#include "sip/call.h"
#include "sip/failover_leg.h"
#include "sip/guard.h"
#include "sip/loop.h"
#include "sip/registrar.h"
#include "sip/tls.h"
#include "sip/verdict.h"

struct commander;
struct failover_caps;
struct fire_drills;
struct feed;
struct net;
struct digest;
struct prober;
struct recorder;
struct registrant;
struct resolve;
struct statepage;
struct tls_reload;
struct trunk_watch;
struct turns;
struct txn_layer;

struct worker_settings {
	const char *database_url;
	const char *data_dir;
	const char *name;
	const char *realm;
	const char *advertise; /* "": the listening address */
	const char *dns; /* "": resolv.conf */
	struct listen_list sip_listen;
	struct tls_settings tls;
	struct listen_address http_listen;
	struct cidr_list private_targets;
	struct peer_list peers;
	unsigned probe_seconds; /* between in-dialog probes; 0: none */
	enum log_level log_level;
};

struct worker_stats {
	uint64_t faults[SIP_FAULT_COUNT]; /* refused by the scanner */
	uint64_t unanswered; /* refused, and not even worth or able to be told */
	uint64_t drained; /* calls refused because it drains */
	uint64_t forbidden; /* relaying, or calling without being a gateway */
};

struct worker {
	const struct worker_settings *settings;
	struct loop *loop;
	struct net *net;
	struct tls_reload *tls_reload; /* NULL: there is no certificate */
	struct txn_layer *txn;
	struct resolve *resolve;
	const struct cfg *cfg; /* the feed's; an empty one before the first */
	struct cfg *no_cfg;
	struct loop_fd feed_fd;
	struct calls calls;
	struct slots *slots;
	struct failover_caps *caps; /* on paid failover legs */
	struct failover_leg_stats leg_stats;
	struct trunk_watch *trunk_watch;
	struct fire_drills *fire_drills;
	struct turns *turns; /* of trunks in a load balancing mode */
	struct auth *auth;
	struct binding_store *bindings;
	struct registrar *registrar;
	struct registrar_answer registrar_answer;
	struct guard *guard;
	struct prober *prober;
	struct digest *digest; /* as a client */
	struct registrant *registrant;
	struct statepage *page;
	struct feed *feed;
	struct recorder *recorder;
	struct commander *commander;
	struct loop_fd command_fd;
	struct cidr_list private_targets;
	int64_t probe_ms; /* 0: answered calls are not probed */
	uint8_t hash_key[16];
	uint64_t boot_id;
	uint64_t branches; /* made so far */
	int64_t started_ms;
	bool draining; /* as of the last worker_draining() */
	bool revalidate; /* bindings are being held against a changed configuration */
	struct wheel_timer second; /* each second */
	struct worker_stats stats;
	char *out; /* FORWARD_MAX octets: the message being built */
};

/* Never fails by halves: 0, or errno with the reason logged. */
int worker_new(struct worker **w, const struct worker_settings *settings);
void worker_free(struct worker *w);
/* Until loop_stop(). */
int worker_run(struct worker *w);
/* Says good-bye to registrars, which takes two seconds at most, or until another loop_stop(). */
void worker_leave(struct worker *w);
/* Certificates are read again; may be called from a signal handler. */
void worker_reload(struct worker *w);

/* A branch that no other request has; it carries a mark of the DID (0: none), by which an INVITE
 * that comes back is known. text: BRANCH_MAX octets. */
struct str worker_branch(struct worker *w, e164_t did, char *text);
/* Did this INVITE pass here before for the same DID? (RFC 3261 16.3 item 4) */
bool worker_is_loop(const struct worker *w, const struct sip_msg *m, e164_t did);
void worker_uuid(struct worker *w, struct uuid *id);

/* What plan_build() asks. */
void worker_observe(struct worker *w, const struct cfg_trunk *trunk,
	const struct cfg_sip_account *acc, struct observation *obs);
/* Calls of the trunk came or went. */
void worker_trunk_changed(struct worker *w, const struct uuid *trunk_id);
/* The enabled gateway that calls from there come through, by its inbound_ip_addresses or because we are
 * registered with it at that address; NULL: none. */
const struct cfg_gateway *worker_gateway(const struct worker *w, const struct flow *from);
/* Shall it take no new calls? Kept in the journal, for a start without PostgreSQL. */
bool worker_draining(struct worker *w);
/* Does a registered PBX send from there? */
bool worker_binding_source(const struct worker *w, const struct flow *from);

#endif
