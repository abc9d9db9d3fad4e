/* The words of the contract, one enum and one table each. The same word is the
 * value in the database, in JSON, in the configuration feed and in records. */
#ifndef TRUNKGUARD_CORE_WORDS_H
#define TRUNKGUARD_CORE_WORDS_H

#include <stdint.h>

enum transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_COUNT };

enum auth_mode { AUTH_REGISTRATION, AUTH_IP, AUTH_MODE_COUNT };

enum sip_account_role { ROLE_PRIMARY, ROLE_SECONDARY, ROLE_COUNT };

enum ha_mode {
	HA_ONLY_PRIMARY,
	HA_LOAD_BALANCING,
	HA_AUTO_FAILOVER,
	HA_LOAD_BALANCING_HEALTHY,
	HA_MODE_COUNT
};

enum did_delivery { DELIVER_REQUEST_URI, DELIVER_TO, DID_DELIVERY_COUNT };

/* Seen from the account whose record the call leaves. */
enum call_direction { CALL_INBOUND, CALL_OUTBOUND, CALL_DIRECTION_COUNT };

enum incoming_action { INCOMING_RING, INCOMING_RING_THEN_FORWARD, INCOMING_ACTION_COUNT };

enum calling_party_display {
	DISPLAY_CALLER,
	DISPLAY_CALLER_NUMBER,
	DISPLAY_CALLED_NUMBER,
	DISPLAY_FIXED,
	DISPLAY_COUNT
};

/* Why an attempt failed in a way that can move the call on. */
enum trigger {
	TRIGGER_NOT_REGISTERED,
	TRIGGER_NO_RESPONSE,
	TRIGGER_CAPACITY,
	TRIGGER_SERVER_ERROR,
	TRIGGER_AUTH_REQUIRED,
	TRIGGER_TIMEOUT,
	TRIGGER_NOT_FOUND,
	TRIGGER_UNREACHABLE,
	TRIGGER_BUSY,
	TRIGGER_REJECTED,
	TRIGGER_NO_ANSWER,
	TRIGGER_COUNT,
	TRIGGER_NONE = TRIGGER_COUNT,
	/* The account's destination rules deny the number. No trigger that anybody chooses: an attempt
	 * that it is true of always moves the call on. Its word is "destination_denied". */
	TRIGGER_DENIED
};

/* A set of triggers, bit 1u << trigger. */
typedef uint16_t trigger_set;
#define TRIGGER_BIT(t) ((trigger_set)(1u << (t)))
/* All but busy, rejected and no_answer: the default of a trunk. */
#define TRIGGERS_DEFAULT ((trigger_set)(TRIGGER_BIT(TRIGGER_BUSY) - 1u))
/* The default of a DID with forwardings. */
#define TRIGGERS_ALL ((trigger_set)(TRIGGER_BIT(TRIGGER_COUNT) - 1u))

enum disposition {
	DISPOSITION_ANSWERED,
	DISPOSITION_BUSY,
	DISPOSITION_REJECTED,
	DISPOSITION_NO_ANSWER,
	DISPOSITION_CANCELLED,
	DISPOSITION_CONGESTION,
	DISPOSITION_COUNT
};

enum cause {
	CAUSE_NORMAL,
	CAUSE_FAREND_REQUIRE_AUTH,
	CAUSE_FAREND_CONNECTION_ERROR,
	CAUSE_FAREND_RESPONSE,
	CAUSE_NOT_REGISTERED,
	CAUSE_CAPACITY,
	CAUSE_FAREND_BUSY,
	CAUSE_FAREND_REJECTED,
	CAUSE_NO_ANSWER,
	CAUSE_CALLER,
	CAUSE_DESTINATION_DENIED,
	CAUSE_COUNT
};

/* Each table answers "" for a value out of range; each parser answers -1 for a
 * word that is not in its table. */
const char *transport_word(enum transport t);
int transport_parse(const char *word);
const char *auth_mode_word(enum auth_mode m);
int auth_mode_parse(const char *word);
const char *sip_account_role_word(enum sip_account_role r);
int sip_account_role_parse(const char *word);
const char *ha_mode_word(enum ha_mode m);
int ha_mode_parse(const char *word);
const char *did_delivery_word(enum did_delivery d);
int did_delivery_parse(const char *word);
const char *call_direction_word(enum call_direction d);
int call_direction_parse(const char *word);
const char *incoming_action_word(enum incoming_action a);
int incoming_action_parse(const char *word);
const char *calling_party_display_word(enum calling_party_display d);
int calling_party_display_parse(const char *word);
const char *trigger_word(enum trigger t);
int trigger_parse(const char *word);
const char *disposition_word(enum disposition d);
int disposition_parse(const char *word);
const char *cause_word(enum cause c);
int cause_parse(const char *word);

/* The trigger a final response raises (200..699), TRIGGER_NONE for 2xx and 487,
 * 607 and 608, which never move a call on. */
enum trigger trigger_of_response(unsigned status);

/* What a record says of an attempt that ended with this trigger; TRIGGER_NONE: answered. */
enum disposition disposition_of(enum trigger t);
enum cause cause_of(enum trigger t);

#endif
