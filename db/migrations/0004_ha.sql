-- High Availability: a mode that needs the secondary SIP account and that account keep one another.
-- Each of the two writes locks the other's row, so no order of commits leaves a mode without its
-- account. The add-on is not guarded here: it may be taken away while a mode is set, and the mode then
-- rests until it is back.

CREATE FUNCTION trunk_ha_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	PERFORM FROM sip_account WHERE trunk_id = NEW.id AND role = 'secondary' FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE check_violation USING MESSAGE = 'the mode needs a secondary SIP account',
			CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
	END IF;
	RETURN NEW;
END
$$;

-- A trunk that is deleted takes its SIP accounts along: it is not seen here any more.
CREATE FUNCTION sip_account_ha_check() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	PERFORM FROM trunk WHERE id = OLD.trunk_id AND ha_mode <> 'only_primary' FOR SHARE;
	IF FOUND THEN
		RAISE foreign_key_violation USING MESSAGE = 'the trunk''s mode needs the account',
			CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
	END IF;
	RETURN OLD;
END
$$;

CREATE TRIGGER trunk_ha_secondary BEFORE UPDATE OF ha_mode ON trunk
	FOR EACH ROW WHEN (NEW.ha_mode <> 'only_primary' AND NEW.ha_mode <> OLD.ha_mode)
	EXECUTE FUNCTION trunk_ha_check();
CREATE TRIGGER sip_account_ha_mode BEFORE DELETE ON sip_account
	FOR EACH ROW WHEN (OLD.role = 'secondary') EXECUTE FUNCTION sip_account_ha_check();
