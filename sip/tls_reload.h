/* Certificates are read again while calls go on: on a thread of its own, because the SIP thread waits
 * for no disk. What is no use leaves the old ones in force, with a line in the log. */
#ifndef SIP_TLS_RELOAD_H
#define SIP_TLS_RELOAD_H

struct loop;
struct net;
struct tls_reload;
struct tls_settings;

/* All are borrowed. 0 or errno. */
int tls_reload_new(struct tls_reload **r, struct loop *loop, struct net *net,
	const struct tls_settings *settings);
void tls_reload_free(struct tls_reload *r);

/* May be called from a signal handler. */
void tls_reload_ask(struct tls_reload *r);

#endif
