/* A stream cut into messages: progress with each, and the same cut when it comes in pieces. */
#include <stdlib.h>

#include "sip/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *word;
	struct sip_verdict v;
	struct sip_msg m;
	size_t len, less;

	while (size > 0 && sip_frame(p, size, &len, &word) == 0 && len > 0) {
		if (len > size)
			abort();
		/* Line ends alone may be cut off as soon as there are some. */
		if (*p != '\r' && *p != '\n' && (sip_frame(p, len - 1, &less, &word) || less))
			abort();
		sip_scan_stream(&m, p, len, &v);
		p += len;
		size -= len;
	}
	return 0;
}
