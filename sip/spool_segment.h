/* The files of a spool: records of length, CRC32C, octets. */
#ifndef TRUNKGUARD_SIP_SPOOL_SEGMENT_H
#define TRUNKGUARD_SIP_SPOOL_SEGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sip/spool.h"

enum { SPOOL_HEAD = 8, SPOOL_NAME_SIZE = 32 };

/* "cdr.00000001" */
void spool_segment_name(uint64_t number, char name[SPOOL_NAME_SIZE]);
/* EINVAL: no name of a segment. */
int spool_segment_number(const char *name, uint64_t *number);

/* The SPOOL_HEAD octets before a record. */
void spool_record_head(char *out, const void *data, size_t len);
/* The record at p; its size with the head. 0: not whole within len. -1: damaged. */
ssize_t spool_record_at(const char *p, size_t len, struct spool_slice *record);

/* The whole records that the file begins with. EBADMSG: it goes on with something else. */
int spool_segment_each(int fd, spool_record_h *h, void *arg);

#endif
