#include "api/destination_rule.h"

void destination_problem(
	struct problems *problems, const char *pointer, enum destination_verdict verdict)
{
	if (verdict == DESTINATION_OK)
		return;
	problems_add(problems, pointer,
		verdict == DESTINATION_EMERGENCY ? PROBLEM_EMERGENCY_NUMBER
						 : PROBLEM_DESTINATION_DENIED,
		"%s", destination_verdict_text(verdict));
}
