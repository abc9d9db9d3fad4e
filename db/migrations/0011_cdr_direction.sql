-- Calls that PBXs make leave records too. did is then the DID that the call shows, null when it shows
-- none of ours; a call from one customer to another leaves a record for each of them.
ALTER TABLE cdr ADD COLUMN direction text NOT NULL DEFAULT 'inbound'
	CHECK (direction IN ('inbound', 'outbound'));
