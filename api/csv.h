/* CSV (RFC 4180): records of cells out of a text, and cells into one. Lines end in CR LF or LF; a
 * byte order mark at the beginning is passed over; empty lines are none. */
#ifndef TRUNKGUARD_API_CSV_H
#define TRUNKGUARD_API_CSV_H

#include <stddef.h>
#include <stdio.h>

enum { CSV_CELLS_MAX = 128 };

struct csv {
	const char *p;
	size_t len, at;
	unsigned long line; /* that the record last taken begins on, from 1 */
	unsigned long next_line;
	unsigned cells;
	struct csv_cell {
		const char *p; /* into buf; a NUL is behind */
		size_t len;
	} cell[CSV_CELLS_MAX];
	const char *why; /* after -1: a sentence */
	char *buf; /* owned */
	size_t buf_size;
};

void csv_init(struct csv *c, const char *text, size_t len);
void csv_fini(struct csv *c);
/* 1: a record; 0: the end; -1: this is no CSV, c->why says why; -2: no memory. */
int csv_next(struct csv *c);

/* Writes a cell, in quotes when it must be. */
void csv_write(FILE *out, const char *text, size_t len);

#endif
