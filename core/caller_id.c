#include "core/caller_id.h"

#include <errno.h>
#include <string.h>

#include "core/dialled.h"

e164_t caller_id_number(const struct cfg_account *account, struct str text)
{
	struct dialled d;

	dialled_parse(text.p, text.len, account->default_country, &d);
	return d.kind == DIALLED_NUMBER ? d.number : 0;
}

e164_t caller_id_of_trunk(const struct cfg_trunk *trunk)
{
	struct str text = str_of(trunk->caller_id);
	const char *open = text.len ? memchr(text.p, '<', text.len) : NULL;

	if (open) {
		const char *close = memchr(open, '>', (size_t)(str_end(text) - open));

		if (!close)
			return 0;
		text = str_span(open + 1, close);
	}
	return caller_id_number(trunk->account, text);
}

bool caller_id_is_own(const struct cfg *cfg, const struct cfg_trunk *trunk, e164_t number)
{
	const struct cfg_did *did = number ? cfg_did(cfg, number) : NULL;

	if (!number)
		return false;
	if (did && did->enabled && did->account == trunk->account &&
		(did->trunk == trunk || !did->trunk))
		return true;
	return number == caller_id_of_trunk(trunk);
}

int caller_id_choose(const struct cfg *cfg, const struct cfg_trunk *trunk,
	const struct caller_claim *claim, struct caller_id *id)
{
	e164_t from = caller_id_number(trunk->account, claim->from);
	e164_t asserted = caller_id_number(trunk->account, claim->asserted);

	*id = (struct caller_id){.anonymous = claim->anonymous};
	if (caller_id_is_own(cfg, trunk, from)) {
		id->number = from;
		return 0;
	}
	if (caller_id_is_own(cfg, trunk, asserted)) {
		id->number = asserted;
		id->replaced = !claim->anonymous;
		return 0;
	}
	id->replaced = true;
	id->number = caller_id_of_trunk(trunk);
	return id->number ? 0 : EPERM;
}
