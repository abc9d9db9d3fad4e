/* trunkguard-sip: the routing worker. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/url.h"
#include "sip/loop.h"
#include "sip/worker.h"

static struct worker_settings settings;
static char host_name[64];
static char url[DB_URL_MAX];

static const struct setting table[] = {
	{"TRUNKGUARD_DATABASE_URL", "", setting_text_or_empty, &settings.database_url,
		"PostgreSQL, as a connection URI; default: the private cluster in the data "
		"directory"},
	{"TRUNKGUARD_DATA_DIR", "/var/lib/trunkguard", setting_text, &settings.data_dir,
		"where the last good configuration, the journal and spooled records are kept"},
	{"TRUNKGUARD_SIP_LISTEN", "udp:127.0.0.1:5060,tcp:127.0.0.1:5060", setting_sip_listen,
		&settings.sip_listen, "where SIP is spoken: a comma list of transport:host:port"},
	{"TRUNKGUARD_TLS_CERTIFICATE", "", setting_text_or_empty, &settings.tls.certificate,
		"our certificate and the chain behind it, a PEM file; needed by tls: listeners; "
		"read "
		"again on SIGHUP"},
	{"TRUNKGUARD_TLS_KEY", "", setting_text_or_empty, &settings.tls.key,
		"its private key, a PEM file; default: in the certificate's file"},
	{"TRUNKGUARD_TLS_CA", "", setting_text_or_empty, &settings.tls.ca,
		"the CAs that are trusted, a PEM file; default: those of the system"},
	{"TRUNKGUARD_TLS_VERIFY", "name", setting_tls_verify, &settings.tls.verify,
		"what is asked of the certificates of those we connect to: name (RFC 5922), "
		"wildcard "
		"(*.example will do), chain (any name), none"},
	{"TRUNKGUARD_TLS_CLIENT_VERIFY", "none", setting_tls_client_verify,
		&settings.tls.client_verify,
		"are those who connect to us asked for a certificate: none, optional, required"},
	{"TRUNKGUARD_WORKER_HTTP_LISTEN", "127.0.0.1:8081", setting_listen, &settings.http_listen,
		"where /healthz, /readyz and /metrics are served"},
	{"TRUNKGUARD_WORKER_NAME", host_name, setting_text, &settings.name,
		"this worker's name in /v1/sync"},
	{"TRUNKGUARD_REALM", "trunkguard", setting_text, &settings.realm, "digest realm"},
	{"TRUNKGUARD_ADVERTISE", "", setting_text_or_empty, &settings.advertise,
		"the address in Via and Record-Route, if not the listening one: a comma list of "
		"host[:port], with udp:, tcp: or tls: in front for that transport only"},
	{"TRUNKGUARD_PEERS", "", setting_peers, &settings.peers,
		"SIP addresses of the other trunking servers: a comma list of address[:port], with "
		"tcp: or tls: in front if it is not UDP"},
	{"TRUNKGUARD_PRIVATE_TARGETS", "", setting_cidrs, &settings.private_targets,
		"CIDRs that calls may be sent to although they are not public"},
	{"TRUNKGUARD_DNS", "", setting_text_or_empty, &settings.dns,
		"DNS server, address or address@port, instead of those of resolv.conf"},
	{"TRUNKGUARD_PROBE_SECONDS", "60", setting_seconds, &settings.probe_seconds,
		"between two probes of an answered call, 0 for none"},
	{"TRUNKGUARD_LOG", "info", log_level_setting, &settings.log_level,
		"debug, info, warn or error"},
};

static struct worker *running;

static void on_signal(int sig)
{
	if (sig == SIGHUP)
		worker_reload(running);
	else
		loop_stop(running->loop);
}

static void catch_signals(struct worker *w)
{
	struct sigaction caught = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	running = w;
	sigaction(SIGTERM, &caught, NULL);
	sigaction(SIGINT, &caught, NULL);
	sigaction(SIGHUP, &caught, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int main(int argc, char **argv)
{
	struct worker *w;
	int words, err;

	if (gethostname(host_name, sizeof(host_name) - 1) != 0 || host_name[0] == '\0')
		snprintf(host_name, sizeof(host_name), "worker");
	switch (settings_parse(argc, argv, table, sizeof(table) / sizeof(table[0]),
		"trunkguard-sip [options]\n\nThe SIP routing worker.", &words)) {
	case SETTINGS_HELP:
		return 0;
	case SETTINGS_BAD:
		return 2;
	default:
		break;
	}
	if (words > 0) {
		fprintf(stderr, "unknown word %s; see --help\n", argv[1]);
		return 2;
	}
	log_init("trunkguard-sip", settings.log_level);
	if (settings.database_url[0] == '\0') {
		if (db_private_url(settings.data_dir, url) != 0) {
			fprintf(stderr, "TRUNKGUARD_DATA_DIR is too long\n");
			return 2;
		}
		settings.database_url = url;
	}
	err = worker_new(&w, &settings);
	if (err)
		return err == EINVAL || err == EPROTONOSUPPORT ? 2 : 1;
	catch_signals(w);
	log_info("ready", "%s listens on %u addresses", settings.name, settings.sip_listen.count);
	err = worker_run(w);
	if (!err)
		worker_leave(w);
	log_info("stop", "%s ends", settings.name);
	worker_free(w);
	return err ? 1 : 0;
}
