-- The configuration feed: which keys changed, under which transaction. See docs/feed.md.
--
-- A reader that holds the snapshot of its last reading asks for the keys of all transactions which
-- that snapshot could not see. Nothing depends on the order of commits, on sequences or on clocks.

-- A crash empties unlogged tables. That is what this one is for: transaction ids that were handed
-- out but never reached the disk are handed out again after a crash, so a snapshot from before it
-- proves nothing. The same holds for a promoted standby and for a restored backup, where unlogged
-- tables are empty too. A new epoch then tells every worker to read all again. horizon: changes of
-- older transactions may be gone from change_log.
CREATE UNLOGGED TABLE incarnation (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	epoch text NOT NULL,
	cluster text NOT NULL,
	horizon xid8 NOT NULL DEFAULT '0'
);

CREATE TABLE epoch (
	epoch text PRIMARY KEY,
	cluster text NOT NULL,
	started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- kind: A account, T trunk, S sip_account, D did, G gateway, the small letter for deletes, * read all
-- again. One row a statement, not one a key: this is what makes a mass update cheap to log.
CREATE UNLOGGED TABLE change_log (
	xid xid8 NOT NULL,
	kind "char" NOT NULL,
	ids uuid[],
	numbers bigint[],
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE change_log ALTER COLUMN ids SET STORAGE EXTERNAL, ALTER COLUMN numbers SET STORAGE EXTERNAL;
CREATE INDEX change_log_xid ON change_log (xid);

-- Database, timeline and system identifier: another one of any is another history. The table's oid
-- tells a database that was dropped and restored in place.
CREATE FUNCTION cluster_identity() RETURNS text
LANGUAGE sql STABLE
	RETURN (SELECT system_identifier FROM pg_control_system()) || '/'
		|| left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/'
		|| (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
		|| 'incarnation'::regclass::oid;

-- Null: a new one must be made by epoch_ensure().
CREATE FUNCTION epoch_current() RETURNS text
LANGUAGE sql STABLE
	RETURN (SELECT i.epoch FROM incarnation i WHERE i.cluster = cluster_identity());

CREATE FUNCTION epoch_ensure() RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	found_epoch text := epoch_current();
	new_epoch text := left(replace(gen_random_uuid()::text, '-', ''), 8);
BEGIN
	IF found_epoch IS NOT NULL THEN
		RETURN found_epoch;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('trunkguard.epoch'));
	found_epoch := epoch_current();
	IF found_epoch IS NOT NULL THEN
		RETURN found_epoch;
	END IF;
	-- Keys of another history are of no use to anybody: every worker will read all.
	DELETE FROM change_log;
	DELETE FROM incarnation;
	INSERT INTO incarnation (epoch, cluster) VALUES (new_epoch, cluster_identity());
	INSERT INTO epoch (epoch, cluster) VALUES (new_epoch, cluster_identity());
	RETURN new_epoch;
END
$$;

-- Transition tables exist for one event each, so there are three triggers a table; all name theirs
-- "changed". NOTIFY only wakes readers up; a session that wakes them itself after its commit sets
-- trunkguard.wakeup = off, because NOTIFY makes commits wait for one another.
CREATE FUNCTION change_log_ids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
	INSERT INTO change_log (xid, kind, ids)
		SELECT pg_current_xact_id(), TG_ARGV[0]::"char", array_agg(c.id) FROM changed c
		HAVING count(*) > 0;
	IF FOUND AND current_setting('trunkguard.wakeup', true) IS DISTINCT FROM 'off' THEN
		PERFORM pg_notify('trunkguard_change', '');
	END IF;
	RETURN NULL;
END
$$;

CREATE FUNCTION change_log_numbers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
	INSERT INTO change_log (xid, kind, numbers)
		SELECT pg_current_xact_id(), TG_ARGV[0]::"char", array_agg(c.number) FROM changed c
		HAVING count(*) > 0;
	IF FOUND AND current_setting('trunkguard.wakeup', true) IS DISTINCT FROM 'off' THEN
		PERFORM pg_notify('trunkguard_change', '');
	END IF;
	RETURN NULL;
END
$$;

CREATE FUNCTION change_log_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
	INSERT INTO change_log (xid, kind) VALUES (pg_current_xact_id(), '*');
	PERFORM pg_notify('trunkguard_change', '');
	RETURN NULL;
END
$$;

CREATE TRIGGER account_log_insert AFTER INSERT ON account REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('A');
CREATE TRIGGER account_log_update AFTER UPDATE ON account REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('A');
CREATE TRIGGER account_log_delete AFTER DELETE ON account REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('a');
CREATE TRIGGER account_log_truncate AFTER TRUNCATE ON account
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_all();
CREATE TRIGGER trunk_log_insert AFTER INSERT ON trunk REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('T');
CREATE TRIGGER trunk_log_update AFTER UPDATE ON trunk REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('T');
CREATE TRIGGER trunk_log_delete AFTER DELETE ON trunk REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('t');
CREATE TRIGGER trunk_log_truncate AFTER TRUNCATE ON trunk
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_all();
CREATE TRIGGER sip_account_log_insert AFTER INSERT ON sip_account REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('S');
CREATE TRIGGER sip_account_log_update AFTER UPDATE ON sip_account REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('S');
CREATE TRIGGER sip_account_log_delete AFTER DELETE ON sip_account REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('s');
CREATE TRIGGER sip_account_log_truncate AFTER TRUNCATE ON sip_account
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_all();
CREATE TRIGGER gateway_log_insert AFTER INSERT ON gateway REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('G');
CREATE TRIGGER gateway_log_update AFTER UPDATE ON gateway REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('G');
CREATE TRIGGER gateway_log_delete AFTER DELETE ON gateway REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_ids('g');
CREATE TRIGGER gateway_log_truncate AFTER TRUNCATE ON gateway
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_all();
CREATE TRIGGER did_log_insert AFTER INSERT ON did REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_numbers('D');
CREATE TRIGGER did_log_update AFTER UPDATE ON did REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_numbers('D');
CREATE TRIGGER did_log_delete AFTER DELETE ON did REFERENCING OLD TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_numbers('d');
CREATE TRIGGER did_log_truncate AFTER TRUNCATE ON did
	FOR EACH STATEMENT EXECUTE FUNCTION change_log_all();

-- The records, columns in the order of core/cfg_record.h, so that COPY writes them as they are.
-- Nothing in here may raise an error for a bad value: the worker refuses that one record.
CREATE VIEW feed_account AS
	SELECT 'A' AS kind, id, enabled, default_country, timezone, ha_addon, failover_number,
		addresses_text(failover_backup_pbxs) AS backup_pbxs,
		failover_calling_party_display AS calling_party_display,
		failover_calling_party_number AS calling_party_number
	FROM account;

CREATE VIEW feed_trunk AS
	SELECT 'T' AS kind, id, account_id, enabled, max_concurrent_calls, first_response_seconds,
		ring_seconds, max_call_seconds, caller_id, did_delivery, ha_mode, failover_enabled,
		NULL::uuid AS failover_dial_plan_id, array_to_string(failover_triggers, ',') AS triggers
	FROM trunk;

CREATE VIEW feed_sip_account AS
	SELECT 'S' AS kind, id, trunk_id, role, label, auth_mode, username, ha1_md5, ha1_sha256,
		array_to_string(ip_addresses, ',') AS ip_addresses, address_text(address) AS address
	FROM sip_account;

CREATE VIEW feed_gateway AS
	SELECT 'G' AS kind, id, name, enabled, address_text(address) AS address,
		address_text(failover_address) AS failover_address, failover_seconds,
		array_to_string(prefixes, ',') AS prefixes, priority, public_trunk,
		array_to_string(inbound_ip_addresses, ',') AS inbound_ip_addresses
	FROM gateway;

CREATE VIEW feed_did AS
	SELECT 'D' AS kind, number, account_id, trunk_id, NULL::uuid AS dial_plan_id, enabled,
		incoming_action, ring_seconds, array_to_string(triggers, ',') AS triggers,
		failover_number, addresses_text(failover_backup_pbxs) AS backup_pbxs,
		failover_calling_party_display AS calling_party_display,
		failover_calling_party_number AS calling_party_number
	FROM did;

-- What the snapshot in trunkguard.since could not see. A setting, because COPY takes no parameters.
CREATE FUNCTION feed_since() RETURNS pg_snapshot
LANGUAGE sql STABLE
	RETURN current_setting('trunkguard.since')::pg_snapshot;

CREATE FUNCTION feed_ids(wanted "char") RETURNS TABLE (id uuid)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT DISTINCT k.id FROM change_log c, unnest(c.ids) AS k (id)
	WHERE c.xid >= pg_snapshot_xmin(feed_since())
		AND NOT pg_visible_in_snapshot(c.xid, feed_since()) AND c.kind = wanted;
END;

-- In order: 100,000 look-ups in the index are twice as quick side by side.
CREATE FUNCTION feed_numbers(wanted "char") RETURNS TABLE (number bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT DISTINCT k.number FROM change_log c, unnest(c.numbers) AS k (number)
	WHERE c.xid >= pg_snapshot_xmin(feed_since())
		AND NOT pg_visible_in_snapshot(c.xid, feed_since()) AND c.kind = wanted
	ORDER BY k.number;
END;

-- The newest revision that the running statement can see; null while there is no epoch.
CREATE FUNCTION revision_current() RETURNS text
LANGUAGE sql STABLE
	RETURN epoch_current() || '-' || coalesce(
		(SELECT c.xid FROM change_log c ORDER BY c.xid DESC LIMIT 1)::text,
		((pg_snapshot_xmax(pg_current_snapshot()))::text::bigint - 1)::text);

-- One line says what a reading is about to find. A null epoch: call epoch_ensure() first.
-- full: the increment cannot be told from since, read all. kinds: the letters that changed.
CREATE FUNCTION feed_look(known_epoch text, since pg_snapshot)
RETURNS TABLE (epoch text, snapshot pg_snapshot, revision text, "full" boolean, kinds text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH unseen AS (
		SELECT c.kind FROM change_log c
		WHERE since IS NOT NULL AND c.xid >= pg_snapshot_xmin(since)
			AND NOT pg_visible_in_snapshot(c.xid, since)
		GROUP BY c.kind
	)
	SELECT epoch_current(), pg_current_snapshot(), revision_current(),
		since IS NULL OR known_epoch IS DISTINCT FROM epoch_current()
			OR pg_snapshot_xmin(since) < (SELECT i.horizon FROM incarnation i)
			OR EXISTS (SELECT FROM unseen u WHERE u.kind = '*'),
		coalesce((SELECT string_agg(u.kind::text, '' ORDER BY u.kind) FROM unseen u), '');
END;

-- The token of the transaction that calls it; makes an epoch if need be. It wakes readers up too: the
-- token of a transaction that changed nothing is waited for like any other.
CREATE FUNCTION revision_token() RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
BEGIN
	IF current_setting('trunkguard.wakeup', true) IS DISTINCT FROM 'off' THEN
		PERFORM pg_notify('trunkguard_change', '');
	END IF;
	RETURN epoch_ensure() || '-' || pg_current_xact_id();
END
$$;

-- A worker that missed five heartbeats is not waited for.
CREATE VIEW worker_status AS
	SELECT w.name, w.instance, w.version, w.started_at, w.last_seen, w.stopped_at,
		w.stopped_at IS NULL AND w.last_seen > now() - interval '5 seconds' AS live,
		w.epoch, w.epoch IS NOT DISTINCT FROM epoch_current() AS epoch_is_current,
		w.applied_snapshot, w.applied_revision, w.applied_at, w.config_counts, w.rejects,
		CASE WHEN w.applied_snapshot IS NULL OR w.epoch IS DISTINCT FROM epoch_current() THEN
			(SELECT greatest(0, extract(epoch FROM clock_timestamp() - e.started_at) * 1000)::bigint
				FROM epoch e WHERE e.epoch = epoch_current())
		ELSE
			(SELECT coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(c.at)) * 1000), 0)::bigint
				FROM change_log c
				WHERE c.xid >= pg_snapshot_xmin(w.applied_snapshot)
					AND NOT pg_visible_in_snapshot(c.xid, w.applied_snapshot))
		END AS lag_ms
	FROM worker w;

-- What became of a token: committed, in_progress, aborted, or unknown (from a history that this
-- database does not have, or not handed out yet). Null: no token at all. A token of an older epoch
-- counts as committed: nobody hands out a token before its commit.
CREATE FUNCTION revision_state(token text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
	token_epoch text := substring(token FROM '^([0-9a-f]{8})-[1-9][0-9]{0,17}$');
BEGIN
	IF token_epoch IS NULL THEN
		RETURN NULL;
	ELSIF NOT EXISTS (SELECT FROM epoch e WHERE e.epoch = token_epoch) THEN
		RETURN 'unknown';
	ELSIF token_epoch IS DISTINCT FROM epoch_current() THEN
		RETURN 'committed';
	END IF;
	RETURN coalesce(replace(pg_xact_status(split_part(token, '-', 2)::xid8), ' ', '_'), 'committed');
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN 'unknown'; -- an id of the future
END
$$;

-- Whether, and since when, each worker routes by a revision: exact, for a snapshot either sees a
-- transaction or does not. A worker that has read all in a later epoch has everything of an earlier
-- one. applied_at is known for 24 hours.
CREATE FUNCTION revision_workers(token text)
RETURNS TABLE (worker text, live boolean, applied boolean, applied_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH t AS (
		SELECT split_part(token, '-', 1) AS epoch, split_part(token, '-', 2)::xid8 AS xid,
			split_part(token, '-', 1) = epoch_current() AS is_current
		WHERE revision_state(token) = 'committed'
	)
	SELECT w.name, w.live,
		w.epoch_is_current AND w.applied_snapshot IS NOT NULL
			AND (NOT t.is_current OR pg_visible_in_snapshot(t.xid, w.applied_snapshot)),
		coalesce(
			(SELECT h.applied_at FROM worker_applied h
				WHERE h.worker = w.name AND h.epoch = t.epoch AND h.seen_below > t.xid
					AND pg_visible_in_snapshot(t.xid, h.snapshot)
				ORDER BY h.seen_below LIMIT 1),
			(SELECT min(h.applied_at) FROM worker_applied h
				JOIN epoch later ON later.epoch = h.epoch
				WHERE h.worker = w.name AND later.started_at
					> (SELECT e.started_at FROM epoch e WHERE e.epoch = t.epoch)))
	FROM t, worker_status w;
END;

-- applied: every live worker has it, and there is one. applied_at: when the last of them did.
CREATE FUNCTION revision_status(token text)
RETURNS TABLE (state text, applied boolean, applied_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT revision_state(token), coalesce(bool_and(w.applied), false),
		CASE WHEN bool_and(w.applied) THEN max(w.applied_at) END
	FROM revision_workers(token) w WHERE w.live;
END;

-- Drops what no reader needs. A worker that stayed away longer than retention reads all again. Every
-- worker calls it once a minute; one at a time does the work.
CREATE FUNCTION feed_collect(retention interval) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	new_horizon xid8;
BEGIN
	IF NOT pg_try_advisory_xact_lock(hashtext('trunkguard.collect')) THEN
		RETURN;
	END IF;
	-- Below xmin nothing runs any more, so no row of an older transaction can still turn up.
	SELECT c.xid INTO new_horizon FROM change_log c WHERE c.at > now() - retention
		ORDER BY c.xid LIMIT 1;
	WITH gone AS (
		DELETE FROM change_log c
		WHERE c.xid < pg_snapshot_xmin(pg_current_snapshot())
			AND (new_horizon IS NULL OR c.xid < new_horizon)
		RETURNING c.xid
	)
	-- Only what was really dropped moves the horizon: it must not pass a worker that is up to date.
	UPDATE incarnation SET horizon = (d.newest::text::bigint + 1)::text::xid8
	FROM (SELECT g.xid AS newest FROM gone g ORDER BY g.xid DESC LIMIT 1) d
	WHERE horizon <= d.newest;
	DELETE FROM worker_applied WHERE applied_at < now() - interval '24 hours';
	DELETE FROM worker WHERE last_seen < now() - interval '7 days';
	DELETE FROM binding WHERE expires_at < now() - interval '1 hour';
	DELETE FROM target_health h WHERE NOT EXISTS (SELECT FROM worker w WHERE w.name = h.worker);
	DELETE FROM trunk_calls t WHERE NOT EXISTS (SELECT FROM worker w WHERE w.name = t.worker);
	DELETE FROM idempotency WHERE created_at < now() - interval '24 hours';
END
$$;

SELECT epoch_ensure();
