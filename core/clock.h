/* The two clocks, for the rooms above core: what core decides takes the time as an argument. */
#ifndef TRUNKGUARD_CORE_CLOCK_H
#define TRUNKGUARD_CORE_CLOCK_H

#include <stdint.h>

/* Milliseconds since an unknown start; never goes back: for deadlines. */
int64_t clock_ms(void);
/* Milliseconds since 1970 UTC; may jump: for records. */
int64_t clock_wall_ms(void);

#endif
