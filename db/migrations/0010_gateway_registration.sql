-- Registering with gateways: what the workers need for it, and how far each of them got.

-- Null in JSON is no null of SQL.
CREATE FUNCTION address_text_or_null(a jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN jsonb_typeof(a) = 'object' THEN address_text(a) END;

-- The password in the clear goes to the workers alone: who asks a client for it may name any realm, so no
-- HA1 could be kept in its place.
CREATE OR REPLACE VIEW feed_gateway AS
	SELECT 'G' AS kind, id, name, enabled, address_text(address) AS address,
		address_text(failover_address) AS failover_address, failover_seconds,
		array_to_string(prefixes, ',') AS prefixes, priority, public_trunk,
		array_to_string(inbound_ip_addresses, ',') AS inbound_ip_addresses,
		registration ->> 'username' AS username, registration ->> 'password' AS password,
		address_text_or_null(registration -> 'registrar') AS registrar,
		address_text_or_null(registration -> 'failover_registrar') AS failover_registrar,
		registration ->> 'expires_seconds' AS expires_seconds,
		registration ->> 'register_failover_seconds' AS register_failover_seconds
	FROM gateway;

-- registrar: host|port|transport of the one in use or last asked, as in target_health. source: its address.
CREATE TABLE gateway_registration (
	worker text NOT NULL,
	gateway_id uuid NOT NULL,
	state text NOT NULL,
	registrar text,
	source text,
	status integer,
	expires_at timestamptz,
	since timestamptz NOT NULL,
	checked_at timestamptz,
	PRIMARY KEY (gateway_id, worker)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Rows of a worker that is forgotten are of no use to anybody.
CREATE FUNCTION worker_forget() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	DELETE FROM gateway_registration WHERE worker = OLD.name;
	RETURN NULL;
END
$$;
CREATE TRIGGER worker_forgotten AFTER DELETE ON worker FOR EACH ROW EXECUTE FUNCTION worker_forget();
