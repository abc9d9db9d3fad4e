#include "core/log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[8192];
static int saved, caught;

static void catch_begin(void)
{
	char path[] = "/tmp/test_log.XXXXXX";

	caught = mkstemp(path);
	ck_assert_int_ge(caught, 0);
	unlink(path);
	saved = dup(2);
	dup2(caught, 2);
}

static void catch_end(void)
{
	ssize_t n;

	dup2(saved, 2);
	close(saved);
	n = pread(caught, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(caught);
}

START_TEST(test_line)
{
	log_init("test", LOG_LEVEL_INFO);
	catch_begin();
	log_info("start", "listens on %s", "127.0.0.1:1");
	log_debug("start", "unseen");
	catch_end();
	ck_assert_ptr_nonnull(
		strstr(said, "\"level\":\"info\",\"program\":\"test\",\"kind\":\"start\","
			     "\"message\":\"listens on 127.0.0.1:1\"}\n"));
	ck_assert_ptr_null(strstr(said, "unseen"));
	ck_assert_int_eq(strncmp(said, "{\"time\":\"20", 11), 0);
}
END_TEST

START_TEST(test_hostile_text)
{
	const char *p;

	catch_begin();
	log_warn("input", "%s", "a\"b\\c\r\nd\x7f\xff\xed\xa0\x80 \xc3\xa9");
	catch_end();
	ck_assert_ptr_nonnull(strstr(
		said, "a\\\"b\\\\c\\u000d\\u000ad\\u007f\\ufffd\\ufffd\\ufffd\\ufffd \xc3\xa9\"}"));
	p = strchr(said, '\n');
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p[1], '\0');
}
END_TEST

START_TEST(test_long_text_is_cut)
{
	char text[3000];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	catch_begin();
	log_error("input", "%s", text);
	catch_end();
	ck_assert_uint_le(strlen(said), LOG_LINE_MAX);
	ck_assert_str_eq(said + strlen(said) - 3, "\"}\n");
}
END_TEST

START_TEST(test_limited)
{
	static struct log_kind kind = LOG_KIND("flood", LOG_LEVEL_WARN);
	unsigned lines = 0;

	catch_begin();
	ck_assert(log_limited(&kind, "bad thing %d", 0));
	for (int i = 1; i <= 1000; i++)
		log_limited(&kind, "bad thing %d", i);
	kind.next_ms = 0;
	ck_assert(log_limited(&kind, "later"));
	catch_end();
	for (const char *p = said; (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_ge(lines, 2);
	ck_assert_uint_lt(lines, 100);
	ck_assert_ptr_nonnull(strstr(said, "later\",\"suppressed\":"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_test(tc, test_line);
	tcase_add_test(tc, test_hostile_text);
	tcase_add_test(tc, test_long_text_is_cut);
	tcase_add_test(tc, test_limited);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
