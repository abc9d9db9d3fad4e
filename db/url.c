#include "db/url.h"

#include <errno.h>
#include <string.h>

static const char head[] = "dbname=trunkguard user=trunkguard host='";
static const char tail[] = "/postgres/socket'";

int db_private_url(const char *data_dir, char url[DB_URL_MAX])
{
	size_t n = sizeof(head) - 1;

	memcpy(url, head, n);
	for (const char *p = data_dir; *p != '\0'; p++) {
		if (n + 2 + sizeof(tail) > DB_URL_MAX)
			return ENAMETOOLONG;
		if (*p == '\'' || *p == '\\')
			url[n++] = '\\';
		url[n++] = *p;
	}
	memcpy(url + n, tail, sizeof(tail));
	return 0;
}
