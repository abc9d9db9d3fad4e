-- Calls in progress, and what a worker is asked to do now. Both are worth nothing after a crash.

-- Rows of the workers, like all observed state. id is the one of the record that the call will leave.
-- caller_tag and sip_call_id are how the worker finds the call again.
CREATE UNLOGGED TABLE live_call (
	id uuid PRIMARY KEY,
	worker text NOT NULL,
	account_id uuid,
	trunk_id uuid,
	did bigint,
	direction text NOT NULL,
	state text NOT NULL,
	caller text NOT NULL DEFAULT '',
	called text NOT NULL DEFAULT '',
	sip_call_id text NOT NULL DEFAULT '',
	caller_tag text NOT NULL DEFAULT '',
	attempt jsonb,
	started_at timestamptz NOT NULL,
	answered_at timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX live_call_account ON live_call (account_id, id);
CREATE INDEX live_call_trunk ON live_call (trunk_id, id);
CREATE INDEX live_call_did ON live_call (did, id);
CREATE INDEX live_call_worker ON live_call (worker);

-- One row for each question; who asked waits for its result until expires_at, and a worker that comes
-- later than that leaves it alone.
CREATE UNLOGGED TABLE worker_command (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	worker text NOT NULL,
	kind text NOT NULL,
	argument text NOT NULL DEFAULT '',
	requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	expires_at timestamptz NOT NULL,
	taken_at timestamptz,
	done_at timestamptz,
	result text
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX worker_command_open ON worker_command (worker, id) WHERE taken_at IS NULL;
