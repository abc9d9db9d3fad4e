/* Steps, forwardings and SIP URIs as text: what is read, what is refused and why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/dial_text.h"
#include "tests/core/suite.h"

#define UUID "b0000000-0000-7000-8000-000000000001"

static void read_ok(const char *text, struct dial_steps *steps)
{
	const char *wrong;

	if (dial_steps_read(text, steps, &wrong))
		ck_abort_msg("%s: %s", text, wrong);
}

START_TEST(every_app_and_target)
{
	struct dial_steps steps;
	const struct dial_step *s;

	read_ok("(ring - sequential 20 i100 i+14155550101 e14155550100 t" UUID
		" ssip:200@[2001:db8::1]:5070;transport=tcp)(ring - simultaneous 15 i*98)"
		"(forward - e442079460000)(media 127:0-1440 ssip:media.example)"
		"(reject - 486 )(reject 31:480-1080,64:1320-360 603 Not%20now%20%28100%25%29)",
		&steps);
	ck_assert_uint_eq(steps.count, 6);
	s = &steps.item[0];
	ck_assert_int_eq(s->app, DIAL_RING);
	ck_assert(!s->simultaneous);
	ck_assert_uint_eq(s->ring_seconds, 20);
	ck_assert_uint_eq(s->active_times.count, 0);
	ck_assert_uint_eq(s->target_count, 5);
	ck_assert_int_eq(s->target[0].kind, DIAL_INTERNAL);
	ck_assert_str_eq(s->target[0].internal, "100");
	ck_assert_str_eq(s->target[1].internal, "+14155550101");
	ck_assert_int_eq(s->target[2].kind, DIAL_EXTERNAL);
	ck_assert_uint_eq(s->target[2].external, 14155550100);
	ck_assert_int_eq(s->target[3].kind, DIAL_TRUNK);
	ck_assert_uint_eq(s->target[3].trunk_id.b[0], 0xb0);
	ck_assert_int_eq(s->target[4].kind, DIAL_SIP_URI);
	ck_assert_str_eq(s->target[4].sip_uri.user, "200");
	ck_assert_str_eq(s->target[4].sip_uri.address.host, "2001:db8::1");
	ck_assert_uint_eq(s->target[4].sip_uri.address.port, 5070);
	ck_assert_int_eq(s->target[4].sip_uri.address.transport, TRANSPORT_TCP);
	ck_assert(steps.item[1].simultaneous);
	ck_assert_str_eq(steps.item[1].target[0].internal, "*98");
	ck_assert_int_eq(steps.item[2].app, DIAL_FORWARD);
	ck_assert_uint_eq(steps.item[2].target[0].external, 442079460000);
	ck_assert_int_eq(steps.item[3].app, DIAL_MEDIA);
	ck_assert_str_eq(steps.item[3].target[0].sip_uri.user, "");
	ck_assert_uint_eq(steps.item[3].active_times.item[0].to_minute, 1440);
	ck_assert_int_eq(steps.item[4].app, DIAL_REJECT);
	ck_assert_uint_eq(steps.item[4].code, 486);
	ck_assert_ptr_null(steps.item[4].reason);
	s = &steps.item[5];
	ck_assert_str_eq(s->reason, "Not now (100%)");
	ck_assert_uint_eq(s->active_times.count, 2);
	ck_assert_uint_eq(s->active_times.item[0].days, 31);
	ck_assert_uint_eq(s->active_times.item[0].from_minute, 480);
	ck_assert_uint_eq(s->active_times.item[1].from_minute, 1320);
	ck_assert_uint_eq(s->active_times.item[1].to_minute, 360);
	dial_steps_fini(&steps);
}
END_TEST

START_TEST(schedules_inside_schedules)
{
	struct dial_steps steps;
	const struct dial_step *s;

	read_ok("(schedule 31:480-1080 {(ring - sequential 15 i1)(reject - 480 )} {(schedule "
		"96:0-1440 {} {(reject - 404 )})})(reject - 486 )",
		&steps);
	ck_assert_uint_eq(steps.count, 2);
	s = &steps.item[0];
	ck_assert_uint_eq(s->then_steps.count, 2);
	ck_assert_uint_eq(s->else_steps.count, 1);
	ck_assert_uint_eq(s->else_steps.item[0].then_steps.count, 0);
	ck_assert_uint_eq(s->else_steps.item[0].else_steps.item[0].code, 404);
	ck_assert_uint_eq(steps.item[1].code, 486);
	dial_steps_fini(&steps);
	dial_steps_fini(&steps);
	read_ok("", &steps);
	ck_assert_uint_eq(steps.count, 0);
}
END_TEST

/* n times a, then n times b. */
static char *nest(char *out, unsigned n, const char *a, const char *b)
{
	char *p = out;

	*p = '\0';
	for (unsigned i = 0; i < n; i++)
		p = stpcpy(p, a);
	for (unsigned i = 0; i < n; i++)
		p = stpcpy(p, b);
	return out;
}

START_TEST(limits)
{
	char text[4096];
	struct dial_steps steps;
	const char *wrong;

	read_ok(nest(text, DIAL_DEPTH_MAX, "(schedule 1:0-1 {", "} {})"), &steps);
	dial_steps_fini(&steps);
	nest(text, DIAL_DEPTH_MAX + 1, "(schedule 1:0-1 {", "} {})");
	ck_assert_int_eq(dial_steps_read(text, &steps, &wrong), EINVAL);
	ck_assert_str_eq(wrong, "are nested too deeply");
	read_ok(nest(text, DIAL_STEPS_MAX, "(reject - 480 )", ""), &steps);
	dial_steps_fini(&steps);
	nest(text, DIAL_STEPS_MAX + 1, "(reject - 480 )", "");
	ck_assert_int_eq(dial_steps_read(text, &steps, &wrong), EINVAL);
	ck_assert_str_eq(wrong, "are too many");
	ck_assert_ptr_null(steps.item);
}
END_TEST

START_TEST(wrong_steps_are_refused_with_the_reason)
{
	static const struct {
		const char *text, *wrong;
	} row[] = {
		{"x", "are not well formed"},
		{"(", "have an unknown app"},
		{"(dance - )", "have an unknown app"},
		{"(ring", "are not well formed"},
		{"(ring - random 15 i1)", "have an unknown strategy"},
		{"(ring - sequential 0 i1)", "have a number that is none or out of range"},
		{"(ring - sequential 3601 i1)", "have a number that is none or out of range"},
		{"(ring - sequential 15)", "are not well formed"},
		{"(ring - sequential 15 )", "have a bad target"},
		{"(ring - sequential 15 i1 i2 i3 i4 i5 i6 i7 i8 i9)", "have too many targets"},
		{"(ring - sequential 15 i)", "have a bad target"},
		{"(ring - sequential 15 i1a)", "have a bad target"},
		{"(ring - sequential 15 i+)", "have a bad target"},
		{"(ring - sequential 15 i1234567890123456)", "have a bad target"},
		{"(ring - sequential 15 e+14155550100)", "have a bad target"},
		{"(ring - sequential 15 tb0000000)", "have a bad target"},
		{"(ring - sequential 15 ssips:a)", "have a bad target"},
		{"(ring - sequential 15 x1)", "have a bad target"},
		{"(forward - i100)", "have a target of the wrong kind"},
		{"(forward - e14155550100 e14155550101)", "have too many targets"},
		{"(media - e14155550100)", "have a target of the wrong kind"},
		{"(reject - 399 )", "have a number that is none or out of range"},
		{"(reject - 700 )", "have a number that is none or out of range"},
		{"(reject - 480)", "are not well formed"},
		{"(reject - 480 a%2)", "have a bad escape"},
		{"(reject - 480 a%zz)", "have a bad escape"},
		{"(reject - 480 a%00)", "have a bad escape"},
		{"(reject 0:0-1 480 )", "have a number that is none or out of range"},
		{"(reject 128:0-1 480 )", "have a number that is none or out of range"},
		{"(reject 1:1440-1 480 )", "have a number that is none or out of range"},
		{"(reject 1:5-1441 480 )", "have a number that is none or out of range"},
		{"(reject 1:5-5 480 )", "have an active time that is empty"},
		{"(reject 1:5 480 )", "have a number that is none or out of range"},
		{"(reject , 480 )", "have a number that is none or out of range"},
		{"(schedule 1:0-1 {} )", "are not well formed"},
		{"(schedule 1:0-1 {", "are not well formed"},
		{"(reject - 480 ))", "are not well formed"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct dial_steps steps;
		const char *wrong = "";

		ck_assert_msg(
			dial_steps_read(row[i].text, &steps, &wrong) == EINVAL, "%s", row[i].text);
		ck_assert_str_eq(wrong, row[i].wrong);
		ck_assert_ptr_null(steps.item);
	}
}
END_TEST

START_TEST(forwardings)
{
	struct forwarding *list;
	uint16_t count;
	const char *wrong;

	ck_assert_int_eq(forwardings_read("(t - 15 - - i100 Voicemail)(f 127:0-360 3600 fixed "
					  "14155550100 e442079460000 )",
				 &list, &count, &wrong),
		0);
	ck_assert_uint_eq(count, 2);
	ck_assert(list[0].enabled && !list[0].has_display);
	ck_assert_str_eq(list[0].designation, "Voicemail");
	ck_assert_str_eq(list[0].target.internal, "100");
	ck_assert_uint_eq(list[0].ring_seconds, 15);
	ck_assert(!list[1].enabled && list[1].has_display);
	ck_assert_int_eq(list[1].calling_party_display, DISPLAY_FIXED);
	ck_assert_uint_eq(list[1].calling_party_number, 14155550100);
	ck_assert_uint_eq(list[1].target.external, 442079460000);
	ck_assert_uint_eq(list[1].active_times.item[0].to_minute, 360);
	ck_assert_str_eq(list[1].designation, "");
	forwardings_free(list, count);
}
END_TEST

START_TEST(wrong_forwardings_are_refused_with_the_reason)
{
	static const struct {
		const char *text, *wrong;
	} row[] = {
		{"(x - 15 - - i100 )", "are neither t nor f"},
		{"(t - 15 nobody - i100 )", "have an unknown calling_party_display"},
		{"(t - 15 - x i100 )", "have a bad calling_party_number"},
		{"(t - 15 - - t" UUID " )", "have a target of the wrong kind"},
		{"(t - 0 - - i1 )", "have a number that is none or out of range"},
		{"(t - 15 - - i1)", "are not well formed"},
		{"(t - 15 - - i1 ", "are not well formed"},
		{" ", "are not well formed"},
	};
	char text[1024];
	struct forwarding *list;
	const char *wrong;
	uint16_t count;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_msg(forwardings_read(row[i].text, &list, &count, &wrong) == EINVAL, "%s",
			row[i].text);
		ck_assert_str_eq(wrong, row[i].wrong);
		ck_assert_ptr_null(list);
	}
	nest(text, FORWARDINGS_MAX + 1, "(t - 15 - - i1 )", "");
	ck_assert_int_eq(forwardings_read(text, &list, &count, &wrong), EINVAL);
	ck_assert_str_eq(wrong, "are too many");
}
END_TEST

/* Each octet replaced or taken away, each beginning: refused or taken, never more. */
START_TEST(one_wrong_octet_anywhere_does_no_harm)
{
	static const char good[] =
		"(ring 31:480-1080,64:0-1440 sequential 20 i100 e14155550100 t" UUID
		" ssip:u@h.example:5070;transport=tcp)(schedule 1:0-1 {(reject - 486 a%20b)} {})";
	static const char special[] = "() {},:-%+*0129aeisztf@;[].";
	unsigned taken = 0, refused = 0;

	for (size_t at = 0; at < sizeof(good) - 1; at++) {
		for (size_t n = 0; n <= sizeof(special); n++) {
			size_t len = sizeof(good) - 1;
			char *text = strdup(good);
			struct dial_steps steps;
			const char *wrong;

			if (n < sizeof(special))
				text[at] = special[n]; /* its NUL cuts the text off */
			else
				memmove(text + at, text + at + 1, len - at);
			if (dial_steps_read(text, &steps, &wrong))
				refused++;
			else
				taken++;
			dial_steps_fini(&steps);
			free(text);
		}
	}
	ck_assert_uint_gt(taken, 200);
	ck_assert_uint_gt(refused, 2000);
}
END_TEST

START_TEST(sip_uris)
{
	static const struct {
		const char *text, *spelled; /* NULL: refused */
	} row[] = {
		{"sip:pbx.example", "sip:pbx.example;transport=udp"},
		{"SIP:100@192.0.2.1:5070", "sip:100@192.0.2.1:5070;transport=udp"},
		{"sip:a%23b@[2001:db8::1];transport=tls", "sip:a%23b@[2001:db8::1];transport=tls"},
		{"sip:u@h.example;Transport=tcp", "sip:u@h.example;transport=tcp"},
		{"sip:u_1.2-3~!*+=&$/?@h.example", "sip:u_1.2-3~!*+=&$/?@h.example;transport=udp"},
		{"", NULL},
		{"sip:", NULL},
		{"sip:@h.example", NULL},
		{"sips:u@h.example", NULL},
		{"tel:+14155550100", NULL},
		{"u@h.example", NULL},
		{"sip:u:password@h.example", NULL},
		{"sip:u@h.example:0", NULL},
		{"sip:u@h.example:99999", NULL},
		{"sip:u@h.example;lr", NULL},
		{"sip:u@h.example;transport=sctp", NULL},
		{"sip:u@h.example;transport=udp;lr", NULL},
		{"sip:u@h.example?Subject=x", NULL},
		{"sip:u@2001:db8::1", NULL},
		{"sip:u@127.1", NULL},
		{"sip:u@@h.example", NULL},
		{"sip:u u@h.example", NULL},
		{"sip:u(1)@h.example", NULL},
		{"sip:u%2@h.example", NULL},
		{"sip:u@h.example\r\nVia: x", NULL},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct dial_sip_uri uri;
		char text[DIAL_SIP_URI_SIZE];
		const char *why = NULL;
		int err = dial_sip_uri_parse(row[i].text, strlen(row[i].text), &uri, &why);

		ck_assert_msg((err == 0) == (row[i].spelled != NULL), "%s", row[i].text);
		ck_assert((why == NULL) == (err == 0));
		if (err)
			continue;
		dial_sip_uri_format(&uri, text);
		ck_assert_str_eq(text, row[i].spelled);
		dial_sip_uri_fini(&uri);
	}
	ck_assert_int_eq(
		dial_sip_uri_parse("sip:u\0@h.example", 15, &(struct dial_sip_uri){0}, NULL),
		EINVAL);
}
END_TEST

START_TEST(words)
{
	for (int app = 0; app < DIAL_APP_COUNT; app++)
		ck_assert_int_eq(dial_app_parse(dial_app_word((enum dial_app)app)), app);
	ck_assert_int_eq(dial_app_parse("dance"), -1);
	ck_assert_str_eq(dial_app_word(DIAL_APP_COUNT), "");
	ck_assert(dial_internal_ok("*98", 3) && dial_internal_ok("123456789012345", 15));
	ck_assert(!dial_internal_ok("", 0) && !dial_internal_ok("1234567890123456", 16));
	ck_assert(!dial_internal_ok("#1", 2) && !dial_internal_ok("+1", 2));
}
END_TEST

int main(void)
{
	return SUITE_RUN("dial_text", NULL, every_app_and_target, schedules_inside_schedules,
		limits, wrong_steps_are_refused_with_the_reason, forwardings,
		wrong_forwardings_are_refused_with_the_reason,
		one_wrong_octet_anywhere_does_no_harm, sip_uris, words);
}
