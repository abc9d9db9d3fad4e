/* Responses to the proxy's requests: what is the same for all of them (RFC 3261 section 8.2.6). */
#include "bench/call.h"

#include <arpa/inet.h>

/* Where the rport parameter of the top Via ends when it has one without a value; else NULL. */
static const char *via_rport(struct text via)
{
	const char name[] = ";rport";
	struct text top = {NULL, 0};
	const char *end;

	value_next(&via, &top);
	end = top.len ? memmem(top.at, top.len, name, strlen(name)) : NULL;
	if (!end)
		return NULL;
	end += strlen(name);
	return end < top.at + top.len && *end == '=' ? NULL : end;
}

static struct sockaddr_in reply_address(
	const struct datagram *datagram, const struct message *request)
{
	struct sockaddr_in to = datagram->from;
	struct sockaddr_in sent_by;

	if (!via_rport(request->via.line[0]) &&
		!host_address(via_sent_by(request->via.line[0]), &sent_by))
		to.sin_port = sent_by.sin_port;
	return to;
}

static void put_header(struct writer *out, const char *name, struct text value)
{
	put_str(out, name);
	put_text(out, value);
	put_str(out, "\r\n");
}

static void put_top_via(struct writer *out, const struct datagram *datagram, struct text via)
{
	const char *rport = via_rport(via);

	if (!rport) {
		put_header(out, "Via: ", via);
		return;
	}
	put_str(out, "Via: ");
	put(out, via.at, (size_t)(rport - via.at));
	put_str(out, "=");
	put_number(out, ntohs(datagram->from.sin_port));
	put_str(out, ";received=");
	put_host(out, &datagram->from);
	put(out, rport, (size_t)(via.at + via.len - rport));
	put_str(out, "\r\n");
}

static void put_echo(struct writer *out, const struct datagram *datagram,
	const struct message *request, const char *tag)
{
	put_top_via(out, datagram, request->via.line[0]);
	for (size_t i = 1; i < request->via.count; i++)
		put_header(out, "Via: ", request->via.line[i]);
	for (size_t i = 0; i < request->record_route.count; i++)
		put_header(out, "Record-Route: ", request->record_route.line[i]);
	put_header(out, "From: ", request->from);
	put_str(out, "To: ");
	put_text(out, request->to);
	if (!value_tag(request->to).len) {
		put_str(out, ";tag=");
		put_str(out, tag);
	}
	put_str(out, "\r\n");
	put_header(out, "Call-ID: ", request->call_id);
	put_header(out, "CSeq: ", request->cseq);
}

void reply_send(const struct datagram *datagram, const struct message *request, const char *status,
	const char *tag)
{
	struct sockaddr_in to = reply_address(datagram, request);
	char data[DATAGRAM_MAX];
	struct writer out = {.at = data, .size = sizeof(data)};

	put_str(&out, "SIP/2.0 ");
	put_str(&out, status);
	put_str(&out, "\r\n");
	put_echo(&out, datagram, request, tag);
	put_str(&out, "Content-Length: 0\r\n\r\n");
	port_send(datagram->port, &to, &out);
}

void echo_keep(struct call *call, const struct datagram *datagram, const struct message *request)
{
	struct writer out = {.at = call->echo, .size = sizeof(call->echo)};

	put_echo(&out, datagram, request, call->taken_by ? "backup" : "primary");
	if (out.full)
		load_wrong(call->load, "headers too long to answer", datagram);
	call->echo_len = out.len;
	call->pbx_peer = reply_address(datagram, request);
}
