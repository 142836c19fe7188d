// SPDX-License-Identifier: Apache-2.0
// Skills: what is asked for, for how long, and keywords.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "core/skills.h"

static const struct skills_policy policy = {
        .rings = {{60000, {2, {"partner:", "youth"}}}, {300000, {1, {"lang:fr"}}}},
        .rings_count = 2,
        .at_most_ms = 600000,
};

static void test_rings_relax_at_absolute_times(void **state)
{
	(void)state;
	static const struct {
		const char *skill;
		int64_t asked_until; // -1: for ever
	} cases[] = {
	        {"youth", 60000},
	        {"partner:tribe", 60000},
	        {"partner", 600000},
	        {"veteran", 600000},
	        {"!trainee", 600000},
	        {"lang:fr", 300000},
	        {"lang:es", -1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t until = cases[i].asked_until;
		assert_true(skills_asked(&policy, cases[i].skill, 0, true));
		assert_true(skills_asked(
		        &policy, cases[i].skill, until < 0 ? INT64_MAX : until - 1, true));
		assert_int_equal(until < 0,
		        skills_asked(&policy, cases[i].skill, until < 0 ? 1 : until, true));
	}
}

// What nobody has keeps nobody waiting; a language does, for that is what a person can read.
static void test_what_nobody_has(void **state)
{
	(void)state;
	assert_false(skills_asked(&policy, "youth", 0, false));
	assert_true(skills_asked(&policy, "lang:es", 0, false));
	assert_false(skills_asked(&policy, "lang:fr", 300000, false));
}

static void test_when_less_is_asked(void **state)
{
	(void)state;
	const struct skills require = {4, {"lang:es", "youth", "lang:fr", "veteran"}};
	assert_int_equal(skills_next_ms(&policy, &require, 0), 60000);
	assert_int_equal(skills_next_ms(&policy, &require, 60000), 300000);
	assert_int_equal(skills_next_ms(&policy, &require, 300000), 600000);
	assert_int_equal(skills_next_ms(&policy, &require, 600000), 0);
}

// Whatever is configured: but for languages, nobody is kept from anybody for longer than the bound.
static void test_nobody_is_stranded(void **state)
{
	(void)state;
	static const char *const words[] = {
	        "youth", "partner:x", "veteran", "!trainee", "a:b:c", "*"};
	unsigned seed = 7;
	print_message("seed %u\n", seed);
	for (int n = 0; n < 5000; n++) {
		struct skills_policy p = {.rings_count = (size_t)rand_r(&seed) % SKILLS_RINGS_MAX};
		p.at_most_ms = rand_r(&seed) % 1000000;
		for (size_t i = 0; i < p.rings_count; i++) {
			p.rings[i].after_ms = rand_r(&seed) % 2000000;
			p.rings[i].drop.count = 1;
			p.rings[i].drop.at[0] = words[(size_t)rand_r(&seed) % 6];
		}
		for (size_t i = 0; i < 5; i++)
			assert_false(skills_asked(&p, words[i], p.at_most_ms, true));
	}
}

static void test_meeting(void **state)
{
	(void)state;
	const struct skills has = {2, {"youth", "lang:es"}}, want = {3, {"youth", "!trainee", "x"}};
	assert_true(skills_meet(&has, "youth"));
	assert_false(skills_meet(&has, "you"));
	assert_false(skills_meet(&has, "!youth"));
	assert_true(skills_meet(&has, "!trainee"));
	assert_int_equal(skills_wanted(&has, &want), 2);
}

static void test_words(void **state)
{
	(void)state;
	static const char *const good[] = {"a", "lang:es", "!trainee", "partner:a_b-9"};
	static const char *const bad[] = {
	        "", "!", "A", "a b", "a,b", "!!a", "123456789012345678901234567890123"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(config_is_skill(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(config_is_skill(bad[i]));
	char csv[] = ",a,,b,";
	struct skills s;
	skills_split(csv, &s);
	assert_int_equal(s.count, 2);
	assert_true(skills_have(&s, "a") && skills_have(&s, "b"));
}

static void test_keywords(void **state)
{
	(void)state;
	static const struct {
		const char *text, *word;
		bool is;
	} cases[] = {
	        {"HOME", "home", true},
	        {"  Home, please", "HOME", true},
	        {"homeless and scared", "home", false},
	        {"i want to go home", "home", false},
	        {"AYÚDAME", "ayudame", true},
	        {"ayudame ya", "AYÚDAME", true},
	        {"ayúdame\xff", "ayudame", false},
	        {"", "home", false},
	        {"home", "", false},
	        {"hom", "home", false},
	        {"\xf0\x9f\x98\xa2", "home", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(
		        skills_keyword(cases[i].text, strlen(cases[i].text), cases[i].word),
		        cases[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_rings_relax_at_absolute_times),
	        cmocka_unit_test(test_what_nobody_has),
	        cmocka_unit_test(test_when_less_is_asked),
	        cmocka_unit_test(test_nobody_is_stranded),
	        cmocka_unit_test(test_meeting),
	        cmocka_unit_test(test_words),
	        cmocka_unit_test(test_keywords),
	};
	return cmocka_run_group_tests_name("core/skills", tests, NULL, NULL);
}
