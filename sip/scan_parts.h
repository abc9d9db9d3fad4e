/* The parts of the scanner, between themselves. Nobody else includes this. */
#ifndef SIP_SCAN_PARTS_H
#define SIP_SCAN_PARTS_H

#include "sip/scan.h"

struct scan {
	struct sip_msg *m;
	const char *end; /* of what was received */
	enum sip_fault fault; /* the first one */
	bool has_content_length;
	uint32_t content_length;
	struct str cseq_method;
};

/* Scanning goes on after a fault, to find what a response needs. */
static inline void scan_refuse(struct scan *s, enum sip_fault fault)
{
	if (s->fault == SIP_FAULT_NONE)
		s->fault = fault;
}

/* p is at the message's first octet; returns the first header line, NULL without a line end. */
const char *scan_start_line(struct scan *s, const char *p);

/* Fills the table of headers; returns the body, NULL when there is no blank line. */
const char *scan_headers(struct scan *s, const char *p);

/* Checks the value of header line i, which is the newest in the table. */
void scan_value(struct scan *s, int i);

#endif
