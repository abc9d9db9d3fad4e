/* Reads one line of PostgreSQL's COPY text format field by field. The first error sticks: later
 * reads do nothing, so a reader is a plain list of fields with one check at the end. Texts and
 * lists that were read belong to the caller also when a later field is wrong. */
#ifndef TRUNKGUARD_CORE_RECORD_H
#define TRUNKGUARD_CORE_RECORD_H

#include <stdbool.h>

#include "core/cfg_record.h"
#include "core/str.h"

enum {
	RECORD_TEXT_MAX = 1024,
	RECORD_ADDRESSES_MAX = 16,
	RECORD_CIDRS_MAX = 4096,
	RECORD_PREFIXES_MAX = 4096,
};

struct record {
	const char *at, *end; /* at NULL: no field left */
	struct cfg_reject *reject;
	int err;
};

void record_init(struct record *r, const char *line, size_t len, struct cfg_reject *reject);
/* EINVAL when fields are left over; else the first error. */
int record_end(struct record *r);
/* Says what is wrong with a field and sticks. err: EINVAL or ENOMEM. */
void record_fail(struct record *r, int err, const char *field, const char *wrong);

/* What a parser of core/words.h says of a text, -1: unknown. */
int record_word_of(struct str text, int (*parse)(const char *));

/* The raw field. False, and the error set, when there is none; null: it was \N. */
bool record_next(struct record *r, const char *field, struct str *raw, bool *null);

/* Is there another field? One that was added to the end of a record is missing in what an older
 * program left on disk. */
bool record_more(const struct record *r);
/* Undoes COPY's escapes into a text of at most max octets that the caller owns; NULL: it failed. */
char *record_unescaped(struct record *r, const char *field, struct str raw, size_t max);

void record_uuid(struct record *r, const char *field, struct uuid *out);
/* \N gives all zero. */
void record_uuid_or_none(struct record *r, const char *field, struct uuid *out);
void record_bool(struct record *r, const char *field, bool *out);
void record_uint(struct record *r, const char *field, uint32_t min, uint32_t max, uint32_t *out);
/* 1..65535 into 16 bits; with or_zero also \N and 0, as 0. */
void record_u16(struct record *r, const char *field, bool or_zero, uint16_t *out);
/* A word of a table in core/words.h; \N gives the first one. */
void record_word(struct record *r, const char *field, int (*parse)(const char *), int *out);
/* \N gives 0. */
void record_number(struct record *r, const char *field, e164_t *out);
/* \N gives NULL. */
void record_text(struct record *r, const char *field, char **out);
/* \N gives "". */
void record_text_or_empty(struct record *r, const char *field, char **out);
/* Lower-case hex of exactly size - 1 digits, or \N or '' for "". */
void record_hex(struct record *r, const char *field, char *out, size_t size);
/* \N or '' gives none. */
void record_dial_steps(struct record *r, const char *field, struct dial_steps *out);
void record_forwardings(
	struct record *r, const char *field, struct forwarding **out, uint16_t *count);
/* \N leaves *has false. */
void record_triggers(struct record *r, const char *field, trigger_set *out, bool *has);
/* \N gives host NULL. */
void record_address(struct record *r, const char *field, struct sip_address *out);
void record_addresses(struct record *r, const char *field, struct sip_address_list *out);
void record_cidrs(struct record *r, const char *field, struct cidr_list *out);
/* A NULL-terminated array in one block, never NULL on success. */
void record_prefixes(struct record *r, const char *field, char ***out);

#endif
