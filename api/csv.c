#include "api/csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void csv_init(struct csv *c, const char *text, size_t len)
{
	memset(c, 0, sizeof(*c));
	c->p = text;
	c->len = len;
	c->next_line = 1;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->at = 3;
}

void csv_fini(struct csv *c)
{
	free(c->buf);
}

static bool at_end_of_line(const struct csv *c)
{
	return c->at >= c->len || c->p[c->at] == '\n' ||
	       (c->p[c->at] == '\r' && (c->at + 1 == c->len || c->p[c->at + 1] == '\n'));
}

static void line_end_skip(struct csv *c)
{
	if (c->at < c->len && c->p[c->at] == '\r')
		c->at++;
	if (c->at < c->len) {
		c->at++;
		c->next_line++;
	}
}

/* Room for all that a record can have: what is left of its line, or, with quotes, of the text. The
 * buffer grows only as cells do. */
static bool put(struct csv *c, size_t *used, char ch)
{
	if (*used + 1 >= c->buf_size) {
		size_t size = c->buf_size == 0 ? 1024 : c->buf_size * 2;
		char *p = realloc(c->buf, size);

		if (!p)
			return false;
		c->buf = p;
		c->buf_size = size;
	}
	c->buf[(*used)++] = ch;
	return true;
}

static int refuse(struct csv *c, const char *why)
{
	c->why = why;
	return -1;
}

/* Past the closing quote. */
static int quoted(struct csv *c, size_t *used)
{
	for (c->at++; c->at < c->len; c->at++) {
		char ch = c->p[c->at];

		if (ch == '"' && (c->at + 1 == c->len || c->p[c->at + 1] != '"')) {
			c->at++;
			return at_end_of_line(c) || c->p[c->at] == ','
				       ? 1
				       : refuse(c, "Something follows a closing quote.");
		}
		if (ch == '"')
			c->at++;
		if (ch == '\n')
			c->next_line++;
		if (!put(c, used, ch))
			return -2;
	}
	return refuse(c, "A quoted cell does not end.");
}

static int plain(struct csv *c, size_t *used)
{
	for (; !at_end_of_line(c) && c->p[c->at] != ','; c->at++) {
		if (c->p[c->at] == '"')
			return refuse(c, "A quote stands in a cell without quotes.");
		if (!put(c, used, c->p[c->at]))
			return -2;
	}
	return 1;
}

static int cell(struct csv *c, size_t *used)
{
	size_t from = *used;
	int rc;

	if (c->cells == CSV_CELLS_MAX)
		return refuse(c, "There are too many cells.");
	rc = c->at < c->len && c->p[c->at] == '"' ? quoted(c, used) : plain(c, used);
	if (rc != 1)
		return rc;
	c->cell[c->cells++].len = *used - from;
	return put(c, used, '\0') ? 1 : -2;
}

int csv_next(struct csv *c)
{
	size_t used = 0;
	int rc;

	while (c->at < c->len && at_end_of_line(c))
		line_end_skip(c);
	if (c->at >= c->len)
		return 0;
	c->line = c->next_line;
	c->cells = 0;
	while ((rc = cell(c, &used)) == 1 && !at_end_of_line(c))
		c->at++;
	if (rc != 1)
		return rc;
	line_end_skip(c);
	/* only now does the buffer stay where it is */
	for (size_t i = 0, at = 0; i < c->cells; i++) {
		c->cell[i].p = c->buf + at;
		at += c->cell[i].len + 1;
	}
	return 1;
}

void csv_write(FILE *out, const char *text, size_t len)
{
	bool quotes = false;

	for (size_t i = 0; i < len; i++)
		quotes = quotes || strchr("\",\r\n", text[i]);
	if (!quotes) {
		fwrite(text, 1, len, out);
		return;
	}
	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			fputc('"', out);
		fputc(text[i], out);
	}
	fputc('"', out);
}
