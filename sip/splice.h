/*
 * A message forwarded: the received octets with edits. Edits may be given in any order; those at
 * the same place come out in the order given. Errors stick and are told by sip_splice_write().
 * Texts are not copied: they must live until the write. Headers that were folded come out on one
 * line (each fold's CRLF becomes two spaces), the body as received.
 */
#ifndef SIP_SPLICE_H
#define SIP_SPLICE_H

#include "sip/scan.h"

#define SIP_EDITS_MAX 96
#define SIP_SPLICE_SCRATCH 256

struct sip_edit {
	uint16_t at; /* offset into the received message */
	uint16_t cut; /* octets left out from there */
	struct str text; /* put in their place */
};

struct sip_splice {
	const struct sip_msg *m;
	int err;
	unsigned count;
	struct sip_edit edit[SIP_EDITS_MAX]; /* sorted by .at */
	size_t scratch_len;
	char scratch[SIP_SPLICE_SCRATCH]; /* small texts of our own: received=, Max-Forwards */
};

void sip_splice_init(struct sip_splice *s, const struct sip_msg *m);

/* old is a slice of the message, such as m->ruri.all. */
void sip_splice_replace(struct sip_splice *s, struct str old, struct str text);

/* Whole header lines with their CRLF, as the first or the last ones. */
void sip_splice_prepend(struct sip_splice *s, struct str lines);
void sip_splice_append(struct sip_splice *s, struct str lines);

void sip_splice_delete(struct sip_splice *s, int i);
/* Every line of that header. */
void sip_splice_delete_all(struct sip_splice *s, enum sip_hdr id);
/* The first value of header line i: with its comma, or the whole line when it is the only one. */
void sip_splice_delete_first_value(struct sip_splice *s, int i);

/* A request came from ip (text, no brackets) and port: received and rport of the top Via, RFC
 * 3261 18.2.1 and RFC 3581. */
void sip_splice_received(struct sip_splice *s, struct str ip, uint16_t port);

/* rport alone, for a response that must be short: it goes to its source, with or without received. */
void sip_splice_rport(struct sip_splice *s, uint16_t port);

/* One less, or the header added with `absent` when there was none. EINVAL at 0. */
void sip_splice_max_forwards(struct sip_splice *s, unsigned absent);

/* Added when there is none: UDP may go without, the next hop may be a stream. */
void sip_splice_content_length(struct sip_splice *s);

/* 0; ENOBUFS does not fit into out; E2BIG too many edits; EINVAL edits that overlap or point
 * outside of the message. */
int sip_splice_write(const struct sip_splice *s, char *out, size_t cap, size_t *len);

#endif
