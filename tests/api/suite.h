/* The main() of a libcheck program with one test case. */
#ifndef TESTS_API_SUITE_H
#define TESTS_API_SUITE_H

#include <check.h>

#define SUITE_MAIN(name, ...)                                                                      \
	int main(void)                                                                             \
	{                                                                                          \
		Suite *s = suite_create(name);                                                     \
		TCase *tc = tcase_create(name);                                                    \
		SRunner *r = srunner_create(s);                                                    \
		int failed;                                                                        \
                                                                                                   \
		suite_add_tcase(s, tc);                                                            \
		tcase_set_timeout(tc, 60);                                                         \
		__VA_ARGS__;                                                                       \
		srunner_run_all(r, CK_NORMAL);                                                     \
		failed = srunner_ntests_failed(r);                                                 \
		srunner_free(r);                                                                   \
		return failed == 0 ? 0 : 1;                                                        \
	}

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

#endif
