/* The binding store: adding, refreshing, removing, order, limits, expiry, connections, and what a change
 * of the configuration drops. */
#include <errno.h>

#include "tests/core/suite.h"
#include "tests/sip/binding_rig.h"

/* One REGISTER of up to three contacts, "uri" or "uri q" or "uri q expires". */
struct request {
	const char *account, *source, *call_id;
	uint32_t cseq;
	uint32_t conn, return_port;
	unsigned max;
	bool star;
	const char *contact[3];
};

static int update(const struct request *r)
{
	struct uuid id = id_of(r->account ? r->account : SIP1);
	union net_addr source = address(r->source ? r->source : "192.0.2.1", 5060);
	struct binding_contact contact[3];
	char uri[3][128];
	struct binding_update u = {
		.account = cfg_sip_account(cfg, &id),
		.source = &source,
		.call_id = str_of(r->call_id ? r->call_id : "call"),
		.cseq = r->cseq,
		.path = str_of("<sip:edge;lr>"),
		.user_agent = str_of("test"),
		.max = r->max ? r->max : 10,
		.star = r->star,
		.contact = contact,
	};

	for (int i = 0; i < 3 && r->contact[i]; i++) {
		unsigned q = 1000, expires = 3600;

		ck_assert_int_ge(sscanf(r->contact[i], "%127s %u %u", uri[i], &q, &expires), 1);
		contact[i] = (struct binding_contact){
			.uri = str_of(uri[i]), .q = (uint16_t)q, .expires_seconds = expires};
		contact[i].flow = (struct flow){.peer = source,
			.conn = r->conn,
			.return_port = (uint16_t)r->return_port,
			.transport = r->conn ? TRANSPORT_TCP : TRANSPORT_UDP};
		u.count++;
	}
	return binding_update(store, &u, now, wall);
}

#define UPDATE(...) update(&(struct request){__VA_ARGS__})

static struct uuid id1(void)
{
	return id_of(SIP1);
}

START_TEST(a_binding_is_added_refreshed_and_removed)
{
	struct uuid id = id1();

	ck_assert_int_eq(UPDATE(.cseq = 1, .contact = {"sip:a@192.0.2.1"}), 0);
	ck_assert_str_eq(events(), "added sip:a@192.0.2.1");
	ck_assert_str_eq(contacts(SIP1), "sip:a@192.0.2.1");
	ck_assert_str_eq(contacts(SIP2), "");
	ck_assert_uint_eq(binding_count(store, &id), 1);
	ck_assert(known("192.0.2.1") && !known("192.0.2.2"));

	ck_assert_int_eq(UPDATE(.cseq = 2, .contact = {"sip:a@192.0.2.1"}), 0);
	ck_assert_str_eq(events(), "refreshed sip:a@192.0.2.1");
	ck_assert_uint_eq(binding_count(store, &id), 1);

	ck_assert_int_eq(UPDATE(.cseq = 3, .contact = {"sip:a@192.0.2.1 1000 0"}), 0);
	ck_assert_str_eq(events(), "removed sip:a@192.0.2.1");
	ck_assert_uint_eq(binding_count(store, &id), 0);
	ck_assert_uint_eq(binding_total(store), 0);
	ck_assert(!known("192.0.2.1"));
	ck_assert_int_eq(UPDATE(.cseq = 4, .contact = {"sip:a@192.0.2.1 1000 0"}), 0);
	ck_assert_str_eq(events(), ""); /* removing what is not there is fine */
}
END_TEST

START_TEST(the_same_contact_in_another_spelling_is_the_same_binding)
{
	ck_assert_int_eq(UPDATE(.cseq = 1, .contact = {"sip:a@pbx.example:5070;x=1"}), 0);
	ck_assert_int_eq(UPDATE(.cseq = 2, .contact = {"sip:%61@PBX.example:5070;y=2"}), 0);
	ck_assert_str_eq(contacts(SIP1), "sip:%61@PBX.example:5070;y=2");
	ck_assert_str_eq(events(),
		"added sip:a@pbx.example:5070;x=1; removed "
		"sip:a@pbx.example:5070;x=1; added sip:%61@PBX.example:5070;y=2");
	ck_assert_int_eq(
		UPDATE(.cseq = 3, .contact = {"sip:A@pbx.example:5070", "sip:a@pbx.example",
					  "sip:a@pbx.example:5070;transport=tcp"}),
		0);
	ck_assert_uint_eq(binding_total(store), 4);
}
END_TEST

START_TEST(best_q_first_then_the_newest_then_the_order_of_the_request)
{
	ck_assert_int_eq(UPDATE(.cseq = 1, .contact = {"sip:old@h", "sip:low@h 100"}), 0);
	pass(1000);
	ck_assert_int_eq(UPDATE(.cseq = 2, .contact = {"sip:new@h", "sip:second@h"}), 0);
	ck_assert_str_eq(contacts(SIP1), "sip:new@h sip:second@h sip:old@h sip:low@h");
	pass(1000);
	ck_assert_int_eq(UPDATE(.cseq = 3, .contact = {"sip:old@h"}), 0);
	ck_assert_str_eq(contacts(SIP1), "sip:old@h sip:new@h sip:second@h sip:low@h");
}
END_TEST

static int second_h(const struct binding *b, void *arg)
{
	const char **first = arg;

	if (*first)
		return 7;
	*first = b->contact;
	return 0;
}

START_TEST(a_walk_can_be_stopped)
{
	const char *first = NULL;
	struct uuid id = id1();

	ck_assert_int_eq(UPDATE(.cseq = 1, .contact = {"sip:a@h", "sip:b@h"}), 0);
	ck_assert_int_eq(binding_each(store, &id, second_h, &first), 7);
	ck_assert_str_eq(first, "sip:a@h");
	first = NULL;
	ck_assert_int_eq(binding_all(store, second_h, &first), 7);
}
END_TEST

START_TEST(star_removes_all)
{
	ck_assert_int_eq(UPDATE(.cseq = 1, .contact = {"sip:a@h", "sip:b@h"}), 0);
	ck_assert_int_eq(UPDATE(.account = SIP2, .cseq = 1, .contact = {"sip:c@h"}), 0);
	(void)events();
	ck_assert_int_eq(UPDATE(.cseq = 2, .source = "192.0.2.99", .star = true), 0);
	ck_assert_str_eq(events(), "removed sip:a@h; removed sip:b@h");
	ck_assert_str_eq(contacts(SIP2), "sip:c@h");
	ck_assert(!known("192.0.2.99"));
	ck_assert_int_eq(UPDATE(.cseq = 3, .star = true), 0);
}
END_TEST

START_TEST(an_older_request_of_the_same_call_id_changes_nothing)
{
	ck_assert_int_eq(UPDATE(.cseq = 5, .contact = {"sip:a@h"}), 0);
	ck_assert_int_eq(UPDATE(.cseq = 5, .contact = {"sip:a@h 1000 0"}), ESTALE);
	ck_assert_int_eq(UPDATE(.cseq = 4, .contact = {"sip:new@h", "sip:a@h"}), ESTALE);
	ck_assert_int_eq(UPDATE(.cseq = 5, .star = true), ESTALE);
	ck_assert_str_eq(contacts(SIP1), "sip:a@h");
	ck_assert_str_eq(events(), "added sip:a@h");
	ck_assert_int_eq(UPDATE(.cseq = 1, .call_id = "reboot", .contact = {"sip:a@h"}), 0);
	ck_assert_int_eq(UPDATE(.cseq = 6, .contact = {"sip:a@h 1000 0"}), 0);
}
END_TEST

START_TEST(a_contact_named_twice_is_one)
{
	ck_assert_int_eq(
		UPDATE(.cseq = 1, .contact = {"sip:a@h 500", "sip:a@H 100", "sip:b@h"}), 0);
	ck_assert_str_eq(contacts(SIP1), "sip:b@h sip:a@h");
	ck_assert_int_eq(UPDATE(.cseq = 2, .contact = {"sip:a@h 1000 0", "sip:a@h"}), 0);
	ck_assert_str_eq(contacts(SIP1), "sip:b@h");
}
END_TEST

START_TEST(the_limit_holds_and_a_full_account_gives_way_to_its_own_source_only)
{
	ck_assert_int_eq(
		UPDATE(.cseq = 1, .max = 2, .contact = {"sip:a@h", "sip:b@h", "sip:c@h"}), EUSERS);
	ck_assert_str_eq(events(), "");
	ck_assert_int_eq(UPDATE(.cseq = 1, .max = 2, .contact = {"sip:a@h"}), 0);
	pass(1000);
	ck_assert_int_eq(UPDATE(.cseq = 1, .max = 2, .contact = {"sip:b@h"}), 0);
	(void)events();
	ck_assert_int_eq(
		UPDATE(.cseq = 1, .max = 2, .source = "192.0.2.2", .contact = {"sip:c@h"}), EUSERS);
	ck_assert_str_eq(contacts(SIP1), "sip:b@h sip:a@h");
	/* A restarted PBX with another port: its oldest binding goes. */
	ck_assert_int_eq(UPDATE(.cseq = 1, .max = 2, .contact = {"sip:c@h"}), 0);
	ck_assert_str_eq(events(), "removed sip:a@h; added sip:c@h");
	/* A refresh at the limit is no addition; a swap keeps the count. */
	ck_assert_int_eq(UPDATE(.cseq = 2, .max = 2, .contact = {"sip:b@h", "sip:c@h"}), 0);
	ck_assert_int_eq(UPDATE(.cseq = 3, .max = 2, .contact = {"sip:b@h 1000 0", "sip:d@h"}), 0);
	ck_assert_str_eq(contacts(SIP1), "sip:d@h sip:c@h");
}
END_TEST

START_TEST(bindings_expire_in_monotonic_time)
{
	ck_assert_int_eq(UPDATE(.cseq = 1, .contact = {"sip:a@h 1000 60", "sip:b@h 1000 120"}), 0);
	(void)events();
	wall += 315360000000; /* ten years */
	pass(59999);
	ck_assert_str_eq(events(), "");
	pass(1);
	ck_assert_str_eq(events(), "expired sip:a@h");
	wall -= 2 * 315360000000;
	ck_assert_int_eq(UPDATE(.cseq = 2, .contact = {"sip:b@h 1000 60"}), 0);
	pass(59999);
	ck_assert_str_eq(events(), "refreshed sip:b@h");
	pass(1);
	ck_assert_str_eq(events(), "expired sip:b@h");
	ck_assert_uint_eq(binding_total(store), 0);
}
END_TEST

static void ten_thousand(void)
{
	for (uint32_t i = 0; i < 10000; i += 8) {
		struct uuid id = id1();
		struct cfg_sip_account acc = *cfg_sip_account(cfg, &id);
		union net_addr source = address("192.0.2.1", 5060);
		struct binding_contact c[8];
		char uri[8][64];
		struct binding_update u = {.account = &acc,
			.source = &source,
			.call_id = str_lit("c"),
			.cseq = 1,
			.max = 10,
			.count = 8,
			.contact = c};

		memcpy(acc.id.b, &i, sizeof(i));
		for (uint32_t k = 0; k < 8; k++) {
			snprintf(uri[k], sizeof(uri[k]), "sip:%u@h", i + k);
			c[k] = (struct binding_contact){
				.uri = str_of(uri[k]), .q = 1000, .expires_seconds = 60};
		}
		ck_assert_int_eq(binding_update(store, &u, now, wall), 0);
		told[0] = '\0';
	}
	ck_assert_uint_eq(binding_total(store), 10000);
}

START_TEST(ten_thousand_expire_at_one_moment)
{
	ten_thousand();
	pass(59999);
	ck_assert_uint_eq(binding_total(store), 10000);
	pass(1);
	ck_assert_uint_eq(binding_total(store), 0);
	ck_assert(!known("192.0.2.1"));
}
END_TEST

START_TEST(freeing_the_store_leaves_no_timer_behind)
{
	ten_thousand();
	binding_store_free(store);
	store = NULL;
	pass(3600000);
	ck_assert_str_eq(events(), "");
}
END_TEST

START_TEST(a_lost_connection_drops_what_cannot_be_connected_to)
{
	ck_assert_int_eq(UPDATE(.cseq = 1, .conn = 7, .contact = {"sip:nat@h"}), 0);
	ck_assert_int_eq(
		UPDATE(.cseq = 1, .conn = 7, .return_port = 5060, .contact = {"sip:open@h"}), 0);
	ck_assert_int_eq(UPDATE(.cseq = 1, .conn = 8, .contact = {"sip:other@h"}), 0);
	(void)events();
	binding_conn_gone(store, 9);
	ck_assert_str_eq(events(), "");
	binding_conn_gone(store, 7);
	ck_assert_str_eq(events(), "dropped sip:nat@h");
	ck_assert_str_eq(contacts(SIP1), "sip:other@h sip:open@h");
	binding_conn_gone(store, 7);
	binding_conn_gone(store, 0);
	ck_assert_str_eq(events(), "");
	ck_assert_int_eq(UPDATE(.cseq = 2, .star = true), 0);
}
END_TEST

static void both_registered(void)
{
	ck_assert_int_eq(UPDATE(.cseq = 1, .contact = {"sip:a@h", "sip:b@h"}), 0);
	ck_assert_int_eq(UPDATE(.account = SIP2, .cseq = 1, .contact = {"sip:c@h"}), 0);
	(void)events();
}

START_TEST(a_change_that_takes_the_right_away_drops_the_bindings)
{
	static const char *const change[] = {
		REGISTERING(SIP1, TRK1, "renamed", PASSWORD_HA1, ""),
		REGISTERING(SIP1, TRK1, "pbx1", "99992222333344445555666677778888", ""),
		REGISTERING(SIP1, TRK1, "pbx1", PASSWORD_HA1, PASSWORD_HA1 PASSWORD_HA1),
		REGISTERING(SIP1, TRK1, "pbx1", "", ""),
		IP_RECORD(SIP1, TRK1, "192.0.2.1", "192.0.2.1|5060|udp"),
		"-S" T SIP1 "\n",
		TRUNK_RECORD(TRK1, ACC1, "f", "10", DEFAULTS),
	};

	for (size_t i = 0; i < sizeof(change) / sizeof(*change); i++) {
		store_teardown();
		store_setup();
		both_registered();
		feed(cfg, change[i]);
		ck_assert(binding_revalidate(store, cfg, true, 100));
		ck_assert_msg(
			!strcmp(events(), "dropped sip:a@h; dropped sip:b@h"), "%s", change[i]);
		ck_assert_str_eq(contacts(SIP2), "sip:c@h");
	}
}
END_TEST

START_TEST(other_changes_drop_nothing)
{
	both_registered();
	feed(cfg, TRUNK_RECORD(TRK1, ACC1, "t", "99",
			  "busy") "S" T SIP1 T TRK1 T "primary" T "new label" T "registration" T
				  "pbx1" T PASSWORD_HA1 T "" T "" T NUL "\n");
	ck_assert(binding_revalidate(store, cfg, true, 100));
	ck_assert_str_eq(events(), "");
	feed(cfg, ACCOUNT_RECORD(ACC1, "f", NUL, ""));
	ck_assert(binding_revalidate(store, cfg, true, 100));
	ck_assert_str_eq(events(), "dropped sip:a@h; dropped sip:b@h; dropped sip:c@h");
}
END_TEST

START_TEST(revalidation_comes_in_slices_and_always_ends)
{
	both_registered();
	feed(cfg, "-S" T SIP1 "\n-S" T SIP2 "\n");
	ck_assert(!binding_revalidate(store, cfg, true, 1));
	ck_assert_str_eq(events(), "dropped sip:a@h; dropped sip:b@h");
	ck_assert(binding_revalidate(store, cfg, false, 1));
	ck_assert_str_eq(events(), "dropped sip:c@h");
	ck_assert(binding_revalidate(store, cfg, false, 1));

	/* A refresh in the middle must not hide those that wait. */
	feed(cfg, CONFIG);
	both_registered();
	feed(cfg, "-S" T SIP2 "\n");
	ck_assert(!binding_revalidate(store, cfg, true, 0));
	ck_assert_int_eq(UPDATE(.cseq = 2, .contact = {"sip:a@h"}), 0);
	(void)events();
	ck_assert(binding_revalidate(store, cfg, false, 1));
	ck_assert_str_eq(events(), "dropped sip:c@h");
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("binding", store_setup, store_teardown,
		a_binding_is_added_refreshed_and_removed,
		the_same_contact_in_another_spelling_is_the_same_binding,
		best_q_first_then_the_newest_then_the_order_of_the_request, a_walk_can_be_stopped,
		star_removes_all, an_older_request_of_the_same_call_id_changes_nothing,
		a_contact_named_twice_is_one,
		the_limit_holds_and_a_full_account_gives_way_to_its_own_source_only,
		bindings_expire_in_monotonic_time, ten_thousand_expire_at_one_moment,
		freeing_the_store_leaves_no_timer_behind,
		a_lost_connection_drops_what_cannot_be_connected_to,
		a_change_that_takes_the_right_away_drops_the_bindings, other_changes_drop_nothing,
		revalidation_comes_in_slices_and_always_ends);
}
