/* trunkguard-api: the HTTP API, and two commands for the machine it runs on. */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/app.h"
#include "api/audit_command.h"
#include "api/auth.h"
#include "api/http_server.h"
#include "api/mass_expiry.h"
#include "api/rate.h"
#include "api/webhook_sender.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/settings.h"
#include "db/mass.h"
#include "db/migrate.h"
#include "db/resource.h"
#include "db/resource_key.h"
#include "db/url.h"

enum { EXIT_USAGE = 2, DRAIN_MS = 8000, MIGRATE_PAUSE_MS = 1000 };

static struct {
	const char *database_url, *data_dir, *realm, *key_name, *days;
	struct listen_address listen;
	struct cidr_list private_targets;
	struct peer_list peers;
	struct bucket_limit rate[RATE_POLICY_COUNT];
	enum log_level log;
	bool operator_key;
} settings;

static const struct setting table[] = {
	{"TRUNKGUARD_DATABASE_URL", "", setting_text_or_empty, &settings.database_url,
		"PostgreSQL's connection string; empty: the private cluster in the data directory"},
	{"TRUNKGUARD_DATA_DIR", "/var/lib/trunkguard", setting_text, &settings.data_dir,
		"where the private cluster is"},
	{"TRUNKGUARD_HTTP_LISTEN", "127.0.0.1:8080", setting_listen, &settings.listen,
		"host:port to listen on; put a TLS proxy in front of anything but the loopback"},
	{"TRUNKGUARD_REALM", "trunkguard", setting_text, &settings.realm,
		"digest realm of SIP passwords; the same for trunkguard-sip"},
	{"TRUNKGUARD_PRIVATE_TARGETS", "", setting_cidrs, &settings.private_targets,
		"comma list of CIDRs that may be PBX, gateway or webhook addresses although not "
		"public"},
	{"TRUNKGUARD_PEERS", "", setting_peers, &settings.peers,
		"SIP addresses of the other trunking servers, as trunkguard-sip has them"},
	{"TRUNKGUARD_RATE_LIMIT", "100:400", setting_rate, &settings.rate[RATE_ACCOUNT],
		"requests a second of each account's key and how many at once, RATE:BURST; 0: any "
		"number"},
	{"TRUNKGUARD_OPERATOR_RATE_LIMIT", "5000:20000", setting_rate,
		&settings.rate[RATE_OPERATOR], "the same for each operator's key"},
	{"TRUNKGUARD_REFUSED_RATE_LIMIT", "50:500", setting_rate, &settings.rate[RATE_REFUSED],
		"the same for requests without a valid key, of each address"},
	{"TRUNKGUARD_LOG", "info", log_level_setting, &settings.log,
		"debug, info, warn or error; JSON lines on standard error"},
	{"--operator", NULL, NULL, &settings.operator_key,
		"key create: a key that sees everything"},
	{"--days", "", setting_text_or_empty, &settings.days,
		"audit forget: of how many days events stay"},
	{"--name", "operator", setting_text, &settings.key_name, "key create: its name"},
};

static const char usage[] =
	"trunkguard-api [OPTION]...                         serves the HTTP API\n"
	"trunkguard-api migrate [OPTION]...                 brings the database to this version\n"
	"trunkguard-api audit verify [OPTION]...            looks for events that were tampered "
	"with\n"
	"trunkguard-api audit forget --days N               drops events that are older\n"
	"trunkguard-api key create --operator [--name NAME] prints a new operator key";

static int migrate(int *applied)
{
	char why[DB_MIGRATE_WHY_MAX] = "";
	int err = db_migrate(settings.database_url, applied, why);

	if (err)
		log_error("migrate", "%s", why);
	return err;
}

/* ---- commands ------------------------------------------------------------------------------ */

static int command_migrate(void)
{
	int applied;

	if (migrate(&applied) != 0)
		return EXIT_FAILURE;
	printf("%d migrations applied\n", applied);
	return EXIT_SUCCESS;
}

static int command_key_create(void)
{
	char key[AUTH_KEY_SIZE], hash[AUTH_HASH_SIZE], id_text[UUID_TEXT_SIZE];
	struct api_key_new new = {
		.name = settings.key_name, .scopes = "{read,write}", .hash = hash, .id = id_text};
	struct resource_row row = {0};
	struct db_error why = {0};
	struct db *db = NULL;
	struct uuid id;
	int applied, err;

	if (migrate(&applied) != 0)
		return EXIT_FAILURE;
	err = auth_key_make(key, &id, hash);
	if (err == 0) {
		uuid_format(&id, id_text);
		err = db_open(&db, settings.database_url, NULL, &why);
	}
	if (err == 0) {
		err = api_key_insert(db, &new, &row);
		why = *db_error(db);
	}
	if (err == 0)
		printf("%s\n", key);
	else
		log_error("key", "no key was made: %s",
			why.message[0] != '\0' ? why.message : strerror(err));
	db_clear(row.result);
	db_close(db);
	return err == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- serving ------------------------------------------------------------------------------- */

/* The schema comes as soon as PostgreSQL does; until then requests are answered 503. */
struct migrator {
	struct app *app;
	pthread_t thread;
	atomic_bool stop, ended;
};

static void *migrator_run(void *arg)
{
	static struct log_kind kind = LOG_KIND("migrate", LOG_LEVEL_WARN);
	struct migrator *m = arg;

	while (!m->stop) {
		char why[DB_MIGRATE_WHY_MAX] = "";

		if (db_migrate(settings.database_url, NULL, why) == 0) {
			m->app->migrated = true;
			break;
		}
		log_limited(&kind, "%s", why);
		for (int i = 0; i < MIGRATE_PAUSE_MS / 50 && !m->stop; i++)
			usleep(50000);
	}
	m->ended = true;
	return NULL;
}

static int migrator_start(struct migrator *m)
{
	return pthread_create(&m->thread, NULL, migrator_run, m);
}

/* A migration under way is not waited for: PostgreSQL takes it back when we are gone. */
static void migrator_stop(struct migrator *m)
{
	m->stop = true;
	for (int i = 0; i < 20 && !m->ended; i++)
		usleep(50000);
	if (!m->ended)
		_exit(EXIT_SUCCESS);
	pthread_join(m->thread, NULL);
}

static int app_init(struct app *app)
{
	static const struct db_options options = {
		.application_name = "trunkguard-api", .quiet = true};
	int err = resource_init();

	app->realm = settings.realm;
	app->private_targets = settings.private_targets;
	app->peers = settings.peers;
	if (err == 0)
		err = auth_new(&app->auth);
	if (err == 0)
		err = rate_new(&app->rate, settings.rate);
	if (err == 0)
		err = db_pool_new(&app->pool, settings.database_url, APP_POOL_SIZE, &options);
	if (err == 0)
		err = db_pool_new(&app->mass_pool, settings.database_url, APP_MASS_POOL_SIZE,
			&mass_db_options);
	if (err == 0)
		err = mass_expiry_start(&app->mass_expiry, app);
	if (err == 0)
		err = webhook_sender_start(&app->webhook_sender, app, settings.database_url);
	if (err == 0)
		err = revision_listener_new(&app->listener, settings.database_url);
	if (err == 0)
		err = http_server_start(
			&app->server, &settings.listen, &http_conn_limits_default, app);
	return err;
}

static void app_fini(struct app *app)
{
	if (app->listener)
		revision_listener_stop(app->listener);
	if (app->server)
		http_server_stop(app->server, DRAIN_MS);
	revision_listener_free(app->listener);
	mass_expiry_stop(app->mass_expiry);
	webhook_sender_stop(app->webhook_sender);
	db_pool_free(app->mass_pool);
	if (app->pool)
		db_pool_free(app->pool);
	rate_free(app->rate);
	auth_free(app->auth);
	resource_fini();
}

static void limits_raise(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int serve(void)
{
	struct app app = {0};
	struct migrator migrator = {.app = &app};
	int err, signal_number = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	limits_raise();
	json_object_seed(0);
	err = app_init(&app);
	if (err == 0)
		err = migrator_start(&migrator);
	if (err == 0) {
		log_info("start", "listens on %s:%s", settings.listen.host, settings.listen.port);
		sigwait(&set, &signal_number);
		log_info("stop", "ends after signal %d", signal_number);
		migrator_stop(&migrator);
	} else {
		log_error("start", "cannot start: %s", strerror(err));
	}
	app_fini(&app);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command line ---------------------------------------------------------------------- */

static int usage_error(const char *message)
{
	fprintf(stderr, "%s; see --help\n", message);
	return EXIT_USAGE;
}

static int command_audit(const char *what)
{
	size_t digits = strspn(settings.days, "0123456789");

	if (strcmp(what, "verify") == 0)
		return audit_verify(settings.database_url);
	if (strcmp(what, "forget") != 0)
		return usage_error("unknown command");
	if (digits == 0 || digits > 5 || settings.days[digits] != '\0')
		return usage_error("audit forget needs --days with a number");
	return audit_forget(settings.database_url, settings.days);
}

static int run(char **word, int words)
{
	bool key = words == 2 && strcmp(word[0], "key") == 0 && strcmp(word[1], "create") == 0;

	if (settings.operator_key && !key)
		return usage_error("--operator goes with key create");
	if (words == 0)
		return serve();
	if (words == 1 && strcmp(word[0], "migrate") == 0)
		return command_migrate();
	if (words == 2 && strcmp(word[0], "audit") == 0)
		return command_audit(word[1]);
	if (!key)
		return usage_error("unknown command");
	if (!settings.operator_key)
		return usage_error(
			"key create needs --operator; accounts' keys are made over HTTP");
	return command_key_create();
}

int main(int argc, char **argv)
{
	char url[DB_URL_MAX];
	int words, rc;

	switch (settings_parse(
		argc, argv, table, sizeof(table) / sizeof(table[0]), usage, &words)) {
	case SETTINGS_HELP:
		return EXIT_SUCCESS;
	case SETTINGS_BAD:
		return EXIT_USAGE;
	default:
		break;
	}
	log_init("trunkguard-api", settings.log);
	if (settings.database_url[0] == '\0') {
		if (db_private_url(settings.data_dir, url) != 0)
			return usage_error("TRUNKGUARD_DATA_DIR is too long");
		settings.database_url = url;
	}
	rc = run(argv + 1, words);
	mem_free(settings.private_targets.item);
	return rc;
}
