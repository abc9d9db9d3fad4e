/* SipHash-1-3 against published values; the table against a plain array. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "tests/core/suite.h"

START_TEST(siphash_gives_the_published_values)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} python[] = {
		/* hash() of CPython 3.11 with the zero key, of octets i * 7. */
		{1, 0x68a914128e01e473},
		{7, 0x9e7963f9fe2efdd3},
		{8, 0x2fd61e525823bd4a},
		{9, 0xfbf1988030a5438c},
		{15, 0xb980969a22f5fafa},
		{16, 0x87ca8e02c763c39d},
		{17, 0x53a4ca91b56141bf},
		{31, 0x618557238655bb0f},
		{64, 0xd27c4e6b841abb4d},
	};
	uint8_t key[SIPHASH_KEY_LEN] = {0}, data[64];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(python) / sizeof(python[0]); i++)
		ck_assert_uint_eq(siphash(key, data, python[i].len), python[i].hash);
	/* The Rust project's vectors: key and data count up from 0. */
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	ck_assert_uint_eq(siphash(key, "", 0), 0xabac0158050fc4dc);
	ck_assert_uint_eq(siphash(key, "\0", 1), 0xc9f49bf37d57ca93);
}
END_TEST

static const uint8_t table_key[SIPHASH_KEY_LEN] = "a key for tests";
static struct hash table;

struct item {
	struct hash_link link;
	uint32_t key;
	bool there;
};

static void setup(void)
{
	ck_assert_int_eq(hash_init(&table, table_key, 0), 0);
}

static void teardown(void)
{
	hash_fini(&table);
}

static struct item *find(uint32_t key)
{
	struct hash_link *l = hash_first(&table, hash_key(&table, &key, sizeof(key)));

	for (; l; l = hash_next(l))
		if (HASH_OBJECT(l, struct item, link)->key == key)
			return HASH_OBJECT(l, struct item, link);
	return NULL;
}

static void insert(struct item *it)
{
	hash_insert(&table, &it->link, hash_key(&table, &it->key, sizeof(it->key)));
	it->there = true;
}

static int count_there(struct hash_link *l, void *arg)
{
	++*(size_t *)arg;
	return HASH_OBJECT(l, struct item, link)->there ? 0 : 1;
}

/* Comes and goes while the table grows; everything is looked for again and again. */
START_TEST(holds_what_was_put_in_whatever_it_is_doing)
{
	enum { MANY = 5000, STEPS = 30000 };
	static struct item item[MANY];
	size_t there = 0, seen;

	for (uint32_t i = 0; i < MANY; i++)
		item[i].key = i;
	for (unsigned step = 0; step < STEPS; step++) {
		struct item *it = &item[step * 7919u % MANY];

		if (it->there && step % 3 == 0) {
			hash_remove(&table, &it->link);
			it->there = false;
			there--;
		} else if (!it->there) {
			insert(it);
			there++;
		}
		if (table.count != there || (find(it->key) == it) != it->there)
			ck_abort_msg("step %u", step);
		for (uint32_t i = 0; step % 500 == 0 && i < MANY; i++)
			if (find(i) != (item[i].there ? &item[i] : NULL))
				ck_abort_msg("step %u, key %u", step, i);
		seen = 0;
		if (step % 500 == 0)
			ck_assert_int_eq(hash_each(&table, count_there, &seen), 0);
		if (step % 500 == 0)
			ck_assert_uint_eq(seen, there);
	}
}
END_TEST

START_TEST(of_two_with_one_key_the_newer_is_found_also_after_growing)
{
	static struct item filler[1000], twin[3];

	for (uint32_t i = 0; i < 3; i++) {
		twin[i].key = 77;
		insert(&twin[i]);
	}
	ck_assert_ptr_eq(find(77), &twin[2]);
	for (uint32_t i = 0; i < 1000; i++) {
		filler[i].key = 1000 + i;
		insert(&filler[i]);
		ck_assert_ptr_eq(find(77), &twin[2]);
	}
	hash_remove(&table, &twin[2].link);
	ck_assert_ptr_eq(find(77), &twin[1]);
	hash_remove(&table, &twin[0].link);
	ck_assert_ptr_eq(find(77), &twin[1]);
}
END_TEST

static int remove_odd(struct hash_link *l, void *arg)
{
	(void)arg;
	if (HASH_OBJECT(l, struct item, link)->key % 2)
		hash_remove(&table, l);
	return 0;
}

static int stop_at_third(struct hash_link *l, void *arg)
{
	(void)l;
	return ++*(int *)arg == 3 ? -7 : 0;
}

START_TEST(a_walk_may_remove_what_it_visits_and_stop)
{
	static struct item item[100];
	int visited = 0;

	for (uint32_t i = 0; i < 100; i++) {
		item[i].key = i;
		insert(&item[i]);
	}
	ck_assert_int_eq(hash_each(&table, remove_odd, NULL), 0);
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_ptr_eq(find(i), i % 2 ? NULL : &item[i]);
	ck_assert_int_eq(hash_each(&table, stop_at_third, &visited), -7);
	ck_assert_int_eq(visited, 3);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("hash", setup, teardown, siphash_gives_the_published_values,
		holds_what_was_put_in_whatever_it_is_doing,
		of_two_with_one_key_the_newer_is_found_also_after_growing,
		a_walk_may_remove_what_it_visits_and_stop);
}
