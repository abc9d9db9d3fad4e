/* A value of a DID as the cell of a table, and back: what is written is read as the same value.
 *
 *	null                  an empty cell
 *	lists of words        words with spaces between them; the empty list is "none"
 *	lists of addresses    host:port/transport with spaces between them, port and transport as they may be left
 *	                      out in JSON; an IPv6 address in brackets
 *	texts                 as they are; one that a spreadsheet would take for a formula gets an apostrophe in
 *	                      front, which is taken off again
 *	forwardings           JSON; the empty list is an empty cell
 *	all else              as in JSON, without quotes */
#ifndef TRUNKGUARD_API_DID_CELL_H
#define TRUNKGUARD_API_DID_CELL_H

#include <jansson.h>
#include <stdio.h>

#include "db/field.h"

/* The value of a cell; NULL: it is not UTF-8. What is no value of the field comes as a string, for
 * field_check() to refuse. */
json_t *did_cell_read(const struct field *f, const char *text, size_t len);
/* Writes the cell of a value, in CSV. */
void did_cell_write(FILE *out, const struct field *f, const json_t *value);

#endif
