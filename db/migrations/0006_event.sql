-- Events: what was changed, by whom, from what to what (audit), and what the workers saw. Append only:
-- whoever writes inserts into event, nobody changes or deletes a row, and a chain of hashes for each
-- account makes it show when somebody did so past the triggers.
--
-- An audit row belongs to the transaction of its change. The chain does not: a link needs the one
-- before it, so that two writers of one account would wait for each other's commit, disk and all.
-- Instead a trigger queues the row in its transaction, and event_seal() links what was committed, in
-- batches, less than a second later (event_settle()).

-- As uuid7(), and in order within a millisecond too: its fraction in 12 bits (RFC 9562, 6.2, method 3).
CREATE FUNCTION event_id() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
	RETURN (SELECT encode(overlay(overlay(uuid_send(gen_random_uuid())
			PLACING substring(int8send(t.us / 1000) FROM 3) FROM 1 FOR 6)
			PLACING substring(int8send(28672 + t.us % 1000 * 4096 / 1000) FROM 7) FROM 7 FOR 2), 'hex')::uuid
		FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) t);

-- account_id: whose event it is, null an operator's own; no foreign key, for events outlive what they
-- are about. subject: the path of the resource below /v1. actor_key_id: null when no key did it.
-- worker: who saw it, for what a worker saw. before, after: as the API shows the resource, secrets
-- masked; null for what was not there. data: anything else.
CREATE TABLE event (
	id uuid PRIMARY KEY DEFAULT event_id(),
	account_id uuid,
	type text NOT NULL CHECK (type ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}$' AND length(type) <= 64),
	subject text NOT NULL CHECK (text_ok(subject, 300)),
	trunk_id uuid,
	did bigint,
	actor_kind text NOT NULL DEFAULT 'system'
		CHECK (actor_kind IN ('operator', 'account', 'system', 'worker')),
	actor_key_id uuid,
	source_ip inet,
	request_id text CHECK (text_ok(request_id, 128)),
	worker text,
	revision text,
	before jsonb,
	after jsonb,
	data jsonb,
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX event_account ON event (account_id, id);
CREATE INDEX event_trunk ON event (trunk_id, id) WHERE trunk_id IS NOT NULL;
CREATE INDEX event_did ON event (did, id) WHERE did IS NOT NULL;

-- What still has to be sealed. Short, so it needs no index.
CREATE TABLE event_queue (
	event_id uuid NOT NULL
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- chain: the account, all zero for events of no account. hash: of the hash before it and the event.
CREATE TABLE event_chain (
	event_id uuid PRIMARY KEY,
	chain uuid NOT NULL,
	seq bigint NOT NULL,
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	UNIQUE (chain, seq)
);

-- The newest link of each chain, and its anchor: the last link that event_forget() took away.
CREATE TABLE event_chain_head (
	chain uuid PRIMARY KEY,
	seq bigint NOT NULL,
	hash bytea NOT NULL CHECK (octet_length(hash) = 32),
	anchor_seq bigint NOT NULL,
	anchor_hash bytea NOT NULL CHECK (octet_length(anchor_hash) = 32),
	CHECK (anchor_seq BETWEEN 0 AND seq)
) WITH (fillfactor = 50);

CREATE FUNCTION event_queue_add() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	INSERT INTO event_queue SELECT n.id FROM added n;
	RETURN NULL;
END
$$;

CREATE TRIGGER event_queue AFTER INSERT ON event REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION event_queue_add();

-- ---- append only ------------------------------------------------------------------------------

CREATE FUNCTION event_refuse() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	RAISE insufficient_privilege USING MESSAGE = format('table %s is append only', TG_TABLE_NAME),
		TABLE = TG_TABLE_NAME;
END
$$;

-- Only what lies before a chain's anchor may go, and its links after it.
CREATE FUNCTION event_delete_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	PERFORM FROM event_chain c JOIN event_chain_head h ON h.chain = c.chain
		WHERE c.event_id = OLD.id AND c.seq <= h.anchor_seq;
	IF NOT FOUND THEN
		RAISE insufficient_privilege USING MESSAGE = 'table event is append only', TABLE = TG_TABLE_NAME;
	END IF;
	RETURN OLD;
END
$$;

CREATE FUNCTION event_chain_delete_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	PERFORM FROM event_chain_head h WHERE h.chain = OLD.chain AND OLD.seq <= h.anchor_seq;
	IF NOT FOUND THEN
		RAISE insufficient_privilege USING MESSAGE = 'table event_chain is append only',
			TABLE = TG_TABLE_NAME;
	END IF;
	RETURN OLD;
END
$$;

CREATE TRIGGER event_update BEFORE UPDATE ON event FOR EACH STATEMENT EXECUTE FUNCTION event_refuse();
CREATE TRIGGER event_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION event_refuse();
CREATE TRIGGER event_delete BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_delete_check();
CREATE TRIGGER event_chain_update BEFORE UPDATE ON event_chain
	FOR EACH STATEMENT EXECUTE FUNCTION event_refuse();
CREATE TRIGGER event_chain_truncate BEFORE TRUNCATE ON event_chain
	FOR EACH STATEMENT EXECUTE FUNCTION event_refuse();
CREATE TRIGGER event_chain_delete BEFORE DELETE ON event_chain
	FOR EACH ROW EXECUTE FUNCTION event_chain_delete_check();

-- ---- the chain --------------------------------------------------------------------------------

CREATE FUNCTION event_chain_of(account_id uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce(account_id, '00000000-0000-0000-0000-000000000000');

CREATE FUNCTION event_chain_begin() RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN decode(repeat('00', 32), 'hex');

-- jsonb has one spelling, whatever the settings of the session.
CREATE FUNCTION event_link(hash_before bytea, e event) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
	RETURN sha256(hash_before || convert_to(jsonb_build_array(e.id, e.account_id, e.type, e.subject,
		e.trunk_id, e.did, e.actor_kind, e.actor_key_id, host(e.source_ip), e.request_id, e.worker,
		e.revision, e.before, e.after, e.data, (extract(epoch FROM e.at) * 1000000)::bigint)::text, 'UTF8'));

-- Takes some of the queue. What another transaction takes is left to it.
CREATE FUNCTION event_take(most integer) RETURNS uuid[]
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH taken AS (
		DELETE FROM event_queue q
		WHERE q.ctid = ANY (ARRAY(SELECT s.ctid FROM event_queue s LIMIT most FOR UPDATE SKIP LOCKED))
		RETURNING q.event_id
	)
	SELECT coalesce(array_agg(t.event_id), '{}') FROM taken t;
END;

-- Links these events to their chains. One transaction at a time does that.
CREATE FUNCTION event_seal(ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	head event_chain_head;
	e event;
BEGIN
	FOR e IN SELECT v.* FROM event v WHERE v.id = ANY (ids) ORDER BY event_chain_of(v.account_id), v.id LOOP
		IF head.chain IS DISTINCT FROM event_chain_of(e.account_id) THEN
			UPDATE event_chain_head h SET seq = head.seq, hash = head.hash WHERE h.chain = head.chain;
			INSERT INTO event_chain_head AS h VALUES (event_chain_of(e.account_id), 0,
					event_chain_begin(), 0, event_chain_begin())
				ON CONFLICT (chain) DO UPDATE SET seq = h.seq RETURNING h.* INTO head;
		END IF;
		head.seq := head.seq + 1;
		head.hash := event_link(head.hash, e);
		INSERT INTO event_chain VALUES (e.id, head.chain, head.seq, head.hash);
	END LOOP;
	UPDATE event_chain_head h SET seq = head.seq, hash = head.hash WHERE h.chain = head.chain;
END
$$;

-- Everything that is not as it was written: no rows when all is well. What is still queued is not
-- missed.
CREATE FUNCTION event_verify() RETURNS TABLE (account_id uuid, seq bigint, event_id uuid, problem text)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
	head event_chain_head;
	link event_chain;
	e event;
	hash bytea;
BEGIN
	FOR head IN SELECT h.* FROM event_chain_head h ORDER BY h.chain LOOP
		account_id := nullif(head.chain, event_chain_of(NULL));
		seq := head.anchor_seq;
		hash := head.anchor_hash;
		FOR link IN SELECT c.* FROM event_chain c
				WHERE c.chain = head.chain AND c.seq > head.anchor_seq ORDER BY c.seq LOOP
			event_id := link.event_id;
			SELECT v.* INTO e FROM event v WHERE v.id = link.event_id;
			problem := CASE WHEN link.seq <> seq + 1 THEN 'links before this one are gone'
				WHEN e.id IS NULL THEN 'the event is gone'
				WHEN event_chain_of(e.account_id) <> head.chain
					OR event_link(hash, e) <> link.hash THEN 'the event was changed' END;
			seq := link.seq;
			hash := link.hash;
			IF problem IS NOT NULL THEN
				RETURN NEXT;
			END IF;
		END LOOP;
		IF seq <> head.seq OR hash <> head.hash THEN
			event_id := NULL;
			problem := 'the newest links are gone';
			RETURN NEXT;
		END IF;
	END LOOP;
	RETURN QUERY SELECT nullif(c.chain, event_chain_of(NULL)), c.seq, c.event_id, 'the chain has no head'
		FROM event_chain c WHERE NOT EXISTS (SELECT FROM event_chain_head h WHERE h.chain = c.chain);
	RETURN QUERY SELECT v.account_id, NULL::bigint, v.id, 'the event is in no chain'
		FROM event v WHERE NOT EXISTS (SELECT FROM event_chain c WHERE c.event_id = v.id)
			AND NOT EXISTS (SELECT FROM event_queue q WHERE q.event_id = v.id);
END
$$;

-- Drops the events of each chain up to the first one that is younger than that; returns how many. The
-- chain goes on from its anchor, and an event in it says that it was cut.
CREATE FUNCTION event_forget(older_than interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	head event_chain_head;
	last event_chain;
	gone bigint;
	total bigint := 0;
BEGIN
	FOR head IN SELECT h.* FROM event_chain_head h ORDER BY h.chain FOR UPDATE LOOP
		SELECT c.* INTO last FROM event_chain c
			WHERE c.chain = head.chain AND c.seq < coalesce(
				(SELECT k.seq FROM event_chain k JOIN event v ON v.id = k.event_id
					WHERE k.chain = head.chain AND v.at >= now() - older_than ORDER BY k.seq LIMIT 1),
				head.seq + 1)
			ORDER BY c.seq DESC LIMIT 1;
		CONTINUE WHEN NOT FOUND;
		UPDATE event_chain_head h SET anchor_seq = last.seq, anchor_hash = last.hash
			WHERE h.chain = head.chain;
		DELETE FROM event v USING event_chain c
			WHERE c.event_id = v.id AND c.chain = head.chain AND c.seq <= last.seq;
		GET DIAGNOSTICS gone = ROW_COUNT;
		DELETE FROM event_chain c WHERE c.chain = head.chain AND c.seq <= last.seq;
		INSERT INTO event (account_id, type, subject, data)
			VALUES (nullif(head.chain, event_chain_of(NULL)), 'audit.pruned', 'events',
				jsonb_build_object('events', gone, 'anchor_seq', last.seq,
					'anchor_hash', encode(last.hash, 'hex')));
		total := total + gone;
	END LOOP;
	RETURN total;
END
$$;
