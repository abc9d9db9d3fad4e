/* The files of db/migrations, built into the library by db/migrations.cmake. */
#ifndef TRUNKGUARD_DB_MIGRATIONS_H
#define TRUNKGUARD_DB_MIGRATIONS_H

struct migration {
	const char *name; /* the file's, without .sql */
	const char *sql;
};

extern const struct migration migrations[]; /* version n is migrations[n - 1] */
extern const int migrations_count;

#endif
