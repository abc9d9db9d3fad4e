#include "core/trunk_health.h"

static bool patient(struct trunk_health *h, int64_t ms, int64_t now_ms)
{
	if (!h->waits) {
		h->waits = true;
		h->since_ms = now_ms;
	}
	return now_ms - h->since_ms < ms;
}

static enum trunk_change change(struct trunk_health *h, enum trunk_state to, int64_t now_ms)
{
	h->state = (uint8_t)to;
	h->waits = false;
	if (to == TRUNK_UP)
		return TRUNK_CAME_UP;
	h->down_ms = now_ms;
	h->was_down = true;
	return TRUNK_WENT_DOWN;
}

enum trunk_change trunk_health_see(struct trunk_health *h, enum trunk_sight sight, int64_t now_ms)
{
	if (sight == SIGHT_UNKNOWN)
		return TRUNK_SAME;
	switch ((enum trunk_state)h->state) {
	case TRUNK_UP:
		if (sight == SIGHT_GOOD)
			break;
		if (patient(h, TRUNK_DOWN_MS, now_ms) ||
			(h->was_down && now_ms - h->down_ms < TRUNK_AGAIN_MS))
			return TRUNK_SAME;
		return change(h, TRUNK_DOWN, now_ms);
	case TRUNK_DOWN:
		if (sight == SIGHT_BAD)
			break;
		if (patient(h, TRUNK_UP_MS, now_ms))
			return TRUNK_SAME;
		return change(h, TRUNK_UP, now_ms);
	case TRUNK_UNKNOWN:
	case TRUNK_STATE_COUNT:
		if (sight == SIGHT_GOOD)
			h->state = TRUNK_UP;
		break;
	}
	h->waits = false;
	return TRUNK_SAME;
}
