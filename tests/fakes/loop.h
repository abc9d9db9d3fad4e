/* A loop whose clock a test moves: see tests/fakes/loop.c. */
#ifndef TESTS_FAKES_LOOP_H
#define TESTS_FAKES_LOOP_H

#include "sip/loop.h"

/* Time goes on by ms; every timer on the way fires at its time. */
void fake_loop_wait(struct loop *loop, int64_t ms);

#endif
