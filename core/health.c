#include "core/health.h"

static bool change(struct health *h, enum health_state to, int64_t now_ms)
{
	if (h->state == to)
		return false;
	h->state = (uint8_t)to;
	h->changed_ms = now_ms;
	return true;
}

static bool held(const struct health *h, int64_t now_ms)
{
	return now_ms < h->retry_ms ||
	       (h->state != HEALTH_UNKNOWN && now_ms - h->changed_ms < HEALTH_HOLD_MS);
}

bool health_ok(struct health *h, int64_t now_ms)
{
	h->failed = 0;
	if (h->ok < HEALTH_RISE)
		h->ok++;
	if (held(h, now_ms) || (h->state == HEALTH_DOWN && h->ok < HEALTH_RISE))
		return false;
	return change(h, HEALTH_UP, now_ms);
}

bool health_failed(struct health *h, int64_t now_ms)
{
	h->ok = 0;
	if (h->failed && now_ms - h->failed_ms < HEALTH_FAILURE_GAP_MS)
		return false;
	h->failed_ms = now_ms;
	if (h->failed < HEALTH_FALL)
		h->failed++;
	if (held(h, now_ms) || h->failed < HEALTH_FALL)
		return false;
	return change(h, HEALTH_DOWN, now_ms);
}

bool health_retry_after(struct health *h, uint32_t seconds, int64_t now_ms)
{
	if (seconds > HEALTH_RETRY_AFTER_MAX_S)
		seconds = HEALTH_RETRY_AFTER_MAX_S;
	h->ok = 0;
	h->retry_ms = now_ms + seconds * INT64_C(1000);
	return change(h, HEALTH_DOWN, now_ms);
}
