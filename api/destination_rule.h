/* What a request is told about a number that the account's destination rules deny. */
#ifndef TRUNKGUARD_API_DESTINATION_RULE_H
#define TRUNKGUARD_API_DESTINATION_RULE_H

#include "api/problem.h"
#include "core/destination.h"

/* Adds nothing for DESTINATION_OK. */
void destination_problem(
	struct problems *problems, const char *pointer, enum destination_verdict verdict);

#endif
