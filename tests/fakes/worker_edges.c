/* What a whole worker needs around it in a scenario: a feed that a test fills by hand, a recorder
 * that keeps call records as text, names that resolve at once or never, a page nobody reads. */
#include "tests/fakes/worker_edges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cfg_record.h"
#include "sip/command.h"
#include "sip/commander.h"
#include "sip/feed.h"
#include "sip/recorder.h"
#include "sip/resolve.h"
#include "sip/statepage.h"

static struct cfg *fake_cfg;
static char fake_cdrs[8192], fake_told[8192];
static struct {
	uint8_t kind;
	uint8_t key[1024];
	size_t key_len;
	uint8_t value[8192];
	size_t value_len;
} fake_kept[64];
static unsigned fake_kept_count;
static uint32_t fake_calls_up;
static int fake_draining;
static struct {
	struct uuid id;
	char text[80];
	char argument[512];
} fake_live[64];
static unsigned fake_live_count, fake_live_newest;
static bool fake_calls_lost, fake_entries_lost;
static struct command *fake_asked;
static char fake_result[COMMAND_RESULT_MAX];

void fake_config(const char *record)
{
	struct cfg_reject why = {{0}};

	if (!fake_cfg)
		fake_cfg = cfg_new();
	if (cfg_record_apply(fake_cfg, record, strlen(record), &why) != 0) {
		fprintf(stderr, "%s: %s\n", record, why.reason);
		abort();
	}
}

void fake_config_forget(void)
{
	if (fake_cfg)
		cfg_free(fake_cfg);
	fake_cfg = NULL;
}

void fake_edges_reset(void)
{
	fake_config_forget();
	fake_cdrs[0] = fake_told[0] = '\0';
	fake_kept_count = 0;
	fake_calls_up = 0;
	fake_live_count = 0;
	fake_calls_lost = fake_entries_lost = false;
	fake_draining = 0;
}

const char *fake_records(void)
{
	return fake_cdrs;
}

uint32_t fake_trunk_calls(void)
{
	return fake_calls_up;
}

unsigned fake_journal_count(uint8_t kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake_kept_count; i++)
		n += fake_kept[i].kind == kind;
	return n;
}

int feed_start(struct feed **feed, const struct feed_config *config)
{
	(void)config;
	*feed = (struct feed *)&fake_cfg;
	return 0;
}

void feed_stop(struct feed *feed)
{
	(void)feed;
}

int feed_fd(const struct feed *feed)
{
	(void)feed;
	return 0;
}

bool feed_poll(struct feed *feed)
{
	(void)feed;
	return true;
}

const struct cfg *feed_cfg(const struct feed *feed)
{
	(void)feed;
	return fake_cfg;
}

const char *feed_revision(const struct feed *feed)
{
	(void)feed;
	return "1-100";
}

int feed_draining(const struct feed *feed)
{
	(void)feed;
	return fake_draining;
}

void feed_health(struct feed *feed, struct feed_health *health)
{
	(void)feed;
	*health = (struct feed_health){.source = FEED_DATABASE, .connected = true};
}

int recorder_start(struct recorder **recorder, const struct recorder_config *config,
	journal_load_h *h, void *arg)
{
	(void)config;
	fake_calls_up = 0;
	*recorder = (struct recorder *)fake_cdrs;
	for (unsigned i = 0; i < fake_kept_count; i++)
		h(fake_kept[i].kind, fake_kept[i].key, fake_kept[i].key_len, fake_kept[i].value,
			fake_kept[i].value_len, arg);
	return 0;
}

void recorder_stop(struct recorder *recorder)
{
	(void)recorder;
}

int recorder_delete(struct recorder *recorder, uint8_t kind, const void *key, size_t key_len)
{
	(void)recorder;
	for (unsigned i = 0; i < fake_kept_count; i++) {
		if (fake_kept[i].kind == kind && fake_kept[i].key_len == key_len &&
			memcmp(fake_kept[i].key, key, key_len) == 0)
			fake_kept[i] = fake_kept[--fake_kept_count];
	}
	return 0;
}

int recorder_put(struct recorder *recorder, uint8_t kind, const void *key, size_t key_len,
	const void *value, size_t value_len)
{
	recorder_delete(recorder, kind, key, key_len);
	if (fake_kept_count == 64 || key_len > sizeof(fake_kept[0].key) ||
		value_len > sizeof(fake_kept[0].value))
		abort();
	fake_kept[fake_kept_count].kind = kind;
	fake_kept[fake_kept_count].key_len = key_len;
	fake_kept[fake_kept_count].value_len = value_len;
	memcpy(fake_kept[fake_kept_count].key, key, key_len);
	memcpy(fake_kept[fake_kept_count].value, value, value_len);
	fake_kept_count++;
	return 0;
}

int recorder_cdr(struct recorder *recorder, const struct cdr *cdr)
{
	size_t n = strlen(fake_cdrs);

	(void)recorder;
	n += (size_t)snprintf(fake_cdrs + n, sizeof(fake_cdrs) - n, "%s/%s %u %s%s",
		cdr->disposition, cdr->cause, cdr->status, cdr->ended_by,
		cdr->failed_over ? " failed_over" : "");
	for (unsigned i = 0; i < cdr->attempts; i++) {
		const struct cdr_attempt *a = &cdr->attempt[i];
		n += (size_t)snprintf(fake_cdrs + n, sizeof(fake_cdrs) - n, "; %s %u %s %s%s",
			a->rule, a->status, a->trigger ? a->trigger : "-", a->cause,
			(int)i == cdr->answered_by ? " answered" : "");
	}
	snprintf(fake_cdrs + n, sizeof(fake_cdrs) - n, "\n");
	return 0;
}

int recorder_event(struct recorder *recorder, const struct worker_event *event)
{
	size_t n = strlen(fake_told);

	(void)recorder;
	snprintf(fake_told + n, sizeof(fake_told) - n, "%s %s\n", event->type, event->data);
	return 0;
}

const char *fake_events(void)
{
	return fake_told;
}

int recorder_binding(struct recorder *recorder, const struct observed_binding *binding)
{
	(void)recorder, (void)binding;
	return 0;
}

int recorder_binding_gone(
	struct recorder *recorder, const struct uuid *sip_account_id, const char *contact)
{
	(void)recorder, (void)sip_account_id, (void)contact;
	return 0;
}

int recorder_health(struct recorder *recorder, const struct observed_health *health)
{
	(void)recorder, (void)health;
	return 0;
}

int recorder_registration(
	struct recorder *recorder, const struct observed_registration *registration)
{
	(void)recorder, (void)registration;
	return 0;
}

int recorder_trunk_calls(struct recorder *recorder, const struct uuid *trunk_id, uint32_t calls_up)
{
	(void)recorder, (void)trunk_id;
	fake_calls_up = calls_up;
	return 0;
}

static unsigned live_find(const struct uuid *id)
{
	unsigned i = 0;

	while (i < fake_live_count && !uuid_equal(&fake_live[i].id, id))
		i++;
	return i;
}

int recorder_call(struct recorder *recorder, const struct observed_call *call)
{
	unsigned i = live_find(&call->id);
	char id[UUID_TEXT_SIZE];

	(void)recorder;
	if (i == 64)
		abort();
	if (i == fake_live_count)
		fake_live_count++;
	fake_live_newest = i;
	fake_live[i].id = call->id;
	uuid_format(&call->id, id);
	snprintf(fake_live[i].text, sizeof(fake_live[i].text), "%s %s %u %s",
		call->outbound ? "outbound" : "inbound", call->answered_ms ? "answered" : "ringing",
		call->attempt_position, call->attempt_kind ? call->attempt_kind : "-");
	snprintf(fake_live[i].argument, sizeof(fake_live[i].argument), "%s\n%s\n%s", id,
		call->caller_tag, call->sip_call_id);
	return 0;
}

int recorder_call_gone(struct recorder *recorder, const struct uuid *id)
{
	unsigned i = live_find(id);

	(void)recorder;
	if (i < fake_live_count)
		fake_live[i] = fake_live[--fake_live_count];
	return 0;
}

bool recorder_calls_lost(struct recorder *recorder)
{
	bool lost = fake_calls_lost;

	(void)recorder;
	fake_calls_lost = false;
	return lost;
}

bool recorder_entries_lost(struct recorder *recorder)
{
	bool lost = fake_entries_lost;

	(void)recorder;
	fake_entries_lost = false;
	return lost;
}

void fake_drain(int draining)
{
	fake_draining = draining;
}

const char *fake_live_calls(void)
{
	static char text[64 * 84];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < fake_live_count; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%s%s", i ? "; " : "", fake_live[i].text);
	return text;
}

const char *fake_hang_up_argument(void)
{
	return fake_live[fake_live_newest].argument;
}

int commander_start(struct commander **commander, const char *url, const char *worker)
{
	(void)url, (void)worker;
	*commander = (struct commander *)&fake_asked;
	return 0;
}

void commander_stop(struct commander *commander)
{
	(void)commander;
}

int commander_fd(const struct commander *commander)
{
	(void)commander;
	return 0;
}

struct queue_node *commander_take(struct commander *commander)
{
	struct command *c = fake_asked;

	(void)commander;
	fake_asked = NULL;
	return c ? &c->node : NULL;
}

void commander_done(struct commander *commander, struct command *command, const char *result)
{
	(void)commander;
	snprintf(fake_result, sizeof(fake_result), "%s", result);
	free(command);
}

const char *fake_command(struct worker *w, const char *kind, const char *argument)
{
	fake_asked = calloc(1, sizeof(*fake_asked));
	if (!fake_asked)
		abort();
	fake_asked->kind = kind;
	fake_asked->argument = argument;
	fake_result[0] = '\0';
	command_ready(0, w);
	return fake_result;
}

void recorder_stats(struct recorder *recorder, struct recorder_stats *stats)
{
	(void)recorder;
	*stats = (struct recorder_stats){0};
}

int resolve_new(struct resolve **r, struct loop *loop, const struct resolve_config *cfg)
{
	(void)loop, (void)cfg;
	*r = (struct resolve *)&fake_cfg;
	return 0;
}

void resolve_free(struct resolve *r)
{
	(void)r;
}

int resolve_try(struct resolve *r, struct str host, uint16_t port, enum transport transport,
	struct resolve_list *list)
{
	(void)r;
	if (net_addr_parse(&list->item[0].addr, host, port ? port : 5060) != 0)
		return ENOENT;
	list->item[0].transport = (uint8_t)transport;
	list->count = 1;
	return 0;
}

int resolve_start(struct resolve *r, struct resolve_query **q, struct str host, uint16_t port,
	enum transport transport, resolve_h *h, void *arg)
{
	(void)r, (void)q, (void)host, (void)port, (void)transport, (void)h, (void)arg;
	return ENOMEM;
}

void resolve_cancel(struct resolve_query *q)
{
	(void)q;
}

const struct resolve_stats *resolve_stats(const struct resolve *r)
{
	static const struct resolve_stats none;

	(void)r;
	return &none;
}

int statepage_new(struct statepage **page, const struct listen_address *listen, char *why)
{
	(void)listen, (void)why;
	*page = (struct statepage *)&fake_cfg;
	return 0;
}

void statepage_free(struct statepage *page)
{
	(void)page;
}

int statepage_publish(struct statepage *page, bool ready, const char *reason, const char *metrics,
	size_t metrics_len)
{
	(void)page, (void)ready, (void)reason, (void)metrics, (void)metrics_len;
	return 0;
}
