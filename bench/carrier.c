/* The side that calls. */
#include "bench/call.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static struct call *call_of_carrier_timer(struct timer *timer)
{
	return (struct call *)((char *)timer - offsetof(struct call, carrier_timer));
}

static void put_via(struct writer *out, const struct call *call, const char *transaction)
{
	put_str(out, "Via: SIP/2.0/UDP ");
	put_address(out, &call->load->carrier.address);
	put_str(out, ";branch=z9hG4bK");
	put_str(out, transaction);
	put_identity(out, call);
	put_str(out, ";rport\r\n");
}

/* The number that calls: another one for every call. */
static void put_caller(struct writer *out, const struct call *call)
{
	put_str(out, "+1646");
	put_number(out, 2000000 + call->serial % 7000000);
}

static void put_from_to_call_id(struct writer *out, const struct call *call, struct text to)
{
	put_str(out, "From: \"NEW YORK NY\" <sip:");
	put_caller(out, call);
	put_str(out, "@");
	put_address(out, &call->load->carrier.address);
	put_str(out, ";user=phone>;tag=gK");
	put_identity(out, call);
	put_str(out, "\r\nTo: ");
	put_text(out, to);
	put_str(out, "\r\nCall-ID: ");
	put_identity(out, call);
	put_str(out, "_90314657@");
	put_host(out, &call->load->carrier.address);
	put_str(out, "\r\n");
}

static void put_did_uri(struct writer *out, const struct call *call)
{
	put_str(out, "sip:+");
	put_number(out, call->did);
	put_str(out, "@");
	put_address(out, &call->load->options.server);
	put_str(out, ";user=phone");
}

static void put_contact(struct writer *out, const struct call *call)
{
	put_str(out, "Contact: \"NEW YORK NY\" <sip:");
	put_caller(out, call);
	put_str(out, "@");
	put_address(out, &call->load->carrier.address);
	put_str(out, ";transport=udp>\r\n");
}

/* The shape of a wholesale carrier's session border controller: about 1.4 kB with its SDP. */
static void put_invite(struct writer *out, const struct call *call)
{
	char uri[128];
	struct writer to = {.at = uri, .size = sizeof(uri)};

	put_str(&to, "<");
	put_did_uri(&to, call);
	put_str(&to, ">");
	put_str(out, "INVITE ");
	put_did_uri(out, call);
	put_str(out, " SIP/2.0\r\n");
	put_via(out, call, "i");
	put_str(out, "Max-Forwards: 70\r\n");
	put_from_to_call_id(out, call, (struct text){to.at, to.len});
	put_str(out, "CSeq: 1 INVITE\r\n");
	put_contact(out, call);
	put_str(out,
		"Allow: INVITE,ACK,CANCEL,BYE,REGISTER,REFER,INFO,SUBSCRIBE,NOTIFY,PRACK,UPDATE,"
		"OPTIONS,MESSAGE,PUBLISH\r\n"
		"Accept: application/sdp, application/isup, application/dtmf, "
		"application/dtmf-relay, multipart/mixed\r\n"
		"P-Asserted-Identity: \"NEW YORK NY\" <sip:");
	put_caller(out, call);
	put_str(out, "@");
	put_address(out, &call->load->carrier.address);
	put_str(out, ";user=phone>\r\n"
		     "Privacy: none\r\n"
		     "P-Charging-Vector: icid-value=");
	put_identity(out, call);
	put_str(out, ";icid-generated-at=");
	put_host(out, &call->load->carrier.address);
	put_str(out, "\r\nSupported: timer,100rel,replaces,path\r\n"
		     "Session-Expires: 1800;refresher=uac\r\n"
		     "Min-SE: 90\r\n"
		     "User-Agent: SBC 9.2.3R4\r\n"
		     "Content-Disposition: session; handling=required\r\n"
		     "Content-Type: application/sdp\r\n"
		     "Content-Length: ");
	put_number(out, strlen(call->load->offer));
	put_str(out, "\r\n\r\n");
	put_str(out, call->load->offer);
}

static void invite_send(const struct call *call)
{
	char data[DATAGRAM_MAX];
	struct writer out = {.at = data, .size = sizeof(data)};

	put_invite(&out, call);
	port_send(&call->load->carrier, &call->load->options.server, &out);
}

/* An ACK to the 200, or a BYE: along the route set to the PBX's Contact. */
static void in_dialog_send(
	const struct call *call, const char *method, const char *transaction, const char *cseq)
{
	char data[DATAGRAM_MAX];
	struct writer out = {.at = data, .size = sizeof(data)};

	put_str(&out, method);
	put_str(&out, " ");
	put(&out, call->target, call->target_len);
	put_str(&out, " SIP/2.0\r\n");
	put_via(&out, call, transaction);
	put_str(&out, "Max-Forwards: 70\r\n");
	put(&out, call->route, call->route_len);
	put_from_to_call_id(&out, call, (struct text){call->to, call->to_len});
	put_str(&out, cseq);
	put_str(&out, "User-Agent: SBC 9.2.3R4\r\nContent-Length: 0\r\n\r\n");
	port_send(&call->load->carrier, &call->next_hop, &out);
}

static void ack_send(const struct call *call)
{
	in_dialog_send(call, "ACK", "a", "CSeq: 1 ACK\r\n");
}

static void bye_send(const struct call *call)
{
	in_dialog_send(call, "BYE", "b", "CSeq: 2 BYE\r\n");
}

/* The ACK to a refusal belongs to the INVITE's transaction (RFC 3261 section 17.1.1.3). */
static void refusal_ack_send(const struct call *call, struct text to)
{
	char data[DATAGRAM_MAX];
	struct writer out = {.at = data, .size = sizeof(data)};

	put_str(&out, "ACK ");
	put_did_uri(&out, call);
	put_str(&out, " SIP/2.0\r\n");
	put_via(&out, call, "i");
	put_str(&out, "Max-Forwards: 70\r\n");
	put_from_to_call_id(&out, call, to);
	put_str(&out, "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n");
	port_send(&call->load->carrier, &call->load->options.server, &out);
}

static void call_lost(struct call *call)
{
	call->load->figures.lost++;
	call_free(call);
}

/* Timers A, B, E, F and the one that waits for somebody to answer. */
static void carrier_timeout(struct timer *timer, int64_t now_ms)
{
	struct call *call = call_of_carrier_timer(timer);
	struct load *load = call->load;
	int64_t left_ms = call->carrier_deadline_ms - now_ms;

	if (left_ms <= 0 || call->carrier == CARRIER_RINGING) {
		call_lost(call);
		return;
	}
	call->carrier_wait_ms *= 2;
	if (call->carrier == CARRIER_CALLING) {
		load->figures.resent_invite++;
		invite_send(call);
	} else {
		load->figures.resent_bye++;
		bye_send(call);
		if (call->carrier_wait_ms > T2_MS)
			call->carrier_wait_ms = T2_MS;
	}
	if (left_ms > call->carrier_wait_ms)
		left_ms = call->carrier_wait_ms;
	timer_start(&load->wheel, timer, left_ms, carrier_timeout);
}

static void transaction_start(struct call *call)
{
	struct load *load = call->load;

	call->carrier_wait_ms = T1_MS;
	call->carrier_deadline_ms = load->wheel.now_ms + load->options.give_up_ms;
	timer_start(&load->wheel, &call->carrier_timer,
		load->options.give_up_ms < T1_MS ? load->options.give_up_ms : T1_MS,
		carrier_timeout);
}

static void hang_up(struct timer *timer, int64_t now_ms)
{
	struct call *call = call_of_carrier_timer(timer);

	(void)now_ms;
	call->carrier = CARRIER_ENDING;
	transaction_start(call);
	bye_send(call);
}

/* xorshift64*: which number is called next. */
static uint64_t random_below(struct load *load, uint64_t bound)
{
	uint64_t x = load->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	load->random = x;
	return (x * UINT64_C(2685821657736338717) >> 16) % bound;
}

int carrier_call(struct load *load)
{
	struct call *call = call_new(load);

	if (!call)
		return ENOMEM;
	call->did = load->options.first_did + random_below(load, load->options.dids);
	call->carrier = CARRIER_CALLING;
	load->figures.started++;
	transaction_start(call);
	call->sent_ns = clock_ns(CLOCK_REALTIME);
	invite_send(call);
	return 0;
}

static void provisional(
	struct call *call, const struct datagram *datagram, const struct message *response)
{
	struct load *load = call->load;
	int64_t ns = datagram->arrived_ns - call->sent_ns;

	if (call->carrier > CARRIER_RINGING)
		return;
	call->carrier = CARRIER_RINGING;
	timer_start(&load->wheel, &call->carrier_timer,
		load->options.ring_ms + load->options.give_up_ms, carrier_timeout);
	if (response->status != 180 || call->rang)
		return;
	call->rang = true;
	series_add(&load->figures.ring, ns);
	series_add(&load->figures.added, ns - call->pbx_ns);
}

/* The route set is the Record-Route from last to first (RFC 3261 section 12.1.2). */
static int route_take(struct call *call, const struct message *response)
{
	struct text values[MESSAGE_LINES];
	size_t count = 0;
	struct writer out = {.at = call->route, .size = sizeof(call->route)};

	for (size_t i = 0; i < response->record_route.count; i++) {
		struct text rest = response->record_route.line[i];

		while (count < MESSAGE_LINES && value_next(&rest, &values[count]))
			count++;
	}
	for (size_t i = count; i > 0; i--) {
		put_str(&out, "Route: ");
		put_text(&out, values[i - 1]);
		put_str(&out, "\r\n");
	}
	call->route_len = out.len;
	if (out.full)
		return EMSGSIZE;
	if (count)
		return uri_address(value_uri(values[count - 1]), &call->next_hop);
	return uri_address((struct text){call->target, call->target_len}, &call->next_hop);
}

static int dialog_take(struct call *call, const struct message *response)
{
	struct text target = value_uri(response->contact);

	if (!target.len || target.len > sizeof(call->target) ||
		response->to.len > sizeof(call->to) || !value_tag(response->to).len)
		return EINVAL;
	memcpy(call->target, target.at, target.len);
	call->target_len = target.len;
	memcpy(call->to, response->to.at, response->to.len);
	call->to_len = response->to.len;
	return route_take(call, response);
}

static void answered(
	struct call *call, const struct datagram *datagram, const struct message *response)
{
	struct load *load = call->load;

	if (call->carrier > CARRIER_RINGING) {
		load->figures.heard_again++;
		ack_send(call);
		return;
	}
	if (dialog_take(call, response)) {
		load_wrong(load, "200 that makes no dialog", datagram);
		call_lost(call);
		return;
	}
	if (!text_is(response->body, load->answer))
		load_wrong(load, "200 with another body", datagram);
	load->figures.answered++;
	call->carrier = CARRIER_TALKING;
	timer_stop(&call->carrier_timer);
	ack_send(call);
	if (load->options.hold_ms)
		timer_start(&load->wheel, &call->carrier_timer, load->options.hold_ms, hang_up);
	else
		hang_up(&call->carrier_timer, load->wheel.now_ms);
}

static void call_failed(struct call *call, int status)
{
	call->load->figures.failed++;
	call->load->figures.last_failure = status;
	call_free(call);
}

static void carrier_response(
	struct load *load, const struct datagram *datagram, const struct message *response)
{
	struct call *call = call_find(load, response->call_id);
	bool invite = text_is(response->method, "INVITE");

	if (!call) {
		load->figures.stray++;
		return;
	}
	if (response->via.count != 1)
		load_wrong(load, "response with more than our own Via", datagram);
	if (invite && response->status < 200) {
		provisional(call, datagram, response);
	} else if (invite && response->status < 300) {
		answered(call, datagram, response);
	} else if (invite) {
		refusal_ack_send(call, response->to);
		call_failed(call, response->status);
	} else if (response->status >= 300) {
		call_failed(call, response->status);
	} else if (response->status >= 200) {
		load->figures.ok++;
		call_free(call);
	}
}

static void carrier_request(
	struct load *load, const struct datagram *datagram, const struct message *request)
{
	struct call *call;

	if (text_is(request->method, "ACK"))
		return;
	reply_send(datagram, request, "200 OK", "carrier");
	if (!text_is(request->method, "BYE")) {
		load->figures.probes++;
		return;
	}
	call = call_find(load, request->call_id);
	if (call) {
		load->figures.cut++;
		call_free(call);
	}
}

void carrier_datagram(struct load *load, const struct datagram *datagram)
{
	struct message message;

	if (message_read(&message, datagram->data.at, datagram->data.len)) {
		load->figures.malformed++;
		load_wrong(load, "not a SIP message", datagram);
	} else if (message.status) {
		carrier_response(load, datagram, &message);
	} else {
		carrier_request(load, datagram, &message);
	}
}
