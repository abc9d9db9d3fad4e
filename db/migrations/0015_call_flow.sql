-- Where calls go on to, as a graph, and that there is no way round in circles: refused here, whoever
-- writes, so that no two writers can close a circle between them.
--
-- A node is a letter and a key: d a number, p a dial plan, t a trunk (its failover), a an account (its
-- failover number). An edge is a way that a call may take, whatever the time of the day; delivery to a
-- PBX is none, for it leads out of here.

-- Where a target leads; null: nowhere.
CREATE FUNCTION flow_target(target_account_id uuid, target jsonb) RETURNS text
LANGUAGE sql STABLE
	RETURN CASE
		WHEN target ? 'external' THEN 'd' || substr(target ->> 'external', 2)
		WHEN starts_with(target ->> 'internal', '+') THEN 'd' || substr(target ->> 'internal', 2)
		ELSE 'p' || (SELECT p.id FROM dial_plan p WHERE p.account_id = target_account_id
			AND p.internal_number = target ->> 'internal')
		END;

-- Everything in steps that names an internal number, a number or a trunk.
CREATE FUNCTION dial_targets(steps jsonb) RETURNS SETOF jsonb
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	SELECT jsonb_path_query(steps,
		'strict $.** ? (exists(@.internal) || exists(@.external) || exists(@.trunk_id))');
END;

-- A DID's own number, or a forwarding that is always active, keeps calls from the trunk's dial plan and
-- the account's number. The trunk's dial plan may lead nowhere at some time of the day, so both count.
CREATE FUNCTION flow_edges(node text) RETURNS TABLE (next text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH d AS (
		SELECT number, account_id, trunk_id, dial_plan_id, failover_number, forwardings FROM did
		WHERE number = CASE WHEN starts_with(node, 'd') THEN substr(node, 2)::bigint END
	), edge (next) AS (
		SELECT 'p' || dial_plan_id FROM d
		UNION ALL
		SELECT 'd' || failover_number FROM d
		UNION ALL
		SELECT flow_target(d.account_id, f.value -> 'target') FROM d, jsonb_array_elements(d.forwardings) f
			WHERE f.value -> 'enabled' = 'true'
		UNION ALL
		SELECT unnest(ARRAY[CASE WHEN t.failover_enabled THEN 't' || t.id END, 'a' || d.account_id])
			FROM d LEFT JOIN trunk t ON t.id = d.trunk_id
			WHERE d.failover_number IS NULL
				AND NOT d.forwardings @> '[{"enabled": true, "active_times": null}]'
		UNION ALL
		SELECT 'd' || failover_number FROM account
			WHERE id = CASE WHEN starts_with(node, 'a') THEN substr(node, 2)::uuid END
		UNION ALL
		SELECT 'p' || failover_dial_plan_id FROM trunk
			WHERE id = CASE WHEN starts_with(node, 't') THEN substr(node, 2)::uuid END AND failover_enabled
		UNION ALL
		SELECT flow_target(p.account_id, s.target) FROM dial_plan p, dial_targets(p.steps) s (target)
			WHERE p.id = CASE WHEN starts_with(node, 'p') THEN substr(node, 2)::uuid END
				AND NOT s.target ? 'trunk_id'
	)
	SELECT DISTINCT e.next FROM edge e WHERE e.next IS NOT NULL;
END;

-- These nodes and all that can be reached from them.
CREATE FUNCTION flow_reach(starts text[]) RETURNS TABLE (node text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE reach (node) AS (
		SELECT unnest(starts)
		UNION
		SELECT e.next FROM reach r CROSS JOIN LATERAL flow_edges(r.node) e
	)
	SELECT r.node FROM reach r;
END;

-- A circle that can be got into from these nodes, its first node once more at the end; null: there is
-- none. Edges to where no edge goes on from are taken away until none is left, or only circles and
-- the ways into them. The planner takes this for far more than it is: without a compiler, then.
CREATE FUNCTION flow_circle(starts text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET jit = off AS $$
DECLARE
	froms text[];
	tos text[];
	path text[];
	next text;
	before integer;
BEGIN
	SELECT array_agg(r.node), array_agg(e.next) INTO froms, tos
		FROM flow_reach(starts) r CROSS JOIN LATERAL flow_edges(r.node) e;
	LOOP
		before := cardinality(froms);
		IF before IS NULL THEN
			RETURN NULL;
		END IF;
		SELECT array_agg(g.f), array_agg(g.t) INTO froms, tos FROM unnest(froms, tos) g (f, t)
			WHERE EXISTS (SELECT FROM unnest(froms) o (f) WHERE o.f = g.t);
		EXIT WHEN cardinality(froms) = before;
	END LOOP;
	path := ARRAY[froms[1]];
	LOOP
		next := tos[array_position(froms, path[cardinality(path)])];
		IF next = ANY (path) THEN
			RETURN path[array_position(path, next):] || next;
		END IF;
		path := path || next;
	END LOOP;
END
$$;

-- In words, naming nothing of other accounts than these.
CREATE FUNCTION flow_path_text(path text[], accounts uuid[]) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH named (position, label) AS (
		SELECT n.position, coalesce(
			(SELECT '+' || d.number FROM did d WHERE d.account_id = ANY (accounts)
				AND d.number = CASE WHEN starts_with(n.node, 'd') THEN substr(n.node, 2)::bigint END),
			(SELECT 'dial plan ' || p.name || ' (' || p.internal_number || ')' FROM dial_plan p
				WHERE p.account_id = ANY (accounts)
				AND p.id = CASE WHEN starts_with(n.node, 'p') THEN substr(n.node, 2)::uuid END),
			(SELECT 'trunk ' || t.name FROM trunk t WHERE t.account_id = ANY (accounts)
				AND t.id = CASE WHEN starts_with(n.node, 't') THEN substr(n.node, 2)::uuid END),
			CASE WHEN starts_with(n.node, 'a') AND substr(n.node, 2)::uuid = ANY (accounts)
				THEN 'the account''s number' END,
			'another account')
		FROM unnest(path) WITH ORDINALITY n (node, position)
	), run (position, label, prior) AS (
		SELECT n.position, n.label, lag(n.label) OVER (ORDER BY n.position) FROM named n
	)
	SELECT string_agg(r.label, ' > ' ORDER BY r.position) FROM run r
	WHERE r.label <> 'another account' OR r.label IS DISTINCT FROM r.prior;
END;

-- The same as an array, for queries that shall not be planned around it.
CREATE FUNCTION flow_reached(starts text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET jit = off AS $$
BEGIN
	RETURN ARRAY(SELECT r.node FROM flow_reach(starts) r);
END
$$;

-- Does one of these nodes lead on to something of ours?
CREATE FUNCTION flow_inside(starts text[]) RETURNS boolean
LANGUAGE sql STABLE
	RETURN EXISTS (SELECT FROM unnest(starts) s (node) WHERE CASE left(s.node, 1)
		WHEN 'p' THEN true
		WHEN 'd' THEN EXISTS (SELECT FROM did d WHERE d.number = substr(s.node, 2)::bigint)
		WHEN 't' THEN EXISTS (SELECT FROM trunk t WHERE t.id = substr(s.node, 2)::uuid AND t.failover_enabled)
		ELSE EXISTS (SELECT FROM account a JOIN did d ON d.number = a.failover_number
			WHERE a.id = substr(s.node, 2)::uuid)
		END);

-- For a transaction that has just made edges to these nodes: waits for the others that could close a
-- circle with it, then looks; they look after its commit. Who leads calls out of here (to a number that
-- is no DID) shares the lock: he could only meet one who provisions that number.
CREATE FUNCTION flow_guard(starts text[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
BEGIN
	IF starts IS NULL THEN
		RETURN NULL;
	END IF;
	IF NOT flow_inside(starts) THEN
		PERFORM pg_advisory_xact_lock_shared(hashtext('trunkguard.flow'));
		-- What was being written when we looked is there now.
		IF NOT flow_inside(starts) THEN
			RETURN NULL;
		END IF;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('trunkguard.flow'));
	RETURN flow_circle(starts);
END
$$;

CREATE FUNCTION flow_refuse(circle text[], accounts uuid[], table_name text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
	IF circle IS NOT NULL THEN
		RAISE check_violation USING MESSAGE = flow_path_text(circle, accounts),
			CONSTRAINT = 'forwarding_loop', TABLE = table_name;
	END IF;
END
$$;

-- An internal number that is no dial plan's. Those of DIDs may vanish like any number outside.
CREATE FUNCTION flow_target_missing(target_account_id uuid, target jsonb) RETURNS boolean
LANGUAGE sql STABLE
	RETURN target ? 'internal' AND flow_target(target_account_id, target) IS NULL
		OR target ? 'trunk_id' AND NOT EXISTS (SELECT FROM trunk t WHERE t.account_id = target_account_id
			AND 'trk_' || t.id = target ->> 'trunk_id');

CREATE FUNCTION did_flow_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off AS $$
DECLARE
	starts text[];
	circle text[];
BEGIN
	SELECT array_agg(s.node) INTO starts FROM (
		SELECT 'd' || n.number FROM (SELECT DISTINCT c.failover_number FROM changed c) n (number)
		UNION
		SELECT 'p' || n.id FROM (SELECT DISTINCT c.dial_plan_id FROM changed c) n (id)
		UNION
		SELECT flow_target(c.account_id, f.value -> 'target') FROM changed c,
			jsonb_array_elements(c.forwardings) f WHERE c.forwardings <> '[]'
		UNION
		SELECT unnest(ARRAY['t' || n.trunk_id, 'a' || n.account_id]) FROM (SELECT DISTINCT c.trunk_id,
			c.account_id FROM changed c WHERE c.failover_number IS NULL) n
	) s (node) WHERE s.node IS NOT NULL;
	circle := flow_guard(starts);
	IF circle IS NOT NULL THEN
		PERFORM flow_refuse(circle, (SELECT array_agg(DISTINCT c.account_id) FROM changed c), 'did');
	END IF;
	IF EXISTS (SELECT FROM changed c, jsonb_array_elements(c.forwardings) f
			WHERE c.forwardings <> '[]' AND flow_target_missing(c.account_id, f.value -> 'target')) THEN
		RAISE check_violation USING MESSAGE = 'a forwarding leads to no dial plan',
			CONSTRAINT = 'did_forwardings_target', TABLE = 'did';
	END IF;
	RETURN NULL;
END
$$;

CREATE FUNCTION account_flow_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off AS $$
BEGIN
	PERFORM flow_refuse(
		flow_guard((SELECT array_agg('d' || c.failover_number) FROM changed c WHERE c.failover_number IS NOT NULL)),
		(SELECT array_agg(c.id) FROM changed c), 'account');
	RETURN NULL;
END
$$;

CREATE FUNCTION trunk_flow_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off AS $$
BEGIN
	PERFORM flow_refuse(
		flow_guard((SELECT array_agg('p' || c.failover_dial_plan_id) FROM changed c WHERE c.failover_enabled)),
		(SELECT array_agg(c.account_id) FROM changed c), 'trunk');
	RETURN NULL;
END
$$;

-- Dial plans are few: their writers wait for one another, and for who deletes what they lead to.
CREATE FUNCTION dial_plan_flow_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('trunkguard.flow'));
	PERFORM flow_refuse(flow_circle((SELECT array_agg('p' || c.id) FROM changed c)),
		(SELECT array_agg(c.account_id) FROM changed c), 'dial_plan');
	IF EXISTS (SELECT FROM changed c, dial_targets(c.steps) s (target)
			WHERE flow_target_missing(c.account_id, s.target)) THEN
		RAISE check_violation USING MESSAGE = 'a step leads to no dial plan or trunk',
			CONSTRAINT = 'dial_plan_steps_target', TABLE = 'dial_plan';
	END IF;
	RETURN NULL;
END
$$;

CREATE TRIGGER did_flow_insert AFTER INSERT ON did REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION did_flow_check();
CREATE TRIGGER did_flow_update AFTER UPDATE ON did REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION did_flow_check();
CREATE TRIGGER account_flow_update AFTER UPDATE ON account REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION account_flow_check();
CREATE TRIGGER account_flow_insert AFTER INSERT ON account REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION account_flow_check();
CREATE TRIGGER trunk_flow_insert AFTER INSERT ON trunk REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION trunk_flow_check();
CREATE TRIGGER trunk_flow_update AFTER UPDATE ON trunk REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION trunk_flow_check();
CREATE TRIGGER dial_plan_flow_insert AFTER INSERT ON dial_plan REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION dial_plan_flow_check();
CREATE TRIGGER dial_plan_flow_update AFTER UPDATE ON dial_plan REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION dial_plan_flow_check();

-- What names a dial plan by its internal number, or a trunk, inside JSON.
CREATE INDEX did_forwardings ON did (account_id, number) WHERE forwardings <> '[]';

CREATE FUNCTION internal_number_users(user_account_id uuid, internal text) RETURNS TABLE (label text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT 'the forwardings of +' || d.number FROM did d WHERE d.account_id = user_account_id
		AND d.forwardings <> '[]' AND d.forwardings
			@> jsonb_build_array(jsonb_build_object('target', jsonb_build_object('internal', internal)))
	UNION ALL
	SELECT 'dial plan ' || p.name || ' (' || p.internal_number || ')' FROM dial_plan p
		WHERE p.account_id = user_account_id AND EXISTS (SELECT FROM dial_targets(p.steps) s (target)
			WHERE s.target ->> 'internal' = internal);
END;

CREATE FUNCTION trunk_target_users(user_account_id uuid, target_trunk_id uuid) RETURNS TABLE (label text)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT 'dial plan ' || p.name || ' (' || p.internal_number || ')' FROM dial_plan p
		WHERE p.account_id = user_account_id AND EXISTS (SELECT FROM dial_targets(p.steps) s (target)
			WHERE s.target ->> 'trunk_id' = 'trk_' || target_trunk_id);
END;

CREATE FUNCTION dial_plan_internal_keep() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off AS $$
DECLARE
	users text;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('trunkguard.flow'));
	SELECT string_agg(u.label, ', ') INTO users FROM (SELECT i.label
		FROM internal_number_users(OLD.account_id, OLD.internal_number) i ORDER BY i.label LIMIT 5) u;
	IF users IS NOT NULL THEN
		RAISE foreign_key_violation USING MESSAGE = users, CONSTRAINT = 'dial_plan_internal_in_use',
			TABLE = 'dial_plan';
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER dial_plan_internal_delete BEFORE DELETE ON dial_plan
	FOR EACH ROW EXECUTE FUNCTION dial_plan_internal_keep();
CREATE TRIGGER dial_plan_internal_update BEFORE UPDATE OF internal_number ON dial_plan
	FOR EACH ROW WHEN (NEW.internal_number <> OLD.internal_number) EXECUTE FUNCTION dial_plan_internal_keep();

CREATE FUNCTION trunk_target_keep() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('trunkguard.flow'));
	IF EXISTS (SELECT FROM trunk_target_users(OLD.account_id, OLD.id)) THEN
		RAISE foreign_key_violation USING MESSAGE = 'dial plans lead to the trunk',
			CONSTRAINT = 'trunk_target_in_use', TABLE = 'trunk';
	END IF;
	RETURN OLD;
END
$$;

CREATE TRIGGER trunk_target_delete BEFORE DELETE ON trunk
	FOR EACH ROW EXECUTE FUNCTION trunk_target_keep();
