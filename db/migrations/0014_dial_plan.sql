-- Dial plans and forwardings. Steps and forwardings are lists of objects and stay JSON as the API takes
-- it, every key there, because nothing in the database asks for one of them by itself; the feed has
-- them as text (core/dial_text.h). The functions that write that text answer null for what is no list
-- of steps or forwardings, and so are the check as well.

CREATE FUNCTION dial_text_escaped(t text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN replace(replace(replace(replace(t, '%', '%25'), ' ', '%20'), '(', '%28'), ')', '%29');

CREATE FUNCTION minute_of_day(t text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN t ~ '^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$'
		THEN left(t, 2)::integer * 60 + right(t, 2)::integer END;

-- A list of {"days", "from", "to"}; JSON's null: always.
CREATE FUNCTION active_times_text(times jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
	span jsonb;
	days integer;
	spans text[] := '{}';
BEGIN
	IF times = 'null' THEN
		RETURN '-';
	ELSIF times IS NULL OR jsonb_typeof(times) <> 'array'
			OR jsonb_array_length(times) NOT BETWEEN 1 AND 32 THEN
		RETURN NULL;
	END IF;
	FOR span IN SELECT e.value FROM jsonb_array_elements(times) e LOOP
		IF jsonb_typeof(span -> 'days') IS DISTINCT FROM 'array' OR jsonb_array_length(span -> 'days') = 0
				OR span ->> 'from' = '24:00' OR span ->> 'from' = span ->> 'to' THEN
			RETURN NULL;
		END IF;
		SELECT sum(1 << array_position(ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], d.day) - 1)
			INTO days FROM (SELECT DISTINCT day FROM jsonb_array_elements_text(span -> 'days') j (day)) d
			HAVING count(*) = count(array_position(
				ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], d.day));
		-- Until 0:00 is until the end of the day.
		spans := spans || (days || ':' || minute_of_day(span ->> 'from') || '-'
			|| coalesce(nullif(minute_of_day(span ->> 'to'), 0), 1440));
	END LOOP;
	RETURN CASE WHEN array_position(spans, NULL) IS NULL THEN array_to_string(spans, ',') END;
END
$$;

-- One of {"internal"}, {"external"}, {"sip_uri"} and {"trunk_id"}; kinds: which of them, by their letters.
CREATE FUNCTION dial_target_text(target jsonb, kinds text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE
		WHEN jsonb_typeof(target) IS DISTINCT FROM 'object' THEN NULL
		WHEN target ->> 'internal' ~ '^(?:[0-9*]{1,15}|\+[1-9]\d{6,14})$' AND kinds ~ 'i'
			THEN 'i' || (target ->> 'internal')
		WHEN target ->> 'external' ~ '^\+[1-9]\d{6,14}$' AND kinds ~ 'e'
			THEN 'e' || substr(target ->> 'external', 2)
		WHEN target ->> 'trunk_id' ~ '^trk_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AND kinds ~ 't'
			THEN 't' || substr(target ->> 'trunk_id', 5)
		WHEN length(target ->> 'sip_uri') < 384 AND kinds ~ 's' AND target ->> 'sip_uri'
				~ ('^sip:(?:(?:[A-Za-z0-9_.!~*+=&$/?-]|%[0-9A-Fa-f]{2}){1,64}@)?'
					|| '(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])'
					|| '(?::(?:6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d\d\d|[1-5]\d\d\d\d|[1-9]\d?\d?\d?))?'
					|| ';transport=(?:udp|tcp|tls)$')
			THEN 's' || (target ->> 'sip_uri')
		END;

CREATE FUNCTION dial_seconds_text(seconds jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN jsonb_typeof(seconds) = 'number' AND seconds::text ~ '^\d{1,4}$'
		AND seconds::text::integer BETWEEN 1 AND 3600 THEN seconds::text END;

CREATE FUNCTION dial_targets_text(targets jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN jsonb_typeof(targets) = 'array' AND jsonb_array_length(targets) BETWEEN 1 AND 8 THEN
		(SELECT CASE WHEN count(*) = count(t.text) THEN string_agg(t.text, ' ' ORDER BY t.position) END
			FROM (SELECT dial_target_text(e.value, 'iest') AS text, e.position
				FROM jsonb_array_elements(targets) WITH ORDINALITY e (value, position)) t) END;

-- Null for what is no list of steps. depth: of schedules around it.
CREATE FUNCTION dial_steps_text(steps jsonb, depth integer DEFAULT 0) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
	step jsonb;
	written text := '';
BEGIN
	IF jsonb_typeof(steps) IS DISTINCT FROM 'array' OR depth > 4 OR jsonb_array_length(steps) > 64 THEN
		RETURN NULL;
	END IF;
	FOR step IN SELECT e.value FROM jsonb_array_elements(steps) e LOOP
		written := written || '(' || (step ->> 'app') || ' ' || active_times_text(step -> 'active_times')
			|| CASE step ->> 'app'
			WHEN 'ring' THEN
				' ' || CASE WHEN step ->> 'strategy' IN ('sequential', 'simultaneous')
					THEN step ->> 'strategy' END
				|| ' ' || dial_seconds_text(step -> 'ring_seconds') || ' '
				|| dial_targets_text(step -> 'targets')
			WHEN 'forward' THEN ' ' || dial_target_text(step, 'e')
			WHEN 'media' THEN ' ' || dial_target_text(step, 's')
			WHEN 'reject' THEN
				' ' || CASE WHEN jsonb_typeof(step -> 'code') = 'number' AND step ->> 'code' ~ '^[456]\d\d$'
					THEN step ->> 'code' END
				|| ' ' || CASE WHEN step -> 'reason' = 'null' THEN ''
					WHEN text_ok(step ->> 'reason', 100) THEN dial_text_escaped(step ->> 'reason') END
			WHEN 'schedule' THEN
				' {' || dial_steps_text(step -> 'then', depth + 1) || '} {'
				|| dial_steps_text(step -> 'else', depth + 1) || '}'
			END || ')';
	END LOOP;
	RETURN CASE WHEN length(written) - length(replace(written, '(', '')) <= 64 THEN written END;
END
$$;

CREATE FUNCTION forwarding_text(f jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN '(' || CASE f -> 'enabled' WHEN 'true' THEN 't' WHEN 'false' THEN 'f' END
		|| ' ' || active_times_text(f -> 'active_times') || ' ' || dial_seconds_text(f -> 'ring_seconds')
		|| ' ' || CASE WHEN f -> 'calling_party_display' = 'null' THEN '-'
			WHEN display_ok(f ->> 'calling_party_display') THEN f ->> 'calling_party_display' END
		|| ' ' || CASE WHEN f -> 'calling_party_number' = 'null' THEN
				CASE WHEN f ->> 'calling_party_display' IS DISTINCT FROM 'fixed' THEN '-' END
			ELSE substr(dial_target_text(jsonb_build_object('external', f -> 'calling_party_number'), 'e'), 2) END
		|| ' ' || dial_target_text(f -> 'target', 'ie')
		|| ' ' || CASE WHEN f -> 'designation' = 'null' THEN ''
			WHEN text_ok(f ->> 'designation', 200) THEN dial_text_escaped(f ->> 'designation') END || ')';

CREATE FUNCTION forwardings_text(l jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN l = '[]' THEN '' WHEN jsonb_typeof(l) = 'array' AND jsonb_array_length(l) <= 16 THEN
		(SELECT CASE WHEN count(*) = count(t.text) THEN string_agg(t.text, '' ORDER BY t.position) END
			FROM (SELECT forwarding_text(e.value) AS text, e.position
				FROM jsonb_array_elements(l) WITH ORDINALITY e (value, position)) t) END;

CREATE TABLE dial_plan (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account_id uuid NOT NULL REFERENCES account (id),
	name text NOT NULL CHECK (text_ok(name, 200)),
	internal_number text NOT NULL CHECK (internal_number ~ '^[0-9*]{1,15}$'),
	steps jsonb NOT NULL CHECK (dial_steps_text(steps) IS NOT NULL),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	version bigint NOT NULL DEFAULT 1,
	UNIQUE (account_id, id),
	UNIQUE (account_id, internal_number)
);

ALTER TABLE did ADD dial_plan_id uuid,
	ADD forwardings jsonb NOT NULL DEFAULT '[]' CHECK (forwardings_text(forwardings) IS NOT NULL),
	ADD FOREIGN KEY (account_id, dial_plan_id) REFERENCES dial_plan (account_id, id),
	ADD CONSTRAINT did_target_check CHECK (trunk_id IS NULL OR dial_plan_id IS NULL);
CREATE INDEX did_dial_plan ON did (dial_plan_id, number) WHERE dial_plan_id IS NOT NULL;

-- Until now there was nothing that an enabled failover could have led to.
UPDATE trunk SET failover_enabled = false WHERE failover_enabled;
ALTER TABLE trunk ADD failover_dial_plan_id uuid,
	ADD FOREIGN KEY (account_id, failover_dial_plan_id) REFERENCES dial_plan (account_id, id),
	ADD CONSTRAINT trunk_failover_dial_plan_check
		CHECK (NOT failover_enabled OR failover_dial_plan_id IS NOT NULL);
CREATE INDEX trunk_failover_dial_plan ON trunk (failover_dial_plan_id) WHERE failover_dial_plan_id IS NOT NULL;

CREATE TRIGGER dial_plan_touch BEFORE UPDATE ON dial_plan
	FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION row_touch();
CREATE TRIGGER dial_plan_key BEFORE UPDATE OF id, account_id ON dial_plan
	FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.account_id <> OLD.account_id)
	EXECUTE FUNCTION row_key_refuse();
CREATE TRIGGER dial_plan_log_insert AFTER INSERT ON dial_plan REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('P');
CREATE TRIGGER dial_plan_log_update AFTER UPDATE ON dial_plan REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('P');
CREATE TRIGGER dial_plan_log_delete AFTER DELETE ON dial_plan REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('p');
CREATE TRIGGER dial_plan_log_truncate AFTER TRUNCATE ON dial_plan
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_all();

CREATE VIEW feed_dial_plan AS
	SELECT 'P' AS kind, id, account_id, name, internal_number, dial_steps_text(steps) AS steps
	FROM dial_plan;

-- The view as it is, but for the column that had nothing to show until now.
DO $$
BEGIN
	EXECUTE 'CREATE OR REPLACE VIEW feed_trunk AS ' || replace(pg_get_viewdef('feed_trunk'::regclass),
		'NULL::uuid AS failover_dial_plan_id', 'failover_dial_plan_id');
END
$$;

-- Most DIDs have no forwardings, and 100,000 may change at once.
CREATE OR REPLACE VIEW feed_did AS
	SELECT 'D' AS kind, number, account_id, trunk_id, dial_plan_id, enabled,
		incoming_action, ring_seconds, array_to_string(triggers, ',') AS triggers,
		failover_number, addresses_text(failover_backup_pbxs) AS backup_pbxs,
		failover_calling_party_display AS calling_party_display,
		failover_calling_party_number AS calling_party_number,
		CASE WHEN forwardings = '[]' THEN '' ELSE forwardings_text(forwardings) END AS forwardings
	FROM did;
