/* The worker's page over real HTTP: what was published, and what it refuses. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/settings.h"
#include "sip/flow.h"
#include "sip/statepage.h"

static char answer[8192];

static const char *ask(struct statepage *page, const char *request)
{
	union net_addr addr;
	size_t len = 0;
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(net_addr_parse(&addr, str_lit("127.0.0.1"), statepage_port(page)), 0);
	ck_assert_int_eq(connect(fd, &addr.sa, sizeof(addr.in)), 0);
	ck_assert_int_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	answer[len] = '\0';
	return answer;
}

static const char *get(struct statepage *page, const char *path)
{
	char request[256];

	snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	return ask(page, request);
}

static struct statepage *page_new(void)
{
	struct listen_address at = {.host = "127.0.0.1", .port = "0"};
	char why[STATEPAGE_WHY_MAX];
	struct statepage *page;

	ck_assert_int_eq(statepage_new(&page, &at, why), 0);
	return page;
}

#define ck_assert_starts(text, start)                                                              \
	ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "%s", text)

START_TEST(it_says_what_was_published_last)
{
	struct statepage *page = page_new();

	ck_assert_starts(get(page, "/healthz"), "HTTP/1.1 200");
	ck_assert_starts(get(page, "/readyz"), "HTTP/1.1 503");
	ck_assert_int_eq(statepage_publish(page, false, "no configuration yet", "a 1\n", 4), 0);
	get(page, "/readyz");
	ck_assert_starts(answer, "HTTP/1.1 503");
	ck_assert_ptr_nonnull(strstr(answer, "no configuration yet"));
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(statepage_publish(page, true, "", "a 2\n", 4), 0);
	ck_assert_starts(get(page, "/readyz"), "HTTP/1.1 200");
	get(page, "/metrics");
	ck_assert_ptr_nonnull(strstr(answer, "version=0.0.4"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\na 2\n"));
	statepage_free(page);
}
END_TEST

START_TEST(it_refuses_the_rest)
{
	struct statepage *page = page_new();

	ck_assert_starts(get(page, "/"), "HTTP/1.1 404");
	ck_assert_starts(get(page, "/metrics/../healthz"), "HTTP/1.1 404");
	ask(page, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	ck_assert_starts(answer, "HTTP/1.1 405");
	ck_assert_ptr_nonnull(strstr(answer, "Allow: GET, HEAD"));
	ask(page, "HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	ck_assert_starts(answer, "HTTP/1.1 200");
	ck_assert_ptr_null(strstr(answer, "\r\n\r\nok"));
	statepage_free(page);
}
END_TEST

START_TEST(a_bad_address_says_why)
{
	struct listen_address name = {.host = "localhost.invalid", .port = "8081"};
	struct listen_address taken = {.host = "127.0.0.1"};
	char why[STATEPAGE_WHY_MAX];
	struct statepage *page = page_new(), *other;

	ck_assert_int_eq(statepage_new(&other, &name, why), EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "localhost.invalid"));
	snprintf(taken.port, sizeof(taken.port), "%u", statepage_port(page));
	ck_assert_int_eq(statepage_new(&other, &taken, why), EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(why, "127.0.0.1"));
	statepage_free(page);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("statepage");
	TCase *t = tcase_create("http");
	tcase_add_test(t, it_says_what_was_published_last);
	tcase_add_test(t, it_refuses_the_rest);
	tcase_add_test(t, a_bad_address_says_why);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
