#include "api/webhook_url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/suite.h"

static struct cidr item;
static const struct cidr_list loopback = {&item, 1}, none = {NULL, 0};

static void allow(void)
{
	ck_assert_int_eq(cidr_parse("127.0.0.0/8", strlen("127.0.0.0/8"), &item), 0);
}

static const struct {
	const char *url;
	int err, allowed_err; /* with 127.0.0.0/8 allowed */
	uint16_t port;
} urls[] = {
	{"https://hooks.example/x", 0, 0, 443},
	{"https://hooks.example:8443", 0, 0, 8443},
	{"https://hooks.example.?a@b", 0, 0, 443},
	{"http://hooks.example/", ENOTSUP, 0, 80},
	{"https://hooks.example:22/", EACCES, 0, 22},
	{"https://8.8.4.4/", 0, 0, 443},
	{"https://8.8.4.4:25/", EACCES, EACCES, 25},
	{"http://8.8.4.4/", ENOTSUP, ENOTSUP, 80},
	{"https://127.0.0.1/", EACCES, 0, 443},
	{"http://127.0.0.1:1/", EACCES, 0, 1},
	{"https://[::ffff:127.0.0.1]/", EACCES, 0, 443},
	{"https://10.0.0.1/", EACCES, EACCES, 443},
	{"https://[fe80::1]/", EACCES, EACCES, 443},
	{"https://localhost/", EACCES, 0, 443},
	{"https://LOCALHOST./", EACCES, 0, 443},
	{"https://a.localhost/", EACCES, 0, 443},
	{"https://metadata.google.internal/", EACCES, 0, 443},
	{"https://a.internal.example/", 0, 0, 443},
	{"https://127.1/", EINVAL, EINVAL, 0},
	{"https://0x7f000001/", EINVAL, EINVAL, 0},
	{"https://2130706433/", EINVAL, EINVAL, 0},
	{"https://017700000001/", EINVAL, EINVAL, 0},
	{"https://user@hooks.example/", EINVAL, EINVAL, 0},
	{"https://hooks.example:443@127.0.0.1/", EINVAL, EINVAL, 0},
	{"https://hooks.example%2f@x/", EINVAL, EINVAL, 0},
	{"https://fe80::1/", EINVAL, EINVAL, 0},
	{"https://[fe80::1%25eth0]/", EINVAL, EINVAL, 0},
	{"https://hooks.example/#x", EINVAL, EINVAL, 0},
	{"https://hooks.example\t/", EINVAL, EINVAL, 0},
	{"https:hooks.example/", EINVAL, EINVAL, 0},
	{"gopher://hooks.example/", EINVAL, EINVAL, 0},
	{"", EINVAL, EINVAL, 0},
};

START_TEST(read_strictly)
{
	struct webhook_url url = {0};

	allow();
	ck_assert_msg(
		webhook_url_parse(urls[_i].url, &none, &url) == urls[_i].err, "%s", urls[_i].url);
	ck_assert_msg(
		webhook_url_parse(urls[_i].url, NULL, &url) == urls[_i].err, "%s", urls[_i].url);
	ck_assert_msg(webhook_url_parse(urls[_i].url, &loopback, &url) == urls[_i].allowed_err,
		"%s", urls[_i].url);
	if (urls[_i].port != 0)
		ck_assert_uint_eq(url.port, urls[_i].port);
}
END_TEST

START_TEST(no_longer_than_it_may_be)
{
	char text[WEBHOOK_URL_MAX + 2] = "https://hooks.example/";
	struct webhook_url url;

	memset(text + strlen(text), 'a', sizeof(text) - strlen(text));
	text[WEBHOOK_URL_MAX] = '\0';
	ck_assert_int_eq(webhook_url_parse(text, NULL, &url), 0);
	text[WEBHOOK_URL_MAX] = 'a';
	text[WEBHOOK_URL_MAX + 1] = '\0';
	ck_assert_int_eq(webhook_url_parse(text, NULL, &url), EINVAL);
}
END_TEST

static const struct {
	const char *address;
	bool tls;
	uint16_t port;
	bool permitted, permitted_allowed;
} addresses[] = {
	{"8.8.4.4", true, 443, true, true},
	{"8.8.4.4", true, 8443, true, true},
	{"8.8.4.4", true, 25, false, false},
	{"8.8.4.4", false, 80, false, false},
	{"2606:4700::1111", true, 443, true, true},
	{"127.0.0.1", true, 443, false, true},
	{"127.0.0.1", false, 25, false, true},
	{"127.0.0.2", false, 80, false, true},
	{"10.1.2.3", true, 443, false, false},
	{"169.254.169.254", true, 443, false, false},
	{"100.64.0.1", true, 443, false, false},
	{"::1", true, 443, false, false},
	{"fd00::1", true, 443, false, false},
	{"::ffff:169.254.169.254", true, 443, false, false},
	{"::ffff:127.0.0.1", true, 443, false, true},
	{"64:ff9b::7f00:1", true, 443, false, false},
	{"2002:7f00:1::", true, 443, false, false},
	{"224.0.0.1", true, 443, false, false},
	{"0.0.0.0", true, 443, false, false},
};

START_TEST(each_address_is_looked_at)
{
	struct webhook_url url = {.tls = addresses[_i].tls, .port = addresses[_i].port};
	uint8_t addr[16];

	allow();
	ck_assert_int_eq(ip_parse(addresses[_i].address, strlen(addresses[_i].address), addr), 0);
	ck_assert_msg(webhook_address_permitted(&url, addr, &none) == addresses[_i].permitted, "%s",
		addresses[_i].address);
	ck_assert_msg(
		webhook_address_permitted(&url, addr, &loopback) == addresses[_i].permitted_allowed,
		"%s", addresses[_i].address);
}
END_TEST

SUITE_MAIN("webhook_url", tcase_add_loop_test(tc, read_strictly, 0, ROWS(urls));
	   tcase_add_test(tc, no_longer_than_it_may_be);
	   tcase_add_loop_test(tc, each_address_is_looked_at, 0, ROWS(addresses)))
