/* Owners of addresses: the longest block wins, whatever lengths are in use. */
#include <string.h>

#include "core/ip_index.h"
#include "tests/core/suite.h"

static struct ip_index ix;

static void setup(void)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = {1, 2, 3};

	ck_assert_int_eq(ip_index_init(&ix, key), 0);
}

static void teardown(void)
{
	ip_index_fini(&ix);
}

static struct ip_entry entry_of(const char *block)
{
	struct ip_entry e = {.owner = (void *)(uintptr_t)block};

	ck_assert_int_eq(cidr_parse(block, strlen(block), &e.block), 0);
	return e;
}

static const char *owner_of(const char *ip)
{
	uint8_t addr[16];
	const char *owner;

	ck_assert_int_eq(ip_parse(ip, strlen(ip), addr), 0);
	owner = ip_index_find(&ix, addr);
	return owner ? owner : "nobody";
}

START_TEST(the_longest_block_wins)
{
	struct ip_entry e[] = {entry_of("0.0.0.0/0"), entry_of("192.0.2.0/24"),
		entry_of("192.0.2.128/25"), entry_of("192.0.2.200"), entry_of("::/0"),
		entry_of("2001:db8::/64"), entry_of("2001:db8::/63"), entry_of("2001:db8::1")};

	for (size_t i = 0; i < sizeof(e) / sizeof(e[0]); i++)
		ip_index_add(&ix, &e[i]);
	ck_assert_str_eq(owner_of("192.0.2.200"), "192.0.2.200");
	ck_assert_str_eq(owner_of("192.0.2.201"), "192.0.2.128/25");
	ck_assert_str_eq(owner_of("192.0.2.1"), "192.0.2.0/24");
	ck_assert_str_eq(owner_of("198.51.100.1"), "0.0.0.0/0");
	ck_assert_str_eq(owner_of("2001:db8::1"), "2001:db8::1");
	ck_assert_str_eq(owner_of("2001:db8::2"), "2001:db8::/64");
	ck_assert_str_eq(owner_of("2001:db8:0:1::2"), "2001:db8::/63");
	ck_assert_str_eq(owner_of("2001:db8:0:2::2"), "::/0");
	ip_index_remove(&ix, &e[3]);
	ck_assert_str_eq(owner_of("192.0.2.200"), "192.0.2.128/25");
	ip_index_remove(&ix, &e[0]);
	ck_assert_str_eq(owner_of("198.51.100.1"), "::/0");
	ip_index_remove(&ix, &e[4]);
	ck_assert_str_eq(owner_of("198.51.100.1"), "nobody");
}
END_TEST

/* One block of each length, taken away from the longest to the shortest. */
START_TEST(each_length_is_found)
{
	static const uint8_t addr[16] = {0};
	static struct ip_entry e[129];

	for (unsigned bits = 0; bits <= 128; bits++) {
		e[bits] = (struct ip_entry){.block.bits = (uint8_t)bits, .owner = &e[bits]};
		ip_index_add(&ix, &e[bits]);
	}
	for (unsigned bits = 129; bits-- > 0;) {
		ck_assert_ptr_eq(ip_index_find(&ix, addr), &e[bits]);
		ip_index_remove(&ix, &e[bits]);
	}
	ck_assert_ptr_null(ip_index_find(&ix, addr));
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH(
		"ip_index", setup, teardown, the_longest_block_wins, each_length_is_found);
}
