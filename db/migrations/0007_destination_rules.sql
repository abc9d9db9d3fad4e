-- Where an account's calls may fail over and forward to, and how much of it. The defaults deny what
-- is charged at premium rates and nothing else; see core/destination.h.

CREATE FUNCTION prefixes_ok(p text[], longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN array_position(p, NULL) IS NULL AND cardinality(p) <= longest
		AND array_to_string(p, ',') ~ '^(\d{1,15}(,\d{1,15})*)?$';

ALTER TABLE account
	ADD COLUMN destination_allowed_countries text[] CHECK (
		array_position(destination_allowed_countries, NULL) IS NULL
		AND cardinality(destination_allowed_countries) <= 300
		AND array_to_string(destination_allowed_countries, ',') ~ '^([A-Z]{2}(,[A-Z]{2})*)?$'),
	ADD COLUMN destination_denied_prefixes text[] NOT NULL DEFAULT '{}'
		CHECK (prefixes_ok(destination_denied_prefixes, 1000)),
	ADD COLUMN destination_allowed_prefixes text[] NOT NULL DEFAULT '{}'
		CHECK (prefixes_ok(destination_allowed_prefixes, 1000)),
	ADD COLUMN destination_allow_premium boolean NOT NULL DEFAULT false,
	ADD COLUMN destination_max_failover_calls integer
		CHECK (destination_max_failover_calls BETWEEN 0 AND 100000),
	ADD COLUMN destination_max_failover_calls_per_minute integer
		CHECK (destination_max_failover_calls_per_minute BETWEEN 1 AND 60000),
	ADD COLUMN destination_max_failover_call_seconds integer
		CHECK (destination_max_failover_call_seconds BETWEEN 1 AND 604800);

-- The text form of core/destination.h; null for the default rules, which nearly all accounts have.
CREATE FUNCTION destination_rules_text(countries text[], denied text[], allowed text[], premium boolean,
	calls integer, per_minute integer, seconds integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN countries IS NULL AND denied = '{}' AND allowed = '{}' AND NOT premium
			AND calls IS NULL AND per_minute IS NULL AND seconds IS NULL THEN NULL
		ELSE concat_ws('|', coalesce(array_to_string(countries, ','), '*'), array_to_string(denied, ','),
			array_to_string(allowed, ','), CASE WHEN premium THEN 't' ELSE 'f' END,
			coalesce(calls::text, ''), coalesce(per_minute::text, ''), coalesce(seconds::text, ''))
	END;

CREATE OR REPLACE VIEW feed_account AS
	SELECT 'A' AS kind, id, enabled, default_country, timezone, ha_addon, failover_number,
		addresses_text(failover_backup_pbxs) AS backup_pbxs,
		failover_calling_party_display AS calling_party_display,
		failover_calling_party_number AS calling_party_number,
		destination_rules_text(destination_allowed_countries, destination_denied_prefixes,
			destination_allowed_prefixes, destination_allow_premium, destination_max_failover_calls,
			destination_max_failover_calls_per_minute, destination_max_failover_call_seconds)
			AS destination_rules
	FROM account;
