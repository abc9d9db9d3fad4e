/* Messages for the tests of the scanner and its neighbours. A message lives in a heap block of
 * exactly its size, so that AddressSanitizer sees one octet too far. */
#ifndef TESTS_SIP_SCAN_RIG_H
#define TESTS_SIP_SCAN_RIG_H

#include <dirent.h>
#include <stdio.h>

#include "sip/reply.h"
#include "sip/splice.h"
#include "tests/core/suite.h"

#define TORTURE SOURCE_DIR "/tests/torture/"
#define RIG_ROOM (2 * SIP_STREAM_MAX)

struct rig {
	char *buf;
	size_t len;
	struct sip_msg m;
	struct sip_verdict v;
};

/* A file of the corpus: "rfc4475/wsinv.dat". */
static inline struct str rig_load(const char *name)
{
	static char buf[RIG_ROOM];
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", TORTURE, name);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	len = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	return (struct str){buf, len};
}

static inline void rig_copy(struct rig *r, struct str text)
{
	r->buf = malloc(text.len ? text.len : 1);
	ck_assert_ptr_nonnull(r->buf);
	if (text.len)
		memcpy(r->buf, text.p, text.len);
	r->len = text.len;
}

static inline void rig_scan(struct rig *r, struct str text)
{
	rig_copy(r, text);
	sip_scan(&r->m, r->buf, r->len, &r->v);
}

static inline void rig_free(struct rig *r)
{
	free(r->buf);
	r->buf = NULL;
}

/* Calls h for every .dat file of the corpora. */
static inline void rig_each_file(void (*h)(const char *name))
{
	static const char *const dirs[] = {"rfc4475", "rfc5118", "."};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char path[512], name[512];
		struct dirent *e;
		DIR *dir;

		snprintf(path, sizeof(path), "%s%s", TORTURE, dirs[i]);
		dir = opendir(path);
		ck_assert_ptr_nonnull(dir);
		while ((e = readdir(dir)) != NULL) {
			if (!strstr(e->d_name, ".dat"))
				continue;
			snprintf(name, sizeof(name), "%s/%s", dirs[i], e->d_name);
			h(name);
		}
		closedir(dir);
	}
}

#endif
