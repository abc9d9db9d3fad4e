-- Webhooks: who wants to be told of which events, and what became of telling him.

-- account_id: whose events; null: an operator's, who hears all. signing_secret is needed in the clear to
-- sign with; the one before signs beside it for a day. failing_since: of the first failure after
-- the last success.
CREATE TABLE webhook (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account_id uuid REFERENCES account (id) ON DELETE CASCADE,
	url text NOT NULL CHECK (url ~* '^https?://[!-~]+$' AND length(url) <= 2000),
	description text CHECK (text_ok(description, 200)),
	events text[] NOT NULL DEFAULT '{*}' CHECK (cardinality(events) BETWEEN 1 AND 100
		AND array_position(events, NULL) IS NULL),
	enabled boolean NOT NULL DEFAULT true,
	signing_secret text NOT NULL CHECK (signing_secret ~ '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$'),
	previous_secret text,
	previous_until timestamptz,
	failing_since timestamptz,
	disabled_reason text CHECK (disabled_reason IN ('gone', 'failing')),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	version bigint NOT NULL DEFAULT 1
);
CREATE INDEX webhook_account ON webhook (account_id, id);

-- What the sender notes (failing_since) is no new version.
CREATE FUNCTION webhook_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.signing_secret <> OLD.signing_secret THEN
		NEW.previous_secret := OLD.signing_secret;
		NEW.previous_until := now() + interval '24 hours';
	END IF;
	IF NEW.enabled AND NOT OLD.enabled THEN
		NEW.disabled_reason := NULL;
		NEW.failing_since := NULL;
	END IF;
	NEW.version := OLD.version + 1;
	NEW.updated_at := now();
	RETURN NEW;
END
$$;
CREATE TRIGGER webhook_change BEFORE UPDATE OF url, description, events, enabled, signing_secret ON webhook
	FOR EACH ROW EXECUTE FUNCTION webhook_change();
CREATE TRIGGER webhook_key BEFORE UPDATE OF id, account_id ON webhook
	FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.account_id IS DISTINCT FROM OLD.account_id)
	EXECUTE FUNCTION row_key_refuse();

-- One event for one webhook. leased_until: a process has it in hand until then; should that die, it is
-- tried again at next_attempt_at, which lies behind it.
CREATE TABLE webhook_delivery (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	webhook_id uuid NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
	event_id uuid NOT NULL,
	state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
	attempts integer NOT NULL DEFAULT 0,
	next_attempt_at timestamptz DEFAULT now(),
	leased_until timestamptz,
	last_attempt_at timestamptz,
	last_status integer,
	last_error text,
	last_duration_ms integer,
	created_at timestamptz NOT NULL DEFAULT now(),
	ended_at timestamptz,
	UNIQUE (webhook_id, event_id),
	CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
	CHECK ((state = 'pending') = (ended_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX webhook_delivery_page ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_leased ON webhook_delivery (webhook_id) WHERE leased_until IS NOT NULL;

-- "trunk.down", all that begin with "trunk." as "trunk.*", or all as "*".
CREATE FUNCTION event_wanted(type text, patterns text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM unnest(patterns) p (p) WHERE p.p IN ('*', type)
		OR (right(p.p, 2) = '.*' AND starts_with(type, left(p.p, -1))));

-- A webhook hears nothing of itself but its ping, which nobody else hears.
CREATE FUNCTION event_fan_out(ids uuid[]) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	INSERT INTO webhook_delivery (webhook_id, event_id)
		SELECT w.id, e.id FROM event e JOIN webhook w ON w.enabled
			AND (w.account_id IS NULL OR w.account_id = e.account_id) AND w.created_at <= e.at
			AND CASE WHEN e.subject = 'webhooks/whk_' || w.id THEN e.type = 'webhook.ping'
				ELSE e.type <> 'webhook.ping' AND event_wanted(e.type, w.events) END
		WHERE e.id = ANY (ids)
		ON CONFLICT (webhook_id, event_id) DO NOTHING;
END;

-- What every committed event still needs: its link, and its deliveries. Returns how many there were.
-- One transaction at a time, or links would wait for one another.
CREATE FUNCTION event_settle(most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	ids uuid[];
BEGIN
	IF NOT pg_try_advisory_xact_lock(hashtext('trunkguard.event_settle')) THEN
		RETURN 0;
	END IF;
	ids := event_take(most);
	IF cardinality(ids) > 0 THEN
		PERFORM event_seal(ids);
		PERFORM event_fan_out(ids);
	END IF;
	RETURN cardinality(ids);
END
$$;

-- Takes deliveries that are due in hand, of each webhook at most four at a time, of one that fails one:
-- whoever hangs holds up nobody else.
CREATE FUNCTION webhook_claim(most integer, lease interval) RETURNS SETOF webhook_delivery
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	UPDATE webhook_delivery d SET attempts = d.attempts + 1, last_attempt_at = now(),
		leased_until = now() + lease, next_attempt_at = now() + lease
	FROM (
		SELECT p.id FROM (SELECT h.* FROM webhook h WHERE h.enabled ORDER BY random()) w
		CROSS JOIN LATERAL (
			SELECT c.id FROM webhook_delivery c
			WHERE c.webhook_id = w.id AND c.state = 'pending' AND c.next_attempt_at <= now()
			ORDER BY c.next_attempt_at
			LIMIT greatest(0, CASE WHEN w.failing_since IS NULL THEN 4 ELSE 1 END
				- (SELECT count(*) FROM webhook_delivery l
					WHERE l.webhook_id = w.id AND l.leased_until > now()))
			FOR UPDATE SKIP LOCKED
		) p LIMIT most
	) due
	WHERE d.id = due.id
	RETURNING d.*;
END;

-- The pause after an attempt; null: there is no other one. All of them are a day, give or take a fifth.
CREATE FUNCTION webhook_pause(attempts integer) RETURNS interval
LANGUAGE sql VOLATILE
	RETURN (ARRAY['5 s', '30 s', '2 min', '10 min', '30 min', '1 h', '2 h', '4 h', '8 h', '8 h']::interval[])[attempts]
		* (0.8 + 0.4 * random());

CREATE FUNCTION webhook_disable(webhook uuid, reason text) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH changed AS (
		UPDATE webhook w SET enabled = false, disabled_reason = reason
		WHERE w.id = webhook AND w.enabled RETURNING w.id, w.account_id
	)
	INSERT INTO event (account_id, type, subject, data)
		SELECT c.account_id, 'webhook.disabled', 'webhooks/whk_' || c.id, jsonb_build_object('reason', reason)
		FROM changed c;
END;

-- What came of an attempt. status: null when there was no answer. retry_after: seconds that the
-- answer asked for. An attempt whose lease ran out, and that another process made again, is forgotten.
CREATE FUNCTION webhook_note(delivery uuid, attempt integer, status integer, error text,
	duration_ms integer, retry_after integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	good boolean := status IS NOT NULL AND status BETWEEN 200 AND 299;
	pause interval := webhook_pause(attempt);
	owner uuid;
	since timestamptz;
BEGIN
	IF good OR status = 410 THEN
		pause := NULL;
	END IF;
	UPDATE webhook_delivery d SET leased_until = NULL, last_status = status, last_error = error,
			last_duration_ms = duration_ms,
			state = CASE WHEN good THEN 'delivered' WHEN pause IS NULL THEN 'dead' ELSE 'pending' END,
			next_attempt_at = CASE WHEN pause IS NOT NULL THEN
				now() + greatest(pause, make_interval(secs => least(coalesce(retry_after, 0), 86400))) END,
			ended_at = CASE WHEN pause IS NULL THEN now() END
		WHERE d.id = delivery AND d.attempts = attempt AND d.state = 'pending'
		RETURNING d.webhook_id INTO owner;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	UPDATE webhook w SET failing_since = CASE WHEN good THEN NULL ELSE coalesce(w.failing_since, now()) END
		WHERE w.id = owner AND (w.failing_since IS NULL) <> good
		RETURNING w.failing_since INTO since;
	SELECT w.failing_since INTO since FROM webhook w WHERE w.id = owner;
	IF status = 410 THEN
		PERFORM webhook_disable(owner, 'gone');
	ELSIF since < now() - interval '5 days' THEN
		PERFORM webhook_disable(owner, 'failing');
	END IF;
END
$$;

-- What is over is kept for a while: a month when it was in vain.
CREATE FUNCTION webhook_forget() RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	DELETE FROM webhook_delivery d
		WHERE d.ended_at < now() - CASE d.state WHEN 'dead' THEN interval '30 days' ELSE interval '7 days' END
			OR (d.state = 'pending' AND d.created_at < now() - interval '30 days');
END;
