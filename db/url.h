/* Where the private cluster of scripts/private-postgres answers. */
#ifndef TRUNKGUARD_DB_URL_H
#define TRUNKGUARD_DB_URL_H

enum { DB_URL_MAX = 512 };

/* The connection string for the cluster in data_dir/postgres. ENAMETOOLONG. */
int db_private_url(const char *data_dir, char url[DB_URL_MAX]);

#endif
