#include "core/settings.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"

static struct listen_address http;
static const char *realm;
static enum log_level level;
static bool operator_key;

static const struct setting table[] = {
	{"TRUNKGUARD_HTTP_LISTEN", "127.0.0.1:8080", setting_listen, &http, "where HTTP listens"},
	{"TRUNKGUARD_REALM", "trunkguard", setting_text, &realm, "digest realm"},
	{"TRUNKGUARD_LOG", "info", log_level_setting, &level, "level"},
	{"--operator", NULL, NULL, &operator_key, "an operator's key"},
};

static char said[4096];

/* Runs settings_parse() on the words, with stdout and stderr caught in said. */
static int parse(int *words, char **argv)
{
	char path[] = "/tmp/test_settings.XXXXXX";
	int fd = mkstemp(path), out = dup(1), err = dup(2), argc = 0, rc;
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	unlink(path);
	while (argv[argc])
		argc++;
	fflush(stdout);
	dup2(fd, 1);
	dup2(fd, 2);
	operator_key = false;
	rc = settings_parse(
		argc, argv, table, sizeof(table) / sizeof(table[0]), "usage: test", words);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	n = pread(fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(fd);
	close(out);
	close(err);
	return rc;
}

#define PARSE(words, ...) parse(words, (char *[]){(char[]){"test"}, __VA_ARGS__, NULL})

static void clean(void)
{
	unsetenv("TRUNKGUARD_HTTP_LISTEN");
	unsetenv("TRUNKGUARD_REALM");
	unsetenv("TRUNKGUARD_LOG");
	unsetenv("TRUNKGUARD_TYPO");
	unsetenv("TRUNKGUARD_SIP_LISTEN");
}

START_TEST(test_defaults_environment_flags)
{
	int words;

	ck_assert_int_eq(PARSE(&words, NULL), SETTINGS_OK);
	ck_assert_str_eq(http.host, "127.0.0.1");
	ck_assert_str_eq(http.port, "8080");
	ck_assert_str_eq(realm, "trunkguard");
	ck_assert_int_eq(level, LOG_LEVEL_INFO);
	ck_assert_int_eq(words, 0);

	setenv("TRUNKGUARD_REALM", "pbx.example", 1);
	setenv("TRUNKGUARD_LOG", "", 1);
	setenv("TRUNKGUARD_SIP_LISTEN", "the other program's", 1);
	ck_assert_int_eq(PARSE(&words, NULL), SETTINGS_OK);
	ck_assert_str_eq(realm, "pbx.example");
	ck_assert_int_eq(level, LOG_LEVEL_INFO);

	ck_assert_int_eq(
		PARSE(&words, "--realm=flag.example", "--http-listen", "[::1]:80"), SETTINGS_OK);
	ck_assert_str_eq(realm, "flag.example");
	ck_assert_str_eq(http.host, "::1");
	ck_assert_str_eq(http.port, "80");
}
END_TEST

START_TEST(test_words_and_switches)
{
	char *argv[] = {(char[]){"test"}, "key", "--operator", "--realm", "a", "create", NULL};
	int words;

	ck_assert_int_eq(parse(&words, argv), SETTINGS_OK);
	ck_assert_int_eq(words, 2);
	ck_assert_str_eq(argv[1], "key");
	ck_assert_str_eq(argv[2], "create");
	ck_assert(operator_key);
}
END_TEST

START_TEST(test_help)
{
	int words;

	ck_assert_int_eq(PARSE(&words, "--help"), SETTINGS_HELP);
	ck_assert_ptr_nonnull(strstr(said, "--http-listen VALUE"));
	ck_assert_ptr_nonnull(strstr(said, "TRUNKGUARD_HTTP_LISTEN"));
	ck_assert_ptr_nonnull(strstr(said, "default: 127.0.0.1:8080"));
	ck_assert_ptr_nonnull(strstr(said, "  --operator\n"));
}
END_TEST

static const struct {
	const char *arg;
	const char *says;
} refused[] = {
	{"--nonsense", "unknown option --nonsense"},
	{"-x", "unknown option -x"},
	{"--operator=yes", "--operator takes no value"},
	{"--realm", "--realm needs a value"},
	{"--realm=", "is empty"},
	{"--log=loud", "is none of debug"},
	{"--http-listen=8080", "is not host:port"},
	{"--http-listen=:8080", "is not host:port"},
	{"--http-listen=::1:8080", "is not host:port"},
	{"--http-listen=localhost:0", "no port"},
	{"--http-listen=localhost:65536", "no port"},
	{"--http-listen=localhost:80x", "no port"},
	{"--http-listen=localhost:", "no port"},
	{"--http-listen=localhost:0000080", "no port"},
};

START_TEST(test_refused)
{
	int words;

	ck_assert_int_eq(PARSE(&words, (char *)refused[_i].arg), SETTINGS_BAD);
	ck_assert_msg(strstr(said, refused[_i].says), "%s", said);
	ck_assert_ptr_nonnull(strstr(said, "--help"));
}
END_TEST

START_TEST(test_environment_refused)
{
	int words;

	setenv("TRUNKGUARD_TYPO", "1", 1);
	ck_assert_int_eq(PARSE(&words, NULL), SETTINGS_BAD);
	ck_assert_ptr_nonnull(strstr(said, "TRUNKGUARD_TYPO"));
	unsetenv("TRUNKGUARD_TYPO");
	setenv("TRUNKGUARD_HTTP_LISTEN", "nowhere", 1);
	ck_assert_int_eq(PARSE(&words, NULL), SETTINGS_BAD);
	ck_assert_ptr_nonnull(strstr(said, "TRUNKGUARD_HTTP_LISTEN"));
}
END_TEST

START_TEST(test_sip_listen)
{
	char why[SETTING_WHY_MAX];
	struct listen_list list;

	ck_assert_int_eq(
		setting_sip_listen("udp:127.0.0.1:5060,tcp:[::1]:5061,tls:a.example:1", &list, why),
		0);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_int_eq(list.item[0].transport, TRANSPORT_UDP);
	ck_assert_str_eq(list.item[1].host, "::1");
	ck_assert_int_eq(list.item[1].transport, TRANSPORT_TCP);
	ck_assert_str_eq(list.item[2].port, "1");
	ck_assert_int_eq(list.item[2].transport, TRANSPORT_TLS);
	ck_assert_int_ne(setting_sip_listen("", &list, why), 0);
	ck_assert_int_ne(setting_sip_listen("127.0.0.1:5060", &list, why), 0);
	ck_assert_int_ne(setting_sip_listen("udp:127.0.0.1:5060,", &list, why), 0);
	ck_assert_int_ne(setting_sip_listen("sctp:127.0.0.1:5060", &list, why), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("settings");
	TCase *tc = tcase_create("settings");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, clean, clean);
	tcase_add_test(tc, test_defaults_environment_flags);
	tcase_add_test(tc, test_words_and_switches);
	tcase_add_test(tc, test_help);
	tcase_add_loop_test(tc, test_refused, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tc, test_environment_refused);
	tcase_add_test(tc, test_sip_listen);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
