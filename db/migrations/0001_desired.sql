-- Desired state: what the API provisions. A column is named like its JSON key; the keys of the
-- sub-resource .../failover carry the prefix failover_. Numbers are E.164 digits without '+'.
--
-- account_id stands in every table below the account and in the foreign keys, so that a row can
-- never point to another account's. Ids never change; a version moves with every change (ETag).
--
-- CHECK constraints are the last net under the API's own validation: a value that passes here is
-- one that the worker's record parser takes.

-- The bodies are parsed when they are made, so they hold under any search_path (pg_restore's too).
CREATE FUNCTION uuid7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
	-- RFC 9562: 48 bits of Unix milliseconds, version 7, the rest random.
	RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
			PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
			FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;

CREATE FUNCTION text_ok(t text, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN char_length(t) BETWEEN 1 AND longest AND t !~ '[\u0001-\u001f\u007f]';

CREATE FUNCTION number_ok(n bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN n BETWEEN 1000000 AND 999999999999999;

CREATE FUNCTION triggers_ok(t text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN t <@ ARRAY['not_registered', 'no_response', 'capacity', 'server_error', 'auth_required',
			'timeout', 'not_found', 'unreachable', 'busy', 'rejected', 'no_answer']
		AND cardinality(t) <= 11 AND array_position(t, NULL) IS NULL;

CREATE FUNCTION display_ok(d text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN d IN ('caller', 'caller_number', 'called_number', 'fixed');

-- An address always has its three keys, port may be null. jsonb has one spelling and one order of keys, so
-- its text can be turned into the feed's host|port|transport by plain replacing, which is thirty times
-- quicker than taking it apart; that counts when 100,000 rows change at once. What was no address
-- keeps its braces and quotes, and so is no good as a feed record either.
CREATE FUNCTION address_text(a jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN replace(replace(replace(replace(replace(a::text, '{"host": "', ''), '", "port": ', '|'),
		', "transport": "', '|'), '|null|', '||'), '"}', '');

CREATE FUNCTION addresses_text(l jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN l = '[]' THEN '' ELSE replace(translate(address_text(l), '[]', ''), ', ', ',') END;

CREATE FUNCTION address_pattern() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN '[0-9A-Za-z._:-]+\|(?:|6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d\d\d|[1-5]\d\d\d\d'
		|| '|[1-9]\d?\d?\d?)\|(?:udp|tcp|tls)';

CREATE FUNCTION address_ok(a jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN jsonb_typeof(a) = 'object' AND length(a::text) <= 320
		AND address_text(a) ~ ('^(?:' || address_pattern() || ')$');

-- The numbers of items are compared because a host with a comma could look like two addresses.
CREATE FUNCTION addresses_ok(l jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN l = '[]' OR jsonb_typeof(l) = 'array' AND length(l::text) <= 2560
		AND addresses_text(l) || ',' ~ ('^(?:' || address_pattern() || ',)+$')
		AND jsonb_array_length(l) = cardinality(string_to_array(addresses_text(l), ','));

CREATE TABLE account (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	name text NOT NULL CHECK (text_ok(name, 200)),
	external_id text CHECK (text_ok(external_id, 200)),
	default_country text CHECK (default_country ~ '^[A-Z]{2}$'),
	timezone text NOT NULL DEFAULT 'UTC' CHECK (timezone ~ '^[A-Za-z0-9_+/-]{1,64}$'),
	ha_addon boolean NOT NULL DEFAULT false,
	enabled boolean NOT NULL DEFAULT true,
	failover_number bigint CHECK (number_ok(failover_number)),
	failover_backup_pbxs jsonb NOT NULL DEFAULT '[]' CHECK (addresses_ok(failover_backup_pbxs)),
	failover_calling_party_display text NOT NULL DEFAULT 'caller'
		CHECK (display_ok(failover_calling_party_display)),
	failover_calling_party_number bigint CHECK (number_ok(failover_calling_party_number)),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	version bigint NOT NULL DEFAULT 1,
	CONSTRAINT account_failover_fixed_check CHECK (failover_calling_party_display <> 'fixed'
		OR failover_calling_party_number IS NOT NULL)
);
CREATE INDEX account_external_id ON account (external_id) WHERE external_id IS NOT NULL;

-- A key is shown once; only the SHA-256 of its secret is kept. account_id null: an operator's.
CREATE TABLE api_key (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account_id uuid REFERENCES account (id) ON DELETE CASCADE,
	name text NOT NULL CHECK (text_ok(name, 200)),
	scopes text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write']
		AND cardinality(scopes) BETWEEN 1 AND 2 AND array_position(scopes, NULL) IS NULL),
	secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
	created_at timestamptz NOT NULL DEFAULT now(),
	last_used_at timestamptz,
	expires_at timestamptz,
	revoked_at timestamptz
);
CREATE INDEX api_key_account ON api_key (account_id, id);

-- Answers kept for repeated POST requests, 24 hours. status null: still being worked on.
CREATE TABLE idempotency (
	api_key_id uuid NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
	key text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
	request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
	status smallint,
	location text,
	revision text,
	body text,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

CREATE TABLE trunk (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account_id uuid NOT NULL REFERENCES account (id),
	name text NOT NULL CHECK (text_ok(name, 200)),
	external_id text CHECK (text_ok(external_id, 200)),
	enabled boolean NOT NULL DEFAULT true,
	max_concurrent_calls integer NOT NULL DEFAULT 30
		CHECK (max_concurrent_calls BETWEEN 0 AND 100000),
	first_response_seconds integer NOT NULL DEFAULT 15
		CHECK (first_response_seconds BETWEEN 1 AND 60),
	ring_seconds integer NOT NULL DEFAULT 180 CHECK (ring_seconds BETWEEN 1 AND 3600),
	max_call_seconds integer NOT NULL DEFAULT 14400 CHECK (max_call_seconds BETWEEN 1 AND 604800),
	caller_id text CHECK (text_ok(caller_id, 100)),
	did_delivery text NOT NULL DEFAULT 'request_uri' CHECK (did_delivery IN ('request_uri', 'to')),
	ha_mode text NOT NULL DEFAULT 'only_primary' CHECK (ha_mode IN
		('only_primary', 'load_balancing', 'auto_failover', 'load_balancing_healthy')),
	failover_enabled boolean NOT NULL DEFAULT false,
	failover_triggers text[] NOT NULL DEFAULT ARRAY['not_registered', 'no_response', 'capacity',
		'server_error', 'auth_required', 'timeout', 'not_found', 'unreachable']
		CHECK (triggers_ok(failover_triggers)),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	version bigint NOT NULL DEFAULT 1,
	UNIQUE (account_id, id)
);
CREATE INDEX trunk_external_id ON trunk (external_id) WHERE external_id IS NOT NULL;

-- HA1 values are as good as the password for our realm; the password itself is never stored.
CREATE TABLE sip_account (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	account_id uuid NOT NULL,
	trunk_id uuid NOT NULL,
	role text NOT NULL CHECK (role IN ('primary', 'secondary')),
	label text CHECK (text_ok(label, 200)),
	auth_mode text NOT NULL DEFAULT 'registration' CHECK (auth_mode IN ('registration', 'ip')),
	username text UNIQUE CHECK (username ~ '^[A-Za-z0-9._~+-]{1,64}$'),
	ha1_md5 text CHECK (ha1_md5 ~ '^[0-9a-f]{32}$'),
	ha1_sha256 text CHECK (ha1_sha256 ~ '^[0-9a-f]{64}$'),
	ip_addresses cidr[] NOT NULL DEFAULT '{}'
		CHECK (cardinality(ip_addresses) <= 100 AND array_position(ip_addresses, NULL) IS NULL),
	address jsonb CHECK (address_ok(address)),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	version bigint NOT NULL DEFAULT 1,
	UNIQUE (trunk_id, role),
	FOREIGN KEY (account_id, trunk_id) REFERENCES trunk (account_id, id) ON DELETE CASCADE,
	CONSTRAINT sip_account_registration_check CHECK (auth_mode <> 'registration' OR username IS NOT NULL)
);

-- One page of the numbers that begin with a prefix, by the indexes on number and (account_id,
-- number), whatever the lengths: for each k in 0..15-digits the range prefix*10^k up to
-- (prefix+1)*10^k, each LIMITed, then the whole ordered and LIMITed.
CREATE TABLE did (
	number bigint PRIMARY KEY CHECK (number_ok(number)),
	account_id uuid NOT NULL REFERENCES account (id),
	trunk_id uuid,
	enabled boolean NOT NULL DEFAULT true,
	label text CHECK (text_ok(label, 200)),
	external_id text CHECK (text_ok(external_id, 200)),
	incoming_action text NOT NULL DEFAULT 'ring'
		CHECK (incoming_action IN ('ring', 'ring_then_forward')),
	ring_seconds integer CHECK (ring_seconds BETWEEN 1 AND 3600),
	triggers text[] CHECK (triggers_ok(triggers)),
	failover_number bigint CHECK (number_ok(failover_number)),
	failover_backup_pbxs jsonb NOT NULL DEFAULT '[]' CHECK (addresses_ok(failover_backup_pbxs)),
	failover_calling_party_display text CHECK (display_ok(failover_calling_party_display)),
	failover_calling_party_number bigint CHECK (number_ok(failover_calling_party_number)),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	version bigint NOT NULL DEFAULT 1,
	FOREIGN KEY (account_id, trunk_id) REFERENCES trunk (account_id, id),
	CONSTRAINT did_failover_self_check CHECK (failover_number <> number),
	CONSTRAINT did_failover_fixed_check CHECK (failover_calling_party_display <> 'fixed'
		OR failover_calling_party_number IS NOT NULL)
);
-- No index on a failover column: a mass failover then stays an update in place (HOT) wherever its
-- page has room.
CREATE INDEX did_account ON did (account_id, number);
CREATE INDEX did_trunk ON did (trunk_id, number) WHERE trunk_id IS NOT NULL;
CREATE INDEX did_external_id ON did (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE gateway (
	id uuid PRIMARY KEY DEFAULT uuid7(),
	name text NOT NULL CHECK (text_ok(name, 200)),
	enabled boolean NOT NULL DEFAULT true,
	address jsonb NOT NULL CHECK (address_ok(address)),
	failover_address jsonb CHECK (address_ok(failover_address)),
	failover_seconds integer NOT NULL DEFAULT 15 CHECK (failover_seconds BETWEEN 1 AND 60),
	registration jsonb CHECK (jsonb_typeof(registration) = 'object'),
	prefixes text[] NOT NULL DEFAULT '{}' CHECK (array_position(prefixes, NULL) IS NULL
		AND cardinality(prefixes) <= 1000
		AND array_to_string(prefixes, ',') ~ '^(\d{0,15}(,\d{0,15})*)?$'),
	priority integer NOT NULL DEFAULT 100 CHECK (priority BETWEEN 0 AND 65535),
	public_trunk boolean NOT NULL DEFAULT false,
	inbound_ip_addresses cidr[] NOT NULL DEFAULT '{}' CHECK (cardinality(inbound_ip_addresses) <= 1000
		AND array_position(inbound_ip_addresses, NULL) IS NULL),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	version bigint NOT NULL DEFAULT 1
);

-- A statement that moves version itself (a mass operation) does not pay for the row trigger.
CREATE FUNCTION row_touch() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	NEW.version := OLD.version + 1;
	NEW.updated_at := now();
	RETURN NEW;
END
$$;

CREATE FUNCTION row_key_refuse() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	RAISE check_violation USING MESSAGE = format('the key of table %s never changes', TG_TABLE_NAME),
		CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END
$$;

CREATE TRIGGER account_touch BEFORE UPDATE ON account
	FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION row_touch();
CREATE TRIGGER trunk_touch BEFORE UPDATE ON trunk
	FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION row_touch();
CREATE TRIGGER sip_account_touch BEFORE UPDATE ON sip_account
	FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION row_touch();
CREATE TRIGGER did_touch BEFORE UPDATE ON did
	FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION row_touch();
CREATE TRIGGER gateway_touch BEFORE UPDATE ON gateway
	FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION row_touch();

CREATE TRIGGER account_key BEFORE UPDATE OF id ON account
	FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION row_key_refuse();
CREATE TRIGGER trunk_key BEFORE UPDATE OF id ON trunk
	FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION row_key_refuse();
CREATE TRIGGER sip_account_key BEFORE UPDATE OF id, trunk_id, role ON sip_account
	FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.trunk_id <> OLD.trunk_id OR NEW.role <> OLD.role)
	EXECUTE FUNCTION row_key_refuse();
CREATE TRIGGER did_key BEFORE UPDATE OF number ON did
	FOR EACH ROW WHEN (NEW.number <> OLD.number) EXECUTE FUNCTION row_key_refuse();
CREATE TRIGGER gateway_key BEFORE UPDATE OF id ON gateway
	FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION row_key_refuse();
