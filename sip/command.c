#include "sip/command.h"

#include <string.h>

#include "core/log.h"
#include "sip/commander.h"
#include "sip/fire_drill.h"
#include "sip/setup.h"
#include "sip/watch.h"
#include "sip/worker.h"

typedef void command_h(struct worker *w, struct command *c);

/* The next line of *text; empty at its end. */
static struct str line_next(const char **text)
{
	const char *begin = *text;
	size_t len = strcspn(begin, "\n");

	*text = begin + len + (begin[len] == '\n');
	return (struct str){begin, len};
}

static void hang_up_command(struct worker *w, struct command *c)
{
	const char *rest = c->argument;
	struct str id_text = line_next(&rest), tag = line_next(&rest), call_id = line_next(&rest);
	struct call *call = call_find(w, call_id, tag);
	struct uuid id;

	if (!call || call->ended || uuid_parse(id_text.p, id_text.len, &id) ||
		!uuid_equal(&id, &call->id)) {
		commander_done(w->commander, c, "no_such_call");
		return;
	}
	if (call->setup)
		setup_hang_up(call);
	else
		watch_hang_up(call);
	commander_done(w->commander, c, "hung_up");
}

static const struct {
	const char *kind;
	command_h *h;
} kinds[] = {
	{"fire_drill", fire_drill_command},
	{"hang_up", hang_up_command},
};

static void run(struct worker *w, struct command *c)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].kind, c->kind) == 0) {
			log_info("command", "%s %s", c->kind, c->id);
			kinds[i].h(w, c);
			return;
		}
	}
	commander_done(w->commander, c, "unknown_kind");
}

void command_ready(uint32_t events, void *arg)
{
	struct worker *w = arg;

	(void)events;
	for (struct queue_node *node = commander_take(w->commander), *next; node; node = next) {
		next = node->next;
		run(w, (struct command *)(void *)node);
	}
}
