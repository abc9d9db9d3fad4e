#include "sip/mask.h"

#include <errno.h>
#include <stdlib.h>

static const char *put(char **at, struct str s)
{
	char *start = *at;

	if (s.len)
		memcpy(start, s.p, s.len);
	start[s.len] = '\0';
	*at += s.len + 1;
	return start;
}

int mask_new(struct call_mask **mask, const struct sip_msg *invite, struct str from, struct str to,
	int32_t cseq_add)
{
	struct str from_in = sip_addr_part(&invite->from);
	struct str to_in = sip_addr_part(&invite->to);
	struct call_mask *m = malloc(sizeof(*m) + from.len + to.len + from_in.len + to_in.len + 4);

	if (!m)
		return ENOMEM;
	char *at = (char *)(m + 1);
	*m = (struct call_mask){.cseq_add = cseq_add};
	if (!str_empty(from)) {
		m->from_in = put(&at, from_in);
		m->from_out = put(&at, from);
	}
	if (!str_empty(to)) {
		m->to_in = put(&at, to_in);
		m->to_out = put(&at, to);
	}
	*mask = m;
	return 0;
}

void mask_apply(const struct call_mask *mask, bool to_callee, bool by_caller, struct forward *f)
{
	if (!mask)
		return;
	struct str from = str_of(to_callee ? mask->from_out : mask->from_in);
	struct str to = str_of(to_callee ? mask->to_out : mask->to_in);
	f->from = by_caller ? from : to;
	f->to = by_caller ? to : from;
	if (by_caller)
		f->cseq_add = to_callee ? mask->cseq_add : -mask->cseq_add;
}
