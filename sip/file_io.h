/* Reading and writing all of it, at a place of a file, over short counts and signals. */
#ifndef SIP_FILE_IO_H
#define SIP_FILE_IO_H

#include <stddef.h>
#include <stdint.h>

/* 0 or the errno of pwrite(2). */
int file_write(int fd, const void *data, size_t len, uint64_t at);
/* *got < len: the file ends before. 0 or the errno of pread(2). */
int file_read(int fd, void *data, size_t len, uint64_t at, size_t *got);

#endif
