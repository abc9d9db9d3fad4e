/* The commands "audit verify" and "audit forget": the chain of events, from the shell. */
#ifndef TRUNKGUARD_API_AUDIT_COMMAND_H
#define TRUNKGUARD_API_AUDIT_COMMAND_H

/* Exit statuses. verify prints each account's newest link, to be kept elsewhere, and what is wrong. */
int audit_verify(const char *database_url);
int audit_forget(const char *database_url, const char *days);

#endif
