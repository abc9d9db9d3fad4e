/* The side that is called: primary and backup PBX. */
#include "bench/call.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

static struct call *call_of_pbx_timer(struct timer *timer)
{
	return (struct call *)((char *)timer - offsetof(struct call, pbx_timer));
}

static void put_contact(struct writer *out, const struct call *call)
{
	put_str(out, "Contact: <sip:trunk@");
	put_address(out, &call->load->pbx[call->taken_by].address);
	put_str(out, ">\r\nServer: PBX 18.9\r\n"
		     "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, REFER, NOTIFY\r\n");
}

/* The INVITE's answer from what was kept of it. */
static void pbx_answer(struct call *call, const char *status, const char *body)
{
	char data[DATAGRAM_MAX];
	struct writer out = {.at = data, .size = sizeof(data)};

	put_str(&out, "SIP/2.0 ");
	put_str(&out, status);
	put_str(&out, "\r\n");
	put(&out, call->echo, call->echo_len);
	put_contact(&out, call);
	if (*body)
		put_str(&out, "Supported: timer, replaces\r\nContent-Type: application/sdp\r\n");
	put_str(&out, "Content-Length: ");
	put_number(&out, strlen(body));
	put_str(&out, "\r\n\r\n");
	put_str(&out, body);
	port_send(&call->load->pbx[call->taken_by], &call->pbx_peer, &out);
}

/* Until the ACK comes the 200 is sent again (RFC 3261 section 13.3.1.4). */
static void answer_again(struct timer *timer, int64_t now_ms)
{
	struct call *call = call_of_pbx_timer(timer);
	struct load *load = call->load;

	if (now_ms >= call->pbx_deadline_ms)
		return;
	load->figures.resent_answer++;
	pbx_answer(call, "200 OK", load->answer);
	call->pbx_wait_ms = call->pbx_wait_ms * 2 < T2_MS ? call->pbx_wait_ms * 2 : T2_MS;
	timer_start(&load->wheel, timer, call->pbx_wait_ms, answer_again);
}

static void call_answer(struct timer *timer, int64_t now_ms)
{
	struct call *call = call_of_pbx_timer(timer);
	struct load *load = call->load;

	call->pbx = PBX_ANSWERED;
	call->pbx_wait_ms = T1_MS;
	call->pbx_deadline_ms = now_ms + load->options.give_up_ms;
	timer_start(&load->wheel, timer, call->pbx_wait_ms, answer_again);
	pbx_answer(call, "200 OK", load->answer);
}

static void invite_check(
	struct call *call, const struct datagram *datagram, const struct message *invite)
{
	struct load *load = call->load;
	char digits[24] = "";
	struct writer did = {.at = digits, .size = sizeof(digits)};
	struct text user = uri_user(invite->uri);

	put_str(&did, "+");
	put_number(&did, call->did);
	if (user.len != did.len || memcmp(user.at, digits, did.len))
		load_wrong(load, "INVITE to another number", datagram);
	if (!text_is(invite->body, load->offer))
		load_wrong(load, "INVITE with another body", datagram);
	if (load->direct)
		return;
	if (!address_equal(&datagram->from, &load->options.server))
		load_wrong(load, "INVITE not by the proxy", datagram);
	if (!invite->record_route.count || invite->via.count != 2)
		load_wrong(load, "INVITE without the proxy's Via and Record-Route", datagram);
	if (invite->max_forwards != 69)
		load_wrong(load, "INVITE whose Max-Forwards is not one less", datagram);
}

static void invite_take(
	struct call *call, const struct datagram *datagram, const struct message *invite)
{
	struct load *load = call->load;

	call->pbx = PBX_RINGING;
	echo_keep(call, datagram, invite);
	reply_send(datagram, invite, "100 Trying", "trying");
	pbx_answer(call, "180 Ringing", "");
	call->pbx_ns += clock_ns(CLOCK_REALTIME) - datagram->arrived_ns;
	if (load->options.ring_ms)
		timer_start(&load->wheel, &call->pbx_timer, load->options.ring_ms, call_answer);
	else
		call_answer(&call->pbx_timer, load->wheel.now_ms);
}

static void invite_again(struct call *call)
{
	call->load->figures.heard_again++;
	if (call->pbx == PBX_RINGING)
		pbx_answer(call, "180 Ringing", "");
	else if (call->pbx == PBX_ANSWERED)
		pbx_answer(call, "200 OK", call->load->answer);
}

static void pbx_invite(struct load *load, unsigned which, const struct datagram *datagram,
	const struct message *invite)
{
	struct call *call = call_find(load, invite->call_id);
	int takes = load->options.pbx_takes[which];
	char status[32];

	if (!call) {
		load->figures.stray++;
		return;
	}
	if (call->reached[which] && takes == PBX_ANSWERS) {
		invite_again(call);
		return;
	}
	if (call->reached[which]) {
		load->figures.heard_again++;
	} else {
		call->reached[which] = true;
		load->figures.invites[which]++;
		invite_check(call, datagram, invite);
	}
	if (takes == PBX_SILENT)
		return;
	call->taken_by = which;
	if (takes == PBX_ANSWERS) {
		invite_take(call, datagram, invite);
		return;
	}
	snprintf(status, sizeof(status), "%d Not Taken", takes);
	reply_send(datagram, invite, status, "refused");
	call->pbx_ns += clock_ns(CLOCK_REALTIME) - datagram->arrived_ns;
}

static void in_dialog_check(struct load *load, unsigned which, const struct datagram *datagram,
	const struct message *request)
{
	struct sockaddr_in target;

	if (uri_address(request->uri, &target) ||
		!address_equal(&target, &load->pbx[which].address))
		load_wrong(load, "in-dialog request to another Contact", datagram);
	if (request->has_route)
		load_wrong(load, "in-dialog request with the proxy's own Route", datagram);
	if (!load->direct && !address_equal(&datagram->from, &load->options.server))
		load_wrong(load, "in-dialog request not by the proxy", datagram);
}

static void pbx_ack(struct load *load, unsigned which, const struct datagram *datagram,
	const struct message *ack)
{
	struct call *call = call_find(load, ack->call_id);

	/* An ACK to a refusal ends nothing, and neither does one that is late. */
	if (!call || call->pbx != PBX_ANSWERED || call->taken_by != which)
		return;
	in_dialog_check(load, which, datagram, ack);
	call->pbx = PBX_TALKING;
	timer_stop(&call->pbx_timer);
}

static void pbx_bye(struct load *load, unsigned which, const struct datagram *datagram,
	const struct message *bye)
{
	struct call *call = call_find(load, bye->call_id);

	if (call)
		in_dialog_check(load, which, datagram, bye);
	reply_send(datagram, bye, "200 OK", "bye");
}

static void pbx_cancel(
	struct load *load, const struct datagram *datagram, const struct message *cancel)
{
	struct call *call = call_find(load, cancel->call_id);

	load->figures.probes++;
	reply_send(datagram, cancel, "200 OK", "cancel");
	if (!call || call->pbx != PBX_RINGING)
		return;
	timer_stop(&call->pbx_timer);
	call->pbx = PBX_IDLE;
	pbx_answer(call, "487 Request Terminated", "");
}

void pbx_datagram(struct load *load, unsigned which, const struct datagram *datagram)
{
	struct message message;

	if (message_read(&message, datagram->data.at, datagram->data.len)) {
		load->figures.malformed++;
		load_wrong(load, "not a SIP message", datagram);
	} else if (message.status) {
		load->figures.stray++;
	} else if (text_is(message.method, "INVITE")) {
		pbx_invite(load, which, datagram, &message);
	} else if (text_is(message.method, "ACK")) {
		pbx_ack(load, which, datagram, &message);
	} else if (text_is(message.method, "BYE")) {
		pbx_bye(load, which, datagram, &message);
	} else if (text_is(message.method, "CANCEL")) {
		pbx_cancel(load, datagram, &message);
	} else {
		load->figures.probes++;
		reply_send(datagram, &message, "200 OK", "probe");
	}
}
