/* One suite with one case, which is all that most test programs are. */
#ifndef TESTS_CORE_SUITE_H
#define TESTS_CORE_SUITE_H

#include <check.h>
#include <stdlib.h>

static inline int suite_run(
	const char *name, const TTest *const *test, size_t count, SFun setup, SFun teardown)
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 60);
	if (setup || teardown)
		tcase_add_checked_fixture(tc, setup, teardown);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, test[i]);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define SUITE_RUN(name, setup, ...) SUITE_RUN_BOTH(name, setup, NULL, __VA_ARGS__)

#define SUITE_RUN_BOTH(name, setup, teardown, ...)                                                 \
	suite_run((name), (const TTest *const[]){__VA_ARGS__},                                     \
		sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *), (setup),      \
		(teardown))

#endif
