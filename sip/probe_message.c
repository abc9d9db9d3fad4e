#include "sip/probe_message.h"

#include "sip/forward.h"

/* Request-URI and To: what was provisioned, or what the PBX registered. */
static void uri_write(struct sip_build *b, const struct probe_message *p, const struct flow *to)
{
	if (!str_empty(p->uri)) {
		sip_build_str(b, p->uri);
		return;
	}
	sip_build_lit(b, "sip:");
	sip_build_host(b, p->host);
	if (to && p->port) {
		sip_build_lit(b, ":");
		sip_build_u32(b, p->port);
	}
	if (to)
		sip_build_str(b, forward_transport_param(to->transport));
}

void probe_message_write(struct sip_build *b, const struct probe_message *p, const struct flow *to)
{
	sip_build_lit(b, "OPTIONS ");
	uri_write(b, p, to);
	sip_build_lit(b, " SIP/2.0\r\n");
	forward_via(b, to, p->self, p->branch);
	sip_build_lit(b, "Max-Forwards: 70\r\n");
	sip_build_str(b, p->route);
	sip_build_lit(b, "From: <sip:");
	sip_build_str(b, p->self);
	sip_build_lit(b, ">;tag=");
	sip_build_str(b, p->unique);
	sip_build_lit(b, "\r\nTo: <");
	uri_write(b, p, NULL);
	sip_build_lit(b, ">\r\nCall-ID: ");
	sip_build_str(b, p->unique);
	sip_build_lit(b, "\r\nCSeq: 1 OPTIONS\r\nContact: <sip:");
	sip_build_str(b, p->self);
	sip_build_lit(b, ">\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n");
}
