// SPDX-License-Identifier: Apache-2.0
// Escalation: whole nights of steps against the expected order, and what acknowledges a page.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/escalate.h"

#define NIGHT 12
#define C     '*' // the catch-all
#define NONE  '!' // nobody could be paged

static const int64_t delays[] = {60000, 120000, 30000};

struct night {
	const char *reachable; // one character a level: x when somebody is there
	bool catch_all;
	uint32_t repeats;
	bool without_end;
	const char *pages; // what is paged, step by step: the level's digit, C or NONE
};

static struct escalation_policy policy_of(const struct night *n, bool reachable[3])
{
	for (size_t i = 0; i < strlen(n->reachable); i++)
		reachable[i] = n->reachable[i] == 'x';
	return (struct escalation_policy){.levels = strlen(n->reachable),
	        .delay_ms = delays,
	        .reachable = reachable,
	        .catch_all_reachable = n->catch_all,
	        .repeats = n->repeats,
	        .acknowledge_ms = 300000};
}

static char shown(const struct escalation_decision *d, size_t levels)
{
	assert_int_not_equal(d->page, d->nobody_reachable);
	if (!d->page)
		return NONE;
	return d->level == levels ? C : (char)('0' + d->level);
}

static void run_night(const struct night *n)
{
	bool reachable[3];
	struct escalation_policy p = policy_of(n, reachable);
	struct escalation e = {.state = ESCALATION_TRIGGERED};
	int64_t now = 1000;
	char pages[NIGHT + 1] = {0};
	for (size_t i = 0; i < NIGHT; i++) {
		struct escalation_decision d = escalate_step(&e, &p, n->without_end, now);
		pages[i] = shown(&d, p.levels);
		assert_in_range(d.next_at_ms - now, 1000, 120000);
		assert_int_equal(d.next.state, ESCALATION_TRIGGERED);
		e = d.next;
		now = d.next_at_ms;
	}
	assert_string_equal(pages, n->pages);
}

static void test_nights(void **state)
{
	(void)state;
	static const struct night nights[] = {
	        {"xxx", true, 0, false, "012*********"},
	        {"xxx", true, 1, false, "012*012*****"},
	        {"xxx", true, 0, true, "012*012*012*"},
	        {"x", true, 2, false, "0*0*0*******"},
	        // Empty levels take no time.
	        {".x.", true, 0, true, "1*1*1*1*1*1*"},
	        {"..x", true, 0, false, "2***********"},
	        {"...", true, 0, false, "************"},
	        {"...", true, 0, true, "************"},
	        // Nor does an empty catch-all: whoever is there goes on being paged.
	        {"x.x", false, 0, true, "020202020202"},
	        {"x.x", false, 0, false, "020202020202"},
	        {"x", false, 0, false, "000000000000"},
	        {"...", false, 3, false, "!!!!!!!!!!!!"},
	        {"...", false, 0, true, "!!!!!!!!!!!!"},
	};
	for (size_t i = 0; i < sizeof nights / sizeof nights[0]; i++)
		run_night(&nights[i]);
}

static void test_times(void **state)
{
	(void)state;
	bool reachable[] = {true, false, true};
	struct escalation_policy p = {.levels = 3,
	        .delay_ms = delays,
	        .reachable = reachable,
	        .catch_all_reachable = true};
	struct escalation e = {ESCALATION_TRIGGERED, 0, 0};
	assert_int_equal(escalate_step(&e, &p, true, 500).next_at_ms, 60500);
	e.step = 1; // an empty level lends its delay to nobody
	assert_int_equal(escalate_step(&e, &p, true, 500).next_at_ms, 30500);
	e.step = 3;
	assert_int_equal(escalate_step(&e, &p, true, 500).next_at_ms, 120500);
	int64_t none[] = {0, 0, 0};
	p.delay_ms = none;
	e.step = 0;
	assert_int_equal(escalate_step(&e, &p, true, 500).next_at_ms, 1500);
}

// Somebody signs in, or a level rises, in the middle of a night.
static void test_changes(void **state)
{
	(void)state;
	bool reachable[] = {false};
	struct escalation_policy p = {.levels = 1, .delay_ms = delays, .reachable = reachable};
	struct escalation e = {ESCALATION_TRIGGERED, 0, 0};
	struct escalation_decision d = escalate_step(&e, &p, false, 0);
	assert_true(d.nobody_reachable);
	assert_true(d.next_at_ms <= 10000);
	reachable[0] = true;
	d = escalate_step(&d.next, &p, false, d.next_at_ms);
	assert_true(d.page);
	assert_int_equal(d.level, 0);
	p.catch_all_reachable = true;
	e = (struct escalation){ESCALATION_TRIGGERED, 2, 0}; // the passes are over
	assert_int_equal(escalate_step(&e, &p, false, 0).level, 1);
	assert_int_equal(escalate_step(&e, &p, true, 0).level, 0);
	e.step = 40; // stored under a longer policy
	assert_int_equal(escalate_step(&e, &p, true, 0).level, 0);
	assert_int_equal(escalate_step(&e, &p, false, 0).level, 1);
}

static void test_again_pages_the_level_paged_last(void **state)
{
	(void)state;
	bool reachable[] = {true, false, true};
	struct escalation_policy p = {.levels = 3,
	        .delay_ms = delays,
	        .reachable = reachable,
	        .catch_all_reachable = true,
	        .repeats = 1};
	struct escalation e = {ESCALATION_TRIGGERED, 0, 0};
	for (int i = 0; i < 9; i++) {
		struct escalation_decision d = escalate_step(&e, &p, false, 0);
		struct escalation acknowledged = d.next;
		acknowledged.state = ESCALATION_ACKNOWLEDGED;
		struct escalation again = escalate_again(&acknowledged);
		assert_int_equal(again.state, ESCALATION_TRIGGERED);
		assert_int_equal(escalate_step(&again, &p, false, 0).level, d.level);
		e = d.next;
	}
	e = escalate_again(&(struct escalation){ESCALATION_ACKNOWLEDGED, 0, 0});
	assert_int_equal(e.step, 0);
}

static void test_without_end(void **state)
{
	(void)state;
	assert_true(escalation_without_end(LEVEL_IMMINENT));
	assert_true(escalation_without_end(LEVEL_HIGH));
	assert_false(escalation_without_end(LEVEL_UNKNOWN));
	assert_false(escalation_without_end(LEVEL_LOW));
}

static void test_ack(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t number;
	} yes[] = {{"ack", 0}, {"ACK 12", 12}, {"ack #12", 12}, {"Ack12", 12}, {"ack#7.", 7},
	        {"ok", 0}, {"OK.", 0}, {"Ok 3!", 3}, {"okay", 0}, {" \r\n okay 12 \n", 12},
	        {"acknowledged", 0}, {"ACK 999999999", 999999999}};
	static const char *const no[] = {"", " ", ".", "12", "yes", "no", "o", "ac",
	        "ok but i am scared", "okk", "ok?", "ack 12 13", "ack 12a", "ack #", "ack 0",
	        "ack # 12", "ack -1", "not ok", "i am ok", "ok 1234567890", "acknowledge", "okayy",
	        "ok ok", "ok..", "\xc3\xb6k"};
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		uint64_t number = 77;
		assert_true(escalation_is_ack(yes[i].text, strlen(yes[i].text), &number));
		assert_int_equal(number, yes[i].number);
	}
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		uint64_t number = 77;
		assert_false(escalation_is_ack(no[i], strlen(no[i]), &number));
		assert_int_equal(number, 77);
	}
	uint64_t number;
	assert_false(escalation_is_ack("ok\0no", 5, &number));
	assert_false(escalation_is_ack("ack 12", 2, &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nights),
	        cmocka_unit_test(test_times),
	        cmocka_unit_test(test_changes),
	        cmocka_unit_test(test_again_pages_the_level_paged_last),
	        cmocka_unit_test(test_without_end),
	        cmocka_unit_test(test_ack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
