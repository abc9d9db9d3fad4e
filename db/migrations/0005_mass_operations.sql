-- Mass operations: what was asked, what came of it, and what each DID had before, so that it can be
-- put back exactly. Kept 30 days (mass_operation_forget()).

-- account_id: whose key asked, null an operator's; nobody else sees it. request: select, failover,
-- trunk_id and skip_missing as asked, the numbers as their count. created_at is also updated_at of
-- every DID that the operation changed: one that has another value, or another version, was changed
-- since. revert_at: when the API reverts it by itself, or tries again; null: never, or done.
CREATE TABLE mass_operation (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account_id uuid REFERENCES account (id) ON DELETE CASCADE,
	action text NOT NULL
		CHECK (action IN ('set_failover', 'clear_failover', 'create', 'assign', 'delete')),
	request jsonb NOT NULL CHECK (jsonb_typeof(request) = 'object'),
	matched integer NOT NULL,
	changed integer NOT NULL CHECK (changed BETWEEN 0 AND matched),
	not_found bigint[] NOT NULL DEFAULT '{}',
	revision text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz,
	revert_at timestamptz,
	reverted_at timestamptz,
	reverted integer,
	changed_since bigint[],
	revert_revision text,
	CHECK ((reverted_at IS NULL) = (reverted IS NULL)
		AND (reverted_at IS NULL) = (changed_since IS NULL)
		AND (reverted_at IS NULL) = (revert_revision IS NULL)
		AND (reverted_at IS NULL OR revert_at IS NULL))
);
CREATE INDEX mass_operation_account ON mass_operation (account_id, id);
CREATE INDEX mass_operation_revert ON mass_operation (revert_at) WHERE revert_at IS NOT NULL;

-- DIDs that had the same are one row: a hundred thousand take a few hundred kilobytes. version: the
-- DIDs' after the operation. prior: the columns that it changed, all but the number when it deleted
-- the DIDs, null when it made them.
CREATE TABLE mass_operation_prior (
	mass_operation_id uuid NOT NULL REFERENCES mass_operation (id) ON DELETE CASCADE,
	version bigint NOT NULL,
	prior jsonb,
	numbers bigint[] NOT NULL
);
CREATE INDEX mass_operation_prior_id ON mass_operation_prior (mass_operation_id);

-- One that still has to be reverted stays until it was.
CREATE FUNCTION mass_operation_forget() RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH gone AS (
		DELETE FROM mass_operation o
		WHERE o.created_at < now() - interval '30 days' AND o.revert_at IS NULL
		RETURNING o.id
	)
	SELECT count(*) FROM gone;
END;
