#include "sip/token.h"

#include "sip/param.h"

bool sip_has_token(const struct sip_msg *m, enum sip_hdr id, struct str token)
{
	for (int i = sip_msg_first(m, id); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		struct str value;
		while (sip_list_next(&rest, &value) == 0) {
			if (str_caseeq(value, token))
				return true;
		}
	}
	return false;
}
