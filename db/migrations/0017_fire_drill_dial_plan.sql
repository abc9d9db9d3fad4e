-- Fire drills ask the SIP URIs of dial plans, too: media servers, and what rings elsewhere.

-- In its parts: user with '@', host, port with ':', transport; core/attempt_target.h writes them together.
CREATE FUNCTION sip_uri_parts(uri text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN regexp_match(uri, '^sip:([^@]+@)?(\[[^]]+\]|[^:;]+)(:\d+)?(?:;transport=([a-z]+))?');

-- Those of an account, or that a trunk or a DID leads to by itself.
CREATE FUNCTION fire_drill_uris(of_account uuid, of_trunk uuid, of_did bigint)
RETURNS TABLE (kind text, target text, place text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH trunks AS (
		SELECT t.id, t.failover_dial_plan_id FROM trunk t WHERE t.account_id = of_account AND (t.id = of_trunk
			OR t.id = (SELECT d.trunk_id FROM did d WHERE d.number = of_did AND d.account_id = of_account))
	), plans AS (
		SELECT p.steps FROM dial_plan p WHERE p.account_id = of_account
			AND (of_trunk IS NULL AND of_did IS NULL
				OR p.id IN (SELECT t.failover_dial_plan_id FROM trunks t)
				OR EXISTS (SELECT FROM did d WHERE d.number = of_did AND d.dial_plan_id = p.id))
	), uris AS (
		SELECT DISTINCT sip_uri_parts(u.uri #>> '{}') AS part
		FROM plans p CROSS JOIN LATERAL jsonb_path_query(p.steps, 'strict $.**.sip_uri') u (uri)
		WHERE jsonb_typeof(u.uri) = 'string'
	)
	SELECT 'sip_uri', concat('sip:', u.part[1], u.part[2], u.part[3], ';transport=', coalesce(u.part[4], 'udp')),
		concat(translate(u.part[2], '[]', ''), '|', substr(u.part[3], 2), '|', coalesce(u.part[4], 'udp'))
	FROM uris u WHERE u.part IS NOT NULL;
END;

CREATE OR REPLACE FUNCTION fire_drill_start(of_account uuid, of_trunk uuid, of_did bigint, why text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	drill fire_drill;
BEGIN
	CREATE TEMP TABLE drill_work ON COMMIT DROP AS
		SELECT (row_number() OVER (ORDER BY t.kind, t.target) - 1) / 100 AS part, t.kind, t.target, t.place
		FROM (SELECT f.kind, f.target, f.place FROM fire_drill_targets(of_account, of_trunk, of_did) f
			UNION ALL
			SELECT f.kind, f.target, f.place FROM fire_drill_uris(of_account, of_trunk, of_did) f) t;
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
