/* CSV: what is taken, what is refused, and that whatever is written is read again. */
#include "api/csv.h"

#include <stdlib.h>
#include <string.h>

#include "tests/api/suite.h"

static const struct {
	const char *text;
	const char *read; /* "line:cell|cell\n…", or with '!' at the end: then it is refused */
} row[] = {
	{"", ""},
	{"\xef\xbb\xbf", ""},
	{"\n\r\n\n", ""},
	{"a", "1:a\n"},
	{"a,b\nc,d\n", "1:a|b\n2:c|d\n"},
	{"a,b\r\nc,d", "1:a|b\n2:c|d\n"},
	{"\xef\xbb\xbf\n\na,\n,b\n,", "3:a|\n4:|b\n5:|\n"},
	{"\"a\",\"b, c\"\r\n\"say \"\"so\"\"\",\"\"\n", "1:a|b, c\n2:say \"so\"|\n"},
	{"\"two\nlines\",x\ny,z\n", "1:two\nlines|x\n3:y|z\n"},
	{"\"\"\"\"", "1:\"\n"},
	{" a , b ", "1: a | b \n"},
	{"a\rb,c", "1:a\rb|c\n"},
	{"a\"b", "!"},
	{"\"a", "!"},
	{"\"a\"b", "!"},
	{"\"a\" ,b", "!"},
	{"a,b\n\"", "1:a|b\n!"},
};

static void read_all(struct csv *c, FILE *out)
{
	int rc;

	while ((rc = csv_next(c)) == 1) {
		fprintf(out, "%lu:", c->line);
		for (unsigned i = 0; i < c->cells; i++) {
			ck_assert_int_eq(c->cell[i].p[c->cell[i].len], '\0');
			fprintf(out, "%s", i > 0 ? "|" : "");
			fwrite(c->cell[i].p, 1, c->cell[i].len, out);
		}
		fputc('\n', out);
	}
	if (rc == -1) {
		ck_assert_ptr_nonnull(c->why);
		fputc('!', out);
	}
	ck_assert_int_ne(rc, -2);
}

/* The text stands in memory of its own length, so a look behind its end is found. */
static char *read_text(const char *text, size_t len)
{
	char *copy = malloc(len + 1), *got;
	struct csv c;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	copy = realloc(copy, len > 0 ? len : 1);
	memcpy(copy, text, len);
	csv_init(&c, copy, len);
	read_all(&c, out);
	csv_fini(&c);
	fclose(out);
	free(copy);
	return got;
}

START_TEST(test_read)
{
	char *got = read_text(row[_i].text, strlen(row[_i].text));

	ck_assert_str_eq(got, row[_i].read);
	free(got);
}
END_TEST

START_TEST(test_what_is_written_is_read)
{
	static const char alphabet[] = "ab,\"\n\r ";
	char cell[3][8], expected[64], *text, *got;
	size_t size;

	srand(1);
	for (int round = 0; round < 20000; round++) {
		FILE *out = open_memstream(&text, &size);

		for (int i = 0; i < 3; i++) {
			int len = rand() % 7;

			for (int k = 0; k < len; k++)
				cell[i][k] = alphabet[rand() % (int)(sizeof(alphabet) - 1)];
			cell[i][len] = '\0';
			fputs(i > 0 ? "," : "", out);
			csv_write(out, cell[i], (size_t)len);
		}
		fputs("\r\n", out);
		fclose(out);
		got = read_text(text, size);
		snprintf(expected, sizeof(expected), "1:%s|%s|%s\n", cell[0], cell[1], cell[2]);
		ck_assert_str_eq(got, expected);
		free(got);
		free(text);
	}
}
END_TEST

START_TEST(test_any_octets)
{
	static const char alphabet[] = "a,\"\n\r\0\xef\xbb\xbf";
	char text[24];

	srand(2);
	for (int round = 0; round < 50000; round++) {
		size_t len = (size_t)rand() % sizeof(text);

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[rand() % (int)(sizeof(alphabet) - 1)];
		free(read_text(text, len));
	}
}
END_TEST

START_TEST(test_too_many_cells)
{
	char text[2 * CSV_CELLS_MAX + 2];
	char *got;

	memset(text, ',', sizeof(text));
	got = read_text(text, CSV_CELLS_MAX - 1);
	ck_assert_uint_eq(strlen(got), 2 + CSV_CELLS_MAX - 1 + 1);
	free(got);
	got = read_text(text, CSV_CELLS_MAX);
	ck_assert_str_eq(got, "!");
	free(got);
}
END_TEST

SUITE_MAIN("csv", tcase_add_loop_test(tc, test_read, 0, ROWS(row));
	   tcase_add_test(tc, test_what_is_written_is_read); tcase_add_test(tc, test_any_octets);
	   tcase_add_test(tc, test_too_many_cells))
