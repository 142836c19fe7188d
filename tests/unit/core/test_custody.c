// SPDX-License-Identifier: Apache-2.0
// The ledger of custody: lives that make sense, lives that do not, and entries that somebody has
// tampered with.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/custody.h"

#define ID        "night.c1"
#define LINES_MAX 16

// The reader takes any hash: FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv), until there are
// enough digits.
static void hash(struct bytes in, char hex[static CUSTODY_HASH_LEN + 1])
{
	uint64_t h = 0xcbf29ce484222325;
	for (size_t digits = 0; digits < CUSTODY_HASH_LEN; digits += 8) {
		for (size_t i = 0; i < in.len; i++)
			h = (h ^ in.data[i]) * 0x100000001b3;
		snprintf(hex + digits, 9, "%08x", (unsigned)(h >> 32));
	}
}

struct ledger {
	size_t count;
	char line[LINES_MAX][300];
};

static const char *head_of(const struct ledger *l, char out[static CUSTODY_HASH_LEN + 1])
{
	if (l->count == 0)
		hash(bytes_str(ID), out);
	else
		snprintf(out, CUSTODY_HASH_LEN + 1, "%.40s", l->line[l->count - 1]);
	return out;
}

// "WHAT WHO EPOCH WHY", as the scripts append it.
static void append_at(struct ledger *l, int64_t at_ms, const char *entry)
{
	char rest[200], text[300], head[CUSTODY_HASH_LEN + 1], hex[CUSTODY_HASH_LEN + 1], what[24];
	const char *tail = strchr(entry, ' ');
	snprintf(what, sizeof what, "%.*s", (int)(tail - entry), entry);
	snprintf(rest, sizeof rest, "%zu %lld %s%s", l->count + 1, (long long)at_ms, what, tail);
	snprintf(text, sizeof text, "%s %s", head_of(l, head), rest);
	hash(bytes_str(text), hex);
	snprintf(l->line[l->count++], sizeof l->line[0], "%s %s", hex, rest);
}

// A second after the one before.
static void append(struct ledger *l, const char *entry)
{
	append_at(l, 1000 * (int64_t)(l->count + 1), entry);
}

static struct ledger ledger_of(const char *const *entries)
{
	struct ledger l = {0};
	for (; *entries; entries++)
		append(&l, *entries);
	return l;
}

// The number of the first entry with which something is wrong; 0 when nothing is.
static size_t first_fault(const struct ledger *l, struct custody *c)
{
	size_t fault = 0;
	custody_begin(c, ID, hash);
	for (size_t i = 0; i < l->count; i++) {
		struct custody_entry e;
		const char *why = custody_take(c, bytes_str(l->line[i]), &e);
		if (why && !fault)
			fault = i + 1;
	}
	return fault;
}

static const char *const life[] = {"opened - 0 level=2", "offered ana 1 -",
        "unoffered ana 2 expired", "level - 2 level=5", "offered ben 3 -", "accepted ben 3 -",
        "flagged ben 3 -", "joined sue 3 supervisor", "transferred ana 4 -", "taken_over sue 5 -",
        "closed sue 5 safe", "finished sue 5 -", "reopened - 5 -", NULL};

static void test_a_whole_life(void **state)
{
	(void)state;
	struct ledger l = ledger_of(life);
	struct custody c;
	assert_int_equal(first_fault(&l, &c), 0);
	assert_int_equal(c.now.state, CONVERSATION_WAITING);
	assert_string_equal(c.now.owner, "");
	assert_int_equal(c.count, l.count);
	l.count = 11;
	assert_int_equal(first_fault(&l, &c), 0);
	assert_int_equal(c.now.state, CONVERSATION_WRAP_UP);
	assert_string_equal(c.now.owner, "sue");
	assert_int_equal(c.now.since_ms, 11000);
}

// What no right script could have written: the last entry is the fault.
static void test_what_cannot_be(void **state)
{
	(void)state;
	static const char *const lives[][8] = {
	        {"offered ana 1 -"},
	        {"opened - 0 -", "opened - 0 -"},
	        {"opened - 0 -", "accepted ana 1 -"},
	        {"opened - 0 -", "offered ana 1 -", "offered ben 2 -"},
	        {"opened - 0 -", "offered ana 1 -", "accepted ben 1 -"},
	        {"opened - 0 -", "offered ana 1 -", "accepted ana 1 -", "offered ben 2 -"},
	        {"opened - 0 -", "offered ana 1 -", "accepted ana 1 -", "released ben 2 lost"},
	        {"opened - 0 -", "offered ana 1 -", "accepted ana 1 -", "finished ana 1 -"},
	        {"opened - 0 -", "vanished ana 1 -"},
	        {"opened - 0 -", "repaired - 1 somehow"},
	        // epochs
	        {"opened - 0 -", "offered ana 0 -"},
	        {"opened - 0 -", "offered ana 2 -"},
	        {"opened - 0 -", "offered ana 1 -", "level - 0 level=5"},
	        {"opened - 0 -", "offered ana 1 -", "accepted ana 1 -", "transferred ben 1 -"},
	};
	for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
		struct ledger l = ledger_of(lives[i]);
		struct custody c;
		assert_int_equal(first_fault(&l, &c), l.count);
	}
}

// Clocks differ, and may be broken: it is noted, and no fault.
static void test_time_that_goes_back(void **state)
{
	(void)state;
	struct ledger l = {0};
	struct custody c;
	append_at(&l, 100000, "opened - 0 -");
	append_at(&l, 98000, "offered ana 1 -");
	append_at(&l, 99000, "accepted ana 1 -");
	append_at(&l, 98500, "released ana 2 lost");
	assert_int_equal(first_fault(&l, &c), 0);
	assert_int_equal(c.back_ms, 2000);
}

static void test_spans(void **state)
{
	(void)state;
	static const struct {
		size_t ends; // with which entry
		int state;
		const char *owner;
	} spans[] = {{2, CONVERSATION_WAITING, ""}, {3, CONVERSATION_OFFERED, "ana"},
	        {5, CONVERSATION_WAITING, ""}, {6, CONVERSATION_OFFERED, "ben"},
	        {9, CONVERSATION_HELD, "ben"}, {10, CONVERSATION_HELD, "ana"},
	        {11, CONVERSATION_HELD, "sue"}, {12, CONVERSATION_WRAP_UP, "sue"},
	        {13, CONVERSATION_CLOSED, ""}};
	struct ledger l = ledger_of(life);
	struct custody c;
	size_t count = 0;
	int64_t since = 1000;
	custody_begin(&c, ID, hash);
	for (size_t i = 0; i < l.count; i++) {
		struct custody_entry e;
		assert_null(custody_take(&c, bytes_str(l.line[i]), &e));
		if (!c.moved)
			continue;
		assert_int_equal(spans[count].ends, i + 1);
		assert_int_equal(c.before.state, spans[count].state);
		assert_string_equal(c.before.owner, spans[count].owner);
		assert_int_equal(c.before.since_ms, since);
		since = c.now.since_ms;
		assert_int_equal(since, e.at_ms);
		count++;
	}
	assert_int_equal(count, sizeof spans / sizeof spans[0]);
}

// Each row of the reader's table, in a life that has it.
static void test_every_word(void **state)
{
	(void)state;
	static const char *const lives[][10] = {
	        {"opened - 0 -", "taken_over sue 1 queue"},
	        {"opened - 0 -", "offered ana 1 -", "taken_over sue 2 from=ana"},
	        {"opened - 0 -", "ended - 0 -", "reopened - 0 -"},
	        {"opened - 0 -", "offered ana 1 -", "accepted ana 1 -", "close_asked ana 1 -",
	                "close_refused sue 1 -", "close_asked ana 1 -", "close_approved sue 1 -",
	                "closed ana 1 done", "deleted - 1 -"},
	        {"opened - 0 -", "offered ana 1 -", "accepted ana 1 -", "closed ana 1 done",
	                "reopened - 1 -", "recused ana 1 -", "settled sue 1 -", "left sue 1 -"},
	};
	for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
		struct ledger l = ledger_of(lives[i]);
		struct custody c;
		assert_int_equal(first_fault(&l, &c), 0);
	}
}

static void test_a_repair_is_believed(void **state)
{
	(void)state;
	static const char *const repaired[] = {
	        "opened - 0 -", "repaired ana 1 state=3,state", "released ana 2 lost", NULL};
	struct ledger l = ledger_of(repaired);
	struct custody c;
	assert_int_equal(first_fault(&l, &c), 0);
	assert_int_equal(c.now.state, CONVERSATION_WAITING);
}

// Whatever one does to any entry but cut the end off, it shows; and against the head that was
// noted down elsewhere that shows too.
static void test_tampering_shows(void **state)
{
	(void)state;
	const struct ledger whole = ledger_of(life);
	struct custody c;
	first_fault(&whole, &c);
	char head[CUSTODY_HASH_LEN + 1];
	snprintf(head, sizeof head, "%s", c.head);
	for (size_t i = 0; i < whole.count; i++) {
		for (size_t at = 0; whole.line[i][at]; at++) {
			struct ledger changed = whole;
			changed.line[i][at] = (char)(changed.line[i][at] ^ 1);
			assert_int_not_equal(first_fault(&changed, &c), 0);
		}
		struct ledger cut = whole, twice = whole;
		memmove(cut.line[i], cut.line[i + 1], (whole.count - i - 1) * sizeof cut.line[0]);
		cut.count--;
		bool shows = first_fault(&cut, &c) != 0;
		assert_int_equal(shows, i + 1 < whole.count);
		assert_int_equal(strcmp(c.head, head) == 0, shows);
		memmove(twice.line[i + 1], whole.line[i], (whole.count - i) * sizeof cut.line[0]);
		twice.count++;
		assert_int_not_equal(first_fault(&twice, &c), 0);
	}
}

// The ledger of one conversation does not pass for another's.
static void test_a_ledger_is_of_one_conversation(void **state)
{
	(void)state;
	struct ledger l = ledger_of(life);
	struct custody c;
	struct custody_entry e;
	custody_begin(&c, "night.c2", hash);
	assert_non_null(custody_take(&c, bytes_str(l.line[0]), &e));
}

static void test_any_bytes(void **state)
{
	(void)state;
	static const char *const lines[] = {"", " ", "x", "a b c d e f g h",
	        "0123456789012345678901234567890123456789",
	        "0123456789012345678901234567890123456789 1 2 opened - 0 - ",
	        "0123456789012345678901234567890123456789 1 2 opened - 0",
	        "0123456789012345678901234567890123456789  1 2 opened - 0 -"};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct custody c;
		struct custody_entry e;
		custody_begin(&c, ID, hash);
		assert_non_null(custody_take(&c, bytes_str(lines[i]), &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_whole_life),
	        cmocka_unit_test(test_what_cannot_be),
	        cmocka_unit_test(test_time_that_goes_back),
	        cmocka_unit_test(test_spans),
	        cmocka_unit_test(test_every_word),
	        cmocka_unit_test(test_a_repair_is_believed),
	        cmocka_unit_test(test_tampering_shows),
	        cmocka_unit_test(test_a_ledger_is_of_one_conversation),
	        cmocka_unit_test(test_any_bytes),
	};
	return cmocka_run_group_tests_name("core/custody", tests, NULL, NULL);
}
