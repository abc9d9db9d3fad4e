/* Option tags and other comma lists of tokens: Supported, Require, Proxy-Require, Allow. */
#ifndef SIP_TOKEN_H
#define SIP_TOKEN_H

#include "sip/scan.h"

/* Is the token (any case) in any header line of that id? */
bool sip_has_token(const struct sip_msg *m, enum sip_hdr id, struct str token);

#endif
