-- Answers kept for repeated POST requests: a row is written by the transaction that has the effect, so
-- one that is still worked on has none. body and the hash are made with a key that only the caller
-- has (api/idempotency.c); body is null when the answer had none.

DELETE FROM idempotency;
ALTER TABLE idempotency
	ALTER COLUMN status SET NOT NULL,
	ALTER COLUMN body TYPE bytea USING NULL,
	ADD COLUMN etag text;

-- Takes the key for the running transaction, and looks whether it was used before. outcome: new,
-- in_flight (another transaction has it), reused (for another request), done. The look is a statement
-- after the one that locks, so it sees what the lock's last holder committed. The long time limit is
-- for a body of 32 MiB, which is read while the transaction is open.
CREATE FUNCTION idempotency_open(wanted_api_key_id uuid, wanted_key text, wanted_hash bytea)
RETURNS TABLE (outcome text, status smallint, location text, revision text, etag text, body bytea)
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	found_row idempotency;
BEGIN
	PERFORM set_config('idle_in_transaction_session_timeout', '60000', true);
	IF NOT pg_try_advisory_xact_lock(hashtextextended(wanted_api_key_id || ' ' || wanted_key, 0)) THEN
		RETURN QUERY SELECT 'in_flight', NULL::smallint, NULL, NULL, NULL, NULL::bytea;
		RETURN;
	END IF;
	SELECT * INTO found_row FROM idempotency i WHERE i.api_key_id = wanted_api_key_id
		AND i.key = wanted_key AND i.created_at > now() - interval '24 hours';
	RETURN QUERY SELECT CASE WHEN found_row.key IS NULL THEN 'new'
		WHEN found_row.request_hash <> wanted_hash THEN 'reused' ELSE 'done' END,
		found_row.status, found_row.location, found_row.revision, found_row.etag, found_row.body;
END
$$;

CREATE FUNCTION idempotency_forget() RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH gone AS (
		DELETE FROM idempotency i WHERE i.created_at < now() - interval '24 hours' RETURNING i.key
	)
	SELECT count(*) FROM gone;
END;
