/* Feed records, put in past every check: each line is taken or refused, and nothing dangles. */
#include <stdint.h>
#include <string.h>

#include "core/cfg_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfg *cfg = cfg_new();
	const char *p = (const char *)data, *end = p + size;

	while (cfg && p < end) {
		const char *line = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((line ? line : end) - p);
		struct cfg_reject reject;
		char name[64];

		cfg_record_name(p, len, name, sizeof(name));
		(void)!cfg_record_apply(cfg, p, len, &reject);
		p += len + (line != NULL);
	}
	if (cfg)
		cfg_free(cfg);
	return 0;
}
