/* CRC-32C against the vectors of RFC 3720 B.4. */
#include <string.h>

#include "core/crc32c.h"
#include "tests/core/suite.h"

START_TEST(vectors_of_rfc_3720)
{
	uint8_t zeros[32] = {0}, ones[32], up[32], down[32];

	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	ck_assert_uint_eq(crc32c(0, zeros, 32), 0x8a9136aa);
	ck_assert_uint_eq(crc32c(0, ones, 32), 0x62a8ab43);
	ck_assert_uint_eq(crc32c(0, up, 32), 0x46dd794e);
	ck_assert_uint_eq(crc32c(0, down, 32), 0x113fdb5c);
	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
}
END_TEST

START_TEST(goes_on_from_where_it_was)
{
	ck_assert_uint_eq(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
	ck_assert_uint_eq(crc32c(0, "", 0), 0);
}
END_TEST

START_TEST(the_instruction_and_the_table_agree)
{
	uint8_t octets[80];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 37 + 11);
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; len + from <= sizeof(octets); len++)
			ck_assert_uint_eq(crc32c((uint32_t)len, octets + from, len),
				crc32c_portable((uint32_t)len, octets + from, len));
}
END_TEST

int main(void)
{
	return SUITE_RUN("crc32c", NULL, vectors_of_rfc_3720, goes_on_from_where_it_was,
		the_instruction_and_the_table_agree);
}
