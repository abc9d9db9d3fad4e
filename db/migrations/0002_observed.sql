-- Observed state: what the workers report. Nothing here has a foreign key into the desired state:
-- a report must never fail because somebody deleted what it is about.

CREATE TABLE worker (
	name text PRIMARY KEY,
	instance uuid NOT NULL,
	version text NOT NULL,
	started_at timestamptz NOT NULL,
	last_seen timestamptz NOT NULL,
	stopped_at timestamptz,
	epoch text,
	applied_snapshot pg_snapshot,
	applied_revision text,
	applied_at timestamptz,
	config_counts jsonb NOT NULL DEFAULT '{}',
	rejects jsonb NOT NULL DEFAULT '[]'
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- When a revision went live: one row for each batch that changed something, kept 24 hours.
-- seen_below is the snapshot's xmax: the first row that can see x is the first with seen_below > x.
CREATE TABLE worker_applied (
	worker text NOT NULL,
	epoch text NOT NULL,
	snapshot pg_snapshot NOT NULL,
	seen_below xid8 NOT NULL,
	applied_at timestamptz NOT NULL
);
CREATE INDEX worker_applied_seen ON worker_applied (worker, epoch, seen_below);
CREATE INDEX worker_applied_at ON worker_applied USING brin (applied_at);

CREATE TABLE binding (
	worker text NOT NULL,
	sip_account_id uuid NOT NULL,
	contact text NOT NULL,
	source text NOT NULL DEFAULT '',
	transport text NOT NULL DEFAULT 'udp',
	path text NOT NULL DEFAULT '',
	user_agent text NOT NULL DEFAULT '',
	call_id text NOT NULL DEFAULT '',
	cseq bigint NOT NULL DEFAULT 0,
	registered_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	PRIMARY KEY (sip_account_id, worker, contact)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX binding_worker ON binding (worker);

-- kind: address (target: host|port|transport, port 0 when there is none), whoever names it.
CREATE TABLE target_health (
	worker text NOT NULL,
	kind text NOT NULL,
	target text NOT NULL,
	state text NOT NULL,
	status integer,
	rtt_ms integer,
	since timestamptz NOT NULL,
	checked_at timestamptz,
	PRIMARY KEY (kind, target, worker)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE trunk_calls (
	worker text NOT NULL,
	trunk_id uuid NOT NULL,
	calls_up integer NOT NULL,
	updated_at timestamptz NOT NULL,
	PRIMARY KEY (trunk_id, worker)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Call detail records. The id is a UUIDv7 made when the call began, so id order is time order and
-- writing a record twice is writing it once.
CREATE TABLE cdr (
	id uuid PRIMARY KEY,
	account_id uuid,
	trunk_id uuid,
	did bigint,
	caller text NOT NULL DEFAULT '',
	called text NOT NULL DEFAULT '',
	sip_call_id text NOT NULL DEFAULT '',
	worker text NOT NULL,
	started_at timestamptz NOT NULL,
	answered_at timestamptz,
	ended_at timestamptz NOT NULL,
	duration_ms bigint NOT NULL DEFAULT 0,
	disposition text NOT NULL,
	cause text NOT NULL,
	status integer,
	failed_over boolean NOT NULL DEFAULT false,
	answered_by jsonb,
	ended_by text,
	attempts jsonb NOT NULL DEFAULT '[]',
	revision text
);
CREATE INDEX cdr_account ON cdr (account_id, id);
CREATE INDEX cdr_trunk ON cdr (trunk_id, id);
CREATE INDEX cdr_did ON cdr (did, id);
CREATE INDEX cdr_failed_over ON cdr (account_id, id) WHERE failed_over;
CREATE INDEX cdr_sip_call_id ON cdr USING hash (sip_call_id);
