/* A received SIP message (RFC 3261 section 7): where its parts lie in the datagram. Nothing is copied. */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include "bench/writer.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { MESSAGE_LINES = 12, DATAGRAM_MAX = 8192 };

/* Header values of one name, one text per line as received. */
struct lines {
	struct text line[MESSAGE_LINES];
	size_t count;
};

struct message {
	int status; /* 0: a request */
	struct text method; /* of the CSeq header in a response */
	struct text uri;
	struct lines via;
	struct lines record_route;
	struct text from;
	struct text to;
	struct text call_id;
	struct text cseq;
	struct text contact;
	struct text body;
	int max_forwards; /* -1: none */
	bool has_route;
};

/* EINVAL: not a SIP message with the headers that every one must have, or its Content-Length lies. */
int message_read(struct message *message, const char *data, size_t len);

bool text_is(struct text text, const char *str);
/* The URI of a name-addr or addr-spec header value, without its angle brackets. */
struct text value_uri(struct text value);
/* The tag parameter of a From or To value; empty when there is none. */
struct text value_tag(struct text value);
/* The user part of a SIP URI. */
struct text uri_user(struct text uri);
/* Where to send to: EINVAL unless the host is an IPv4 address. */
int uri_address(struct text uri, struct sockaddr_in *address);
/* The same for "host" or "host:port". */
int host_address(struct text host_port, struct sockaddr_in *address);
/* "host:port" of a Via value. */
struct text via_sent_by(struct text via);
/* Cuts the first comma-separated value off; false at the end. Commas inside <> do not count. */
bool value_next(struct text *rest, struct text *value);

#endif
