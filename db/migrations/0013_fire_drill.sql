-- Fire drills: every backup path of an account is asked whether it is there, over the way that a call would
-- take. What the workers found are events, backup.proven and backup.failed, one for each worker and
-- target: they are the results, and when a target was last proven.

ALTER TABLE account ADD COLUMN fire_drill_interval_hours integer
	CHECK (fire_drill_interval_hours BETWEEN 1 AND 8760);

-- targets: [{"kind", "target"}]. workers: who was asked.
CREATE TABLE fire_drill (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	trunk_id uuid,
	did bigint,
	reason text NOT NULL CHECK (reason IN ('request', 'schedule')),
	targets jsonb NOT NULL,
	workers text[] NOT NULL,
	requested_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX fire_drill_account ON fire_drill (account_id, id);

CREATE INDEX event_fire_drill ON event ((data ->> 'fire_drill_id'))
	WHERE type IN ('backup.proven', 'backup.failed');
CREATE INDEX event_proof ON event ((data ->> 'target'), at) WHERE type = 'backup.proven';

-- As an attempt's target is written, core/attempt_target.h.
CREATE FUNCTION address_uri(a jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN 'sip:' || CASE WHEN a ->> 'host' LIKE '%:%' THEN '[' || (a ->> 'host') || ']' ELSE a ->> 'host' END
		|| coalesce(':' || (a ->> 'port'), '') || ';transport=' || (a ->> 'transport');

-- The backup paths of an account, a trunk or a DID. place: an address as in feed records, or the SIP
-- account whose bindings are meant. Gateways are those that carry one of the failover numbers; where
-- they are is the operator's alone, so their target is a name.
CREATE FUNCTION fire_drill_targets(of_account uuid, of_trunk uuid, of_did bigint)
RETURNS TABLE (kind text, target text, place text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH dids AS MATERIALIZED (
		SELECT d.trunk_id, d.failover_number, d.failover_backup_pbxs FROM did d
		WHERE d.account_id = of_account AND (of_trunk IS NULL OR d.trunk_id = of_trunk)
			AND (of_did IS NULL OR d.number = of_did)
	), pbxs AS (
		SELECT DISTINCT d.failover_backup_pbxs AS list FROM dids d
		UNION SELECT a.failover_backup_pbxs FROM account a WHERE a.id = of_account
	), numbers AS MATERIALIZED (
		SELECT DISTINCT d.failover_number AS number FROM dids d WHERE d.failover_number IS NOT NULL
		UNION SELECT a.failover_number FROM account a WHERE a.id = of_account AND a.failover_number IS NOT NULL
	), gateways AS MATERIALIZED (
		SELECT g.id, g.address, g.failover_address FROM gateway g
		WHERE g.enabled AND EXISTS (SELECT FROM numbers n WHERE g.prefixes = '{}'
			OR EXISTS (SELECT FROM unnest(g.prefixes) p (prefix) WHERE starts_with(n.number::text, p.prefix)))
	)
	SELECT DISTINCT 'backup_pbx', address_uri(e.address), address_text(e.address)
		FROM pbxs p CROSS JOIN LATERAL jsonb_array_elements(p.list) e (address)
	UNION ALL
	SELECT 'sip_account', 'trk_' || s.trunk_id || '/secondary',
			CASE WHEN s.auth_mode = 'ip' THEN coalesce(address_text(s.address), '') ELSE s.id::text END
		FROM sip_account s
		WHERE s.account_id = of_account AND s.role = 'secondary' AND (of_trunk IS NULL OR s.trunk_id = of_trunk)
			AND (of_did IS NULL OR s.trunk_id IN (SELECT d.trunk_id FROM dids d))
	UNION ALL
	SELECT 'gateway', 'gw_' || g.id || '/address', address_text(g.address) FROM gateways g
	UNION ALL
	SELECT 'gateway', 'gw_' || g.id || '/failover_address', address_text(g.failover_address)
		FROM gateways g WHERE g.failover_address IS NOT NULL;
END;

-- When a drill last proved a target, for the account, or (null) for anybody.
CREATE FUNCTION last_proven_at(of_target text, of_account uuid) RETURNS timestamptz
LANGUAGE sql STABLE
	RETURN (SELECT max(e.at) FROM event e WHERE e.type = 'backup.proven' AND e.data ->> 'target' = of_target
		AND (of_account IS NULL OR e.account_id = of_account));

-- Makes a drill and asks every live worker. Targets travel a hundred to a command.
CREATE FUNCTION fire_drill_start(of_account uuid, of_trunk uuid, of_did bigint, why text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	drill fire_drill;
BEGIN
	CREATE TEMP TABLE drill_work ON COMMIT DROP AS
		SELECT (row_number() OVER (ORDER BY t.kind, t.target) - 1) / 100 AS part, t.kind, t.target, t.place
		FROM fire_drill_targets(of_account, of_trunk, of_did) t;
	INSERT INTO fire_drill (account_id, trunk_id, did, reason, targets, workers)
		SELECT of_account, of_trunk, of_did, why,
			coalesce((SELECT jsonb_agg(jsonb_build_object('kind', w.kind, 'target', w.target)
				ORDER BY w.kind, w.target) FROM pg_temp.drill_work w), '[]'),
			ARRAY(SELECT s.name FROM worker_status s WHERE s.live ORDER BY s.name)
		RETURNING * INTO drill;
	INSERT INTO worker_command (worker, kind, argument, expires_at)
		SELECT n.worker, 'fire_drill', concat_ws(E'\n', drill.id, of_account, coalesce(of_trunk::text, '-'),
				coalesce(of_did::text, '-'),
				string_agg(concat_ws(E'\t', w.kind, w.target, w.place), E'\n' ORDER BY w.kind, w.target)),
			clock_timestamp() + interval '30 seconds'
		FROM pg_temp.drill_work w CROSS JOIN unnest(drill.workers) n (worker)
		GROUP BY n.worker, w.part;
	PERFORM pg_notify('trunkguard_command', n.worker) FROM unnest(drill.workers) n (worker);
	DROP TABLE pg_temp.drill_work;
	RETURN drill.id;
END
$$;

-- The account whose drill is due next, locked so that nobody else begins it too; null: none.
CREATE FUNCTION fire_drill_due() RETURNS uuid
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT a.id FROM account a
	WHERE a.enabled AND a.fire_drill_interval_hours IS NOT NULL AND NOT EXISTS (
		SELECT FROM fire_drill d WHERE d.account_id = a.id AND d.trunk_id IS NULL AND d.did IS NULL
			AND d.requested_at > now() - make_interval(hours => a.fire_drill_interval_hours))
	ORDER BY a.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
END;

CREATE FUNCTION fire_drill_forget() RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	DELETE FROM fire_drill d WHERE d.requested_at < now() - interval '30 days';
END;
