/* Memory: what happens when there is none, at each allocation in turn; that everything is given back;
 * and what a million DIDs take. */
#include <stdio.h>

#include "core/bucket.h"
#include "core/failover.h"
#include "core/hash.h"
#include "core/json_out.h"
#include "core/slots.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"
#include "tests/fakes/mem.c"

#define NUMBER "14155550100"

/* Every kind of record with all that it can own. */
static const char *const lines[] = {
	"A\t" ACC1
	"\tt\tUS\tAmerica/New_York\tf\t14155551111\tb1.example||udp,b2.example||udp\tcaller\t"
	"\\N\tUS,GB|44871|1809|f|10|60|3600",
	"T\t" TRK1 "\t" ACC1
	"\tt\t30\t15\t180\t14400\tZo\\te\trequest_uri\tonly_primary\tf\t\\N\t" DEFAULTS,
	"S\t" SIP1 "\t" TRK1 "\tprimary\tlabel\tregistration\tpbx\t" HA1 "\t\t\t\\N",
	"S\t" SIP2 "\t" TRK1 "\tsecondary\tlabel\tip\t\\N\t\t\t192.0.2.0/24,192.0.3.0/24\tpbx||udp",
	"G\t" GW1
	"\tcarrier\tt\tgw.example||udp\tgw2.example||udp\t10\t1,44\t1\tf\t198.51.100.0/24",
	"P\t" DP1 "\t" ACC1
	"\tname\t100\t(ring 31:0-9 sequential 9 i1 ssip:u@h.example)(schedule 1:0-9 "
	"{(reject - 486 no)} {})",
	"D\t14155550101\t" ACC1 "\t\\N\t" DP1
	"\tt\tring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t(t 31:0-9 15 - - i1 x)(f - 15 - - i1 )",
	"D\t" NUMBER "\t" ACC1 "\t" TRK1
	"\t\\N\tt\tring\t\\N\t\\N\t14155552222\tc1.example||udp,c2.example||udp\t\\N\t\\N",
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

static void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	(void)trunk;
	(void)acc;
	(void)arg;
	obs->registered = true;
}

static int apply(struct cfg *cfg, const char *line, struct cfg_reject *reject)
{
	return cfg_record_apply(cfg, line, strlen(line), reject);
}

/* A configuration of the first n lines. */
static struct cfg *cfg_of(size_t n)
{
	struct cfg *cfg = cfg_new();

	ck_assert_ptr_nonnull(cfg);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(apply(cfg, lines[i], NULL), 0);
	return cfg;
}

START_TEST(a_new_configuration_is_there_or_not)
{
	for (unsigned n = 1;; n++) {
		struct cfg *cfg;

		fake_mem_fail_at(n);
		cfg = cfg_new();
		fake_mem_fail_at(0);
		if (cfg) {
			ck_assert_uint_gt(n, 5);
			cfg_free(cfg);
			break;
		}
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
	cfg_free(NULL);
	ck_assert_uint_eq(fake_mem_held(), 0);
}
END_TEST

/* A record that finds no memory changes nothing, takes nothing, and can come again. */
START_TEST(a_record_without_memory_changes_nothing)
{
	unsigned failures = 0;

	for (size_t i = 0; i < LINES; i++) {
		struct cfg *cfg = cfg_of(i);
		size_t held = fake_mem_held();
		struct cfg_reject reject;
		unsigned n = 0;
		int err;

		do {
			fake_mem_fail_at(++n);
			err = apply(cfg, lines[i], &reject);
			fake_mem_fail_at(0);
			ck_assert(err == 0 || err == ENOMEM);
			failures += err != 0;
			/* The tables of DIDs may have got their first block by now. */
			if (err && lines[i][0] != 'D')
				ck_assert_uint_eq(fake_mem_held(), held);
			if (err && lines[i][0] == 'D')
				ck_assert_ptr_null(
					cfg_did(cfg, i == LINES - 1 ? 14155550100 : 14155550101));
		} while (err);
		cfg_free(cfg);
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
	ck_assert_uint_gt(failures, 20);
}
END_TEST

START_TEST(a_change_without_memory_keeps_the_last_good_state)
{
	static const char *const changed[LINES] = {
		"A\t" ACC1 "\tf\tUS\tUTC\tf\t\\N\tx.example||udp\tcaller\t\\N",
		"T\t" TRK1 "\t" ACC1
		"\tf\t1\t15\t180\t14400\tx\trequest_uri\tonly_primary\tf\t\\N\t",
		"S\t" SIP1 "\t" TRK1 "\tprimary\tx\tregistration\tother\t\t\t\t\\N",
		"S\t" SIP2 "\t" TRK1 "\tsecondary\tx\tip\t\\N\t\t\t192.0.9.0/24\tx||udp",
		"G\t" GW1 "\tx\tf\tx.example||udp\t\\N\t10\t\t1\tf\t",
		"P\t" DP1 "\t" ACC1 "\tx\t200\t(reject - 486 )",
		"D\t14155550101\t" ACC1 "\t\\N\t" DP1
		"\tf\tring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t(t - 15 - - i200 )",
		"D\t" NUMBER "\t" ACC1 "\t" TRK1
		"\t\\N\tf\tring\t\\N\t\\N\t\\N\tx.example||udp\t\\N\t\\N",
	};
	const uint8_t inside[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};

	for (size_t i = 0; i < LINES; i++) {
		struct cfg *cfg = cfg_of(LINES);
		unsigned n = 0;
		int err;

		do {
			struct uuid acc = id_of(ACC1), gw = id_of(GW1);

			fake_mem_fail_at(++n);
			err = apply(cfg, changed[i], NULL);
			fake_mem_fail_at(0);
			if (!err)
				break;
			ck_assert(cfg_account(cfg, &acc)->enabled);
			ck_assert(cfg_did(cfg, 14155550100)->enabled);
			ck_assert(cfg_did(cfg, 14155550101)->enabled);
			ck_assert_ptr_nonnull(cfg_dial_plan_by_internal(cfg, &acc, "100", 3));
			ck_assert_uint_eq(cfg_did(cfg, 14155550100)->failover->number, 14155552222);
			ck_assert(cfg_did(cfg, 14155550100)->trunk->enabled);
			ck_assert_ptr_nonnull(cfg_sip_account_by_username(cfg, "pbx", 3));
			ck_assert_ptr_nonnull(cfg_sip_account_by_ip(cfg, inside));
			ck_assert(cfg_gateway(cfg, &gw)->enabled);
		} while (err);
		ck_assert_uint_gt(n, 1);
		cfg_free(cfg);
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
}
END_TEST

START_TEST(parsing_without_memory_leaves_nothing_behind)
{
	for (size_t i = 0; i < LINES; i++) {
		struct cfg_change *change = NULL;
		unsigned n = 0;

		do {
			fake_mem_fail_at(++n);
			if (cfg_change_parse(lines[i], strlen(lines[i]), &change, NULL))
				ck_assert_uint_eq(fake_mem_held(), 0);
		} while (!change);
		fake_mem_fail_at(0);
		cfg_change_free(change);
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
}
END_TEST

START_TEST(a_plan_and_its_machine_are_there_or_not)
{
	struct cfg *cfg = cfg_of(LINES);
	struct plan_call call = {.did = 14155550100};
	size_t held = fake_mem_held();
	struct failover *fo = NULL;
	struct plan plan;

	fake_mem_fail_at(1);
	ck_assert_int_eq(plan_build(cfg, &call, observe, NULL, &plan), ENOMEM);
	plan_fini(&plan);
	ck_assert_uint_eq(fake_mem_held(), held);
	ck_assert_int_eq(plan_build(cfg, &call, observe, NULL, &plan), 0);
	fake_mem_fail_at(1);
	ck_assert_int_eq(failover_new(&fo, &plan), ENOMEM);
	ck_assert_ptr_null(fo);
	ck_assert_int_eq(failover_new(&fo, &plan), 0);
	failover_free(fo);
	plan_fini(&plan);
	ck_assert_uint_eq(fake_mem_held(), held);
	cfg_free(cfg);
	ck_assert_uint_eq(fake_mem_held(), 0);
}
END_TEST

START_TEST(a_call_that_rings_takes_little)
{
	struct cfg *cfg = cfg_of(LINES);
	struct plan_call call = {.did = 14155550100};
	size_t held = fake_mem_held();
	struct failover *fo;
	struct plan plan;

	ck_assert_int_eq(plan_build(cfg, &call, observe, NULL, &plan), 0);
	ck_assert_uint_ge(plan.count, 4);
	ck_assert_int_eq(failover_new(&fo, &plan), 0);
	ck_assert_uint_le(fake_mem_held() - held, 1500);
	failover_free(fo);
	plan_fini(&plan);
	cfg_free(cfg);
}
END_TEST

START_TEST(a_writer_without_memory_says_so_at_the_end)
{
	for (unsigned n = 1; n <= 3; n++) {
		struct json_out j;
		const char *text;
		int err;

		json_out_init(&j);
		fake_mem_fail_at(n);
		json_out_array(&j, NULL);
		for (unsigned i = 0; i < 300; i++)
			json_out_str(&j, NULL, "four");
		json_out_end(&j);
		err = json_out_text(&j, &text, NULL);
		fake_mem_fail_at(0);
		ck_assert_int_eq(err, ENOMEM);
		json_out_reset(&j);
		json_out_bool(&j, NULL, true);
		ck_assert_int_eq(json_out_text(&j, &text, NULL), 0);
		ck_assert_str_eq(text, "true");
		json_out_fini(&j);
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
}
END_TEST

START_TEST(slots_and_buckets_without_memory)
{
	static const struct bucket_limit limit = {.rate = 1, .burst = 1};
	static const uint8_t key[16];
	struct bucket_set *set = NULL;
	struct uuid trunk = {{1}}, call = {{2}};
	struct slots *s;

	fake_mem_fail_at(1);
	ck_assert_int_eq(bucket_set_new(&set, 16, &limit, key), ENOMEM);
	for (unsigned n = 1; n <= 3; n++) {
		fake_mem_fail_at(n);
		ck_assert_ptr_null(slots_new(key));
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
	fake_mem_fail_at(0);
	s = slots_new(key);
	for (unsigned n = 1; n <= 2; n++) {
		fake_mem_fail_at(n);
		ck_assert_int_eq(slots_take(s, &trunk, &call, 5), ENOMEM);
		ck_assert_uint_eq(slots_count(s, &trunk), 0);
	}
	fake_mem_fail_at(0);
	ck_assert_int_eq(slots_take(s, &trunk, &call, 5), 0);
	slots_free(s);
	ck_assert_uint_eq(fake_mem_held(), 0);
}
END_TEST

/* A table that finds no memory to grow goes on with longer chains. */
START_TEST(a_hash_table_that_cannot_grow_still_works)
{
	static struct hash_link link[1000];
	struct hash h;

	ck_assert_int_eq(hash_init(&h, (const uint8_t[16]){0}, 0), 0);
	for (unsigned i = 0; i < 1000; i++) {
		fake_mem_fail_at(1);
		hash_insert(&h, &link[i], hash_key(&h, &i, sizeof(i)));
	}
	fake_mem_fail_at(0);
	ck_assert_uint_eq(h.size, 16);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_ptr_eq(hash_first(&h, hash_key(&h, &i, sizeof(i))), &link[i]);
	hash_fini(&h);
	ck_assert_uint_eq(fake_mem_held(), 0);
}
END_TEST

/* A million DIDs, each with a failover number of its own, which is the most that the usual
 * provisioning asks for: at most 100 octets each, tables and allocator included. */
START_TEST(a_million_dids_take_a_hundred_octets_each)
{
	enum { MANY = 1000000 };
	struct cfg *cfg = cfg_of(2);
	size_t before = fake_mem_held(), plain = 0;
	struct cfg_counts counts;
	char line[256];

	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < MANY; i++) {
			int len = snprintf(line, sizeof(line),
				"D\t1415%07u\t" ACC1 "\t" TRK1
				"\t\\N\tt\tring\t\\N\t\\N\t%s\t\t\\N\t\\N",
				i, pass ? "14155552222" : "\\N");

			if (cfg_record_apply(cfg, line, (size_t)len, NULL))
				ck_abort_msg("%s", line);
		}
		if (!pass)
			plain = fake_mem_held() - before;
	}
	cfg_count(cfg, &counts);
	ck_assert_uint_eq(counts.dids, MANY);
	ck_assert_uint_le(plain, 60 * (size_t)MANY);
	ck_assert_uint_le(fake_mem_held() - before, 100 * (size_t)MANY);
	/* What the configuration says of itself is about right. */
	ck_assert_uint_ge(counts.bytes, fake_mem_held() / 10 * 9);
	ck_assert_uint_le(counts.bytes, fake_mem_held() / 10 * 11);
	printf("a DID: %zu octets, with a failover number %zu\n", plain / MANY,
		(fake_mem_held() - before) / MANY);
	cfg_free(cfg);
	ck_assert_uint_eq(fake_mem_held(), 0);
}
END_TEST

int main(void)
{
	return SUITE_RUN("memory", NULL, a_new_configuration_is_there_or_not,
		a_record_without_memory_changes_nothing,
		a_change_without_memory_keeps_the_last_good_state,
		parsing_without_memory_leaves_nothing_behind,
		a_plan_and_its_machine_are_there_or_not, a_call_that_rings_takes_little,
		a_writer_without_memory_says_so_at_the_end, slots_and_buckets_without_memory,
		a_hash_table_that_cannot_grow_still_works,
		a_million_dids_take_a_hundred_octets_each);
}
