/* The types of events that there are, for who asks to be told of some. */
#ifndef TRUNKGUARD_DB_EVENT_TYPE_H
#define TRUNKGUARD_DB_EVENT_TYPE_H

/* A type, the beginning of some with ".*", or "*" for all. -1: no event has such a type. */
int event_pattern_parse(const char *word);

#endif
