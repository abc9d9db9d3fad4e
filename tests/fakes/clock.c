/* A clock that stands still until a test moves it: stands in for core/clock.c. */
#include "core/clock.h"

static int64_t fake_clock_ms = 5000000;

static inline void fake_clock_advance(int64_t ms)
{
	fake_clock_ms += ms;
}

int64_t clock_ms(void)
{
	return fake_clock_ms;
}

int64_t clock_wall_ms(void)
{
	return 1700000000000 + fake_clock_ms;
}
