-- Nearly all writes lead calls to a number outside, or nowhere: one look says so, and one more under the
-- lock that they share (see flow_guard()).
CREATE OR REPLACE FUNCTION did_flow_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET jit = off AS $$
DECLARE
	inside boolean;
	starts text[];
	circle text[];
BEGIN
	FOR look IN 1..2 LOOP
		SELECT EXISTS (SELECT FROM (SELECT DISTINCT c.account_id, c.trunk_id, c.failover_number,
				c.dial_plan_id IS NOT NULL OR c.forwardings <> '[]' AS flow FROM changed c) c
			WHERE c.flow OR CASE WHEN c.failover_number IS NOT NULL THEN
				EXISTS (SELECT FROM did d WHERE d.number = c.failover_number)
			ELSE
				EXISTS (SELECT FROM trunk t WHERE t.id = c.trunk_id AND t.failover_enabled)
				OR EXISTS (SELECT FROM account a JOIN did d ON d.number = a.failover_number
					WHERE a.id = c.account_id)
			END) INTO inside;
		EXIT WHEN inside;
		IF look = 1 THEN
			PERFORM pg_advisory_xact_lock_shared(hashtext('trunkguard.flow'));
		END IF;
	END LOOP;
	IF NOT inside THEN
		RETURN NULL;
	END IF;
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
