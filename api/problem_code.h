/* The stable words of errors. Each one is listed in openapi.yaml too (tests/api holds them against
 * each other). The first block stands in a problem's `code`, both may stand in its `errors`. */
#ifndef TRUNKGUARD_API_PROBLEM_CODE_H
#define TRUNKGUARD_API_PROBLEM_CODE_H

#define PROBLEM_CODES(X)                                                                           \
	X(MALFORMED_REQUEST, "malformed_request", "The request is malformed")                      \
	X(MALFORMED_JSON, "malformed_json", "The body is not JSON of the form asked for")          \
	X(INVALID_PARAMETERS, "invalid_parameters", "The query is invalid")                        \
	X(UNAUTHORIZED, "unauthorized", "No valid API key")                                        \
	X(INSUFFICIENT_SCOPE, "insufficient_scope", "The key's scope does not allow this")         \
	X(OPERATOR_ONLY, "operator_only", "Only an operator's key may do this")                    \
	X(ACCOUNT_DISABLED, "account_disabled", "The account is disabled")                         \
	X(NOT_FOUND, "not_found", "There is no such thing")                                        \
	X(METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here")              \
	X(NOT_ACCEPTABLE, "not_acceptable", "No acceptable media type")                            \
	X(ALREADY_EXISTS, "already_exists", "It exists already")                                   \
	X(IN_USE, "in_use", "It is in use")                                                        \
	X(CONFLICT, "conflict", "Another change came first")                                       \
	X(PRECONDITION_FAILED, "precondition_failed", "The precondition failed")                   \
	X(IDEMPOTENCY_KEY_INVALID, "idempotency_key_invalid", "Not an idempotency key")            \
	X(IDEMPOTENCY_KEY_REUSED, "idempotency_key_reused", "Another request had the key")         \
	X(IDEMPOTENCY_IN_FLIGHT, "idempotency_in_flight", "The request is being worked on")        \
	X(BODY_TOO_LARGE, "body_too_large", "The body is too large")                               \
	X(TARGET_TOO_LONG, "target_too_long", "The request target is too long")                    \
	X(UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The media type is not supported")     \
	X(EXPECTATION_FAILED, "expectation_failed", "The expectation cannot be met")               \
	X(VALIDATION_FAILED, "validation_failed", "The content is invalid")                        \
	X(RATE_LIMITED, "rate_limited", "Too many requests")                                       \
	X(INTERNAL_ERROR, "internal_error", "Something went wrong here")                           \
	X(BUSY, "busy", "Too much to do right now")                                                \
	X(DATABASE_UNAVAILABLE, "database_unavailable", "The database is away")                    \
	X(WORKER_SILENT, "worker_silent", "The worker does not answer")                            \
	/* of a body or a query */                                                                 \
	X(MALFORMED_LINE, "malformed_line", "Not a line of the form asked for")                    \
	X(BODY_REQUIRED, "body_required", "A body is required")                                    \
	X(NOT_AN_OBJECT, "not_an_object", "Not a JSON object")                                     \
	X(TOO_DEEP, "too_deep", "Nested too deeply")                                               \
	X(TOO_MANY_VALUES, "too_many_values", "Too many values")                                   \
	X(DUPLICATE_KEY, "duplicate_key", "A key stands twice in one object")                      \
	X(NUL_CHARACTER, "nul_character", "A NUL character")                                       \
	X(NUMBER_OUT_OF_RANGE, "number_out_of_range", "A number beyond 64 bits")                   \
	X(NOT_UTF8, "not_utf8", "Not UTF-8")                                                       \
	X(UNKNOWN_PARAMETER, "unknown_parameter", "There is no such parameter")                    \
	X(INVALID_PARAMETER, "invalid_parameter", "The parameter is invalid")                      \
	/* of a field */                                                                           \
	X(UNKNOWN_FIELD, "unknown_field", "There is no such field")                                \
	X(READ_ONLY, "read_only", "The field cannot be written")                                   \
	X(REQUIRED, "required", "The field is required")                                           \
	X(WRONG_TYPE, "wrong_type", "Not of the field's type")                                     \
	X(TOO_SHORT, "too_short", "Too short")                                                     \
	X(TOO_LONG, "too_long", "Too long")                                                        \
	X(TOO_MANY_ITEMS, "too_many_items", "Too many items")                                      \
	X(DUPLICATE_ITEM, "duplicate_item", "An item stands twice")                                \
	X(AMBIGUOUS, "ambiguous", "Several things are meant by it")                                \
	X(OUT_OF_RANGE, "out_of_range", "Out of range")                                            \
	X(INVALID_CHARACTERS, "invalid_characters", "Characters that are not allowed")             \
	X(UNKNOWN_VALUE, "unknown_value", "None of the allowed words")                             \
	X(NOT_AN_ID, "not_an_id", "Not an id of this kind")                                        \
	X(NOT_E164, "not_e164", "Not a phone number")                                              \
	X(NOT_A_HOST, "not_a_host", "Not an IP address or host name")                              \
	X(PRIVATE_ADDRESS, "private_address", "An address that is not public")                     \
	X(NOT_A_URL, "not_a_url", "Not the URL of a webhook")                                      \
	X(HTTPS_REQUIRED, "https_required", "Must be https")                                       \
	X(NOT_A_SECRET, "not_a_secret", "Not a secret to sign with")                               \
	X(NOT_A_CIDR, "not_a_cidr", "Not an IP address or block")                                  \
	X(NOT_A_PREFIX, "not_a_prefix", "Not a number prefix")                                     \
	X(NOT_A_SIP_URI, "not_a_sip_uri", "Not a SIP URI of the allowed form")                     \
	X(NOT_A_TIME, "not_a_time", "Not a time of the day")                                       \
	X(EMPTY_TIME_SPAN, "empty_time_span", "A time span without a duration")                    \
	X(NOT_A_COUNTRY, "not_a_country", "Not a country code")                                    \
	X(NOT_A_TIMEZONE, "not_a_timezone", "Not a time zone")                                     \
	X(UNKNOWN_ACCOUNT, "unknown_account", "There is no such account")                          \
	X(UNKNOWN_TRUNK, "unknown_trunk", "There is no such trunk in the account")                 \
	X(UNKNOWN_DIAL_PLAN, "unknown_dial_plan", "There is no such dial plan")                    \
	X(UNKNOWN_INTERNAL_NUMBER, "unknown_internal_number",                                      \
		"There is no such internal number in the account")                                 \
	X(CONFLICTING_FIELDS, "conflicting_fields", "Fields that exclude one another")             \
	X(NUMBER_NOT_OWNED, "number_not_owned", "Not a number of the account")                     \
	X(USERNAME_TAKEN, "username_taken", "The user name is taken")                              \
	X(HA_ADDON_REQUIRED, "ha_addon_required", "Needs the High Availability add-on")            \
	X(SECONDARY_REQUIRED, "secondary_required", "Needs a secondary SIP account")               \
	X(DESTINATION_DENIED, "destination_denied", "The account's calls may not go there")        \
	X(EMERGENCY_NUMBER, "emergency_number", "An emergency number is never forwarded to")       \
	X(SELF_FORWARD, "self_forward", "A number would forward to itself")                        \
	X(FORWARDING_LOOP, "forwarding_loop", "Calls would go round in a circle")

enum problem_code {
#define PROBLEM_ENUM(name, word, title) PROBLEM_##name,
	PROBLEM_CODES(PROBLEM_ENUM)
#undef PROBLEM_ENUM
		PROBLEM_CODE_COUNT
};

const char *problem_code_word(enum problem_code code);
const char *problem_code_title(enum problem_code code);

#endif
