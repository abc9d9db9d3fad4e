-- Maintenance: a trunk or a worker that takes no new calls and keeps those it has.

ALTER TABLE trunk ADD COLUMN draining boolean NOT NULL DEFAULT false;
-- Desired state in a table of reports: a report never touches it.
ALTER TABLE worker ADD COLUMN draining boolean NOT NULL DEFAULT false;

CREATE OR REPLACE VIEW feed_trunk AS
	SELECT 'T' AS kind, id, account_id, enabled, max_concurrent_calls, first_response_seconds,
		ring_seconds, max_call_seconds, caller_id, did_delivery, ha_mode, failover_enabled,
		failover_dial_plan_id, array_to_string(failover_triggers, ',') AS triggers,
		draining
	FROM trunk;
