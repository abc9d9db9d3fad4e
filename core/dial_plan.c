#include "core/dial_plan.h"

#include <string.h>

#include "core/mem.h"

static const char *const app_words[DIAL_APP_COUNT] = {
	"ring", "forward", "schedule", "media", "reject"};

const char *dial_app_word(enum dial_app app)
{
	return (unsigned)app < DIAL_APP_COUNT ? app_words[app] : "";
}

int dial_app_parse(const char *word)
{
	for (int i = 0; i < DIAL_APP_COUNT; i++)
		if (!strcmp(app_words[i], word))
			return i;
	return -1;
}

bool dial_internal_ok(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '*' && (text[i] < '0' || text[i] > '9'))
			return false;
	return len >= 1 && len <= DIAL_INTERNAL_MAX;
}

void dial_target_fini(struct dial_target *t)
{
	mem_free(t->internal);
	dial_sip_uri_fini(&t->sip_uri);
	*t = (struct dial_target){0};
}

/* At most DIAL_DEPTH_MAX deep. */
static void step_fini(struct dial_step *s)
{
	active_times_fini(&s->active_times);
	for (unsigned i = 0; i < s->target_count; i++)
		dial_target_fini(&s->target[i]);
	mem_free(s->target);
	dial_steps_fini(&s->then_steps);
	dial_steps_fini(&s->else_steps);
	mem_free(s->reason);
}

void dial_steps_fini(struct dial_steps *steps)
{
	for (unsigned i = 0; i < steps->count; i++)
		step_fini(&steps->item[i]);
	mem_free(steps->item);
	*steps = (struct dial_steps){0};
}

void forwarding_fini(struct forwarding *f)
{
	mem_free(f->designation);
	dial_target_fini(&f->target);
	active_times_fini(&f->active_times);
	*f = (struct forwarding){0};
}

void forwardings_free(struct forwarding *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		forwarding_fini(&list[i]);
	mem_free(list);
}
