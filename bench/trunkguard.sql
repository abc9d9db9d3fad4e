-- What bench/kamailio.py gives to Kamailio, as trunkguard's desired state. Variables come from bench/trunkguard.py.
BEGIN;
INSERT INTO account (name, failover_backup_pbxs)
	VALUES ('bench', jsonb_build_array(:'backup'::jsonb));
INSERT INTO trunk (account_id, name, max_concurrent_calls)
	SELECT id, 't' || i, CASE WHEN i < :trunks THEN :max_calls ELSE :limited_max_calls END
	FROM account, generate_series(0, :trunks) i;
INSERT INTO sip_account (account_id, trunk_id, role, auth_mode, ip_addresses, address)
	SELECT account_id, id, 'primary', 'ip', ARRAY[:'primary_ip'::cidr], :'primary'::jsonb FROM trunk;
INSERT INTO did (number, account_id, trunk_id)
	SELECT :first_did + i, t.account_id, t.id
	FROM generate_series(0, :dids - 1) i JOIN trunk t ON t.name = 't' || i / :dids_per_trunk;
INSERT INTO did (number, account_id, trunk_id)
	SELECT :limited_did, account_id, id FROM trunk WHERE name = 't' || :trunks;
INSERT INTO gateway (name, address, inbound_ip_addresses)
	VALUES ('carrier', :'carrier'::jsonb, ARRAY[:'carrier_ip'::cidr]);
COMMIT;
ANALYZE account, trunk, sip_account, did, gateway;
