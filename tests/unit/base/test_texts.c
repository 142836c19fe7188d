// SPDX-License-Identifier: Apache-2.0
// Automatic texts: every row in every language, short; which words go out; filling in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/gsm7.h"
#include "base/texts.h"

static struct config_line line = {
        .number = "741741", .name = "Night Line", .language = "es", .emergency = "911"};

static const char *words(const struct config *c, const char *language, enum text_id id)
{
	return text_template(c, &line, language, id);
}

static struct buf filled(const char *template)
{
	static const struct text_word values[] = {{"line", "Night Line"}, {"emergency", "911"},
	        {"range", "25 to 30 minutes"}, {"opens", "Mon 08:00"}};
	struct buf text = {0};
	text_fill(template, values, 4, &text);
	return text;
}

// A question without words of its own is off until the configuration gives it some.
static bool is_own_question(enum text_id id)
{
	return id == TEXT_QUESTION_1 || id == TEXT_QUESTION_2 || id == TEXT_QUESTION_3;
}

static void test_every_row_in_every_language(void **state)
{
	const struct config none = {0};
	(void)state;
	for (enum text_id id = 0; id < TEXTS_COUNT; id++)
		for (size_t i = 0; text_language(i); i++) {
			const char *template = words(&none, text_language(i), id);
			const char *english = words(&none, "en", id);
			enum text_id same;
			assert_true(text_from_name(text_row(id)->name, &same) && same == id);
			assert_true(text_row(id)->valid_s >= 60);
			assert_true(!*template == is_own_question(id));
			assert_null(text_wrong_blank(id, template));
			// Whom the English sends elsewhere, the others do.
			if (!strstr(template, "{emergency}") != !strstr(english, "{emergency}"))
				fail_msg("%s: emergency in %s", text_row(id)->name,
				        text_language(i));
			if (*text_row(id)->blanks)
				assert_non_null(strstr(template, text_row(id)->blanks));
		}
}

static void test_defaults_are_short(void **state)
{
	const struct config none = {0};
	(void)state;
	for (enum text_id id = 0; id < TEXTS_COUNT; id++)
		for (size_t i = 0; text_language(i); i++) {
			struct buf text = filled(words(&none, text_language(i), id));
			struct sms_shape shape = sms_shape(buf_bytes(&text));
			if (shape.segments > (shape.gsm7 ? 1 : 2))
				fail_msg("%s in %s is %zu parts of %zu bytes: %s",
				        text_row(id)->name, text_language(i), shape.segments,
				        text.len, buf_str(&text));
			buf_free(&text);
		}
}

static void test_what_is_configured_goes_before(void **state)
{
	struct config_text own[] = {
	        {"*", "en", "welcome", "all"},
	        {"741741", "en", "welcome", "one"},
	        {"Night Line", "fr", "welcome", ""},
	        {"*", "de", "welcome", "Hallo"},
	        {"*", "es", "nobody", "adios"},
	};
	struct config_line other = {
	        .number = "1", .name = "Other", .language = "en", .emergency = "911"};
	const struct config c = {.texts = own, .texts_count = 5};
	(void)state;
	assert_string_equal(words(&c, "en", TEXT_WELCOME), "one");
	assert_string_equal(text_template(&c, &other, "en", TEXT_WELCOME), "all");
	assert_string_equal(words(&c, "fr", TEXT_WELCOME), "");
	assert_string_equal(words(&c, "de", TEXT_WELCOME), "Hallo");
	// In German only the welcome is known: the line's language is next.
	assert_string_equal(words(&c, "de", TEXT_NOBODY), "adios");
	assert_non_null(strstr(text_template(&c, &other, "de", TEXT_NOBODY), "at a desk"));
	line.language = (char *)"pl";
	assert_non_null(strstr(words(&c, "sv", TEXT_NOBODY), "at a desk"));
	line.language = (char *)"es";
}

static void test_fills_in(void **state)
{
	static const char *const cases[][2] = {
	        {"", ""},
	        {"plain", "plain"},
	        {"{line}", "Night Line"},
	        {"{line}{emergency}.", "Night Line911."},
	        {"{", "{"},
	        {"{line", "{line"},
	        {"{}", "{}"},
	        {"{{line}}", "{Night Line}"},
	        {"{Line} {unknown}", "{Line} {unknown}"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf text = filled(cases[i][0]);
		assert_string_equal(buf_str(&text), cases[i][1]);
		buf_free(&text);
	}
	assert_null(text_wrong_blank(TEXT_WAIT, "{range} {line} {emergency}"));
	assert_string_equal(text_wrong_blank(TEXT_WELCOME, "a {range} b"), "{range} b");
	assert_string_equal(text_wrong_blank(TEXT_WAIT, "{range} {rang"), "{rang");
	assert_string_equal(text_wrong_blank(TEXT_WAIT, "{}"), "{}");
}

static void range_is(const char *language, int64_t low_s, int64_t high_s, const char *wanted)
{
	struct buf text = {0};
	text_range(language, low_s * 1000, high_s * 1000, &text);
	assert_string_equal(buf_str(&text), wanted);
	buf_free(&text);
}

static void test_ranges_promise_no_more_than_they_know(void **state)
{
	(void)state;
	range_is("en", 150, 290, "2 to 5 minutes");
	range_is("en", 10, 20, "1 to 2 minutes");
	range_is("en", 61, 600, "1 to 10 minutes");
	range_is("es", 421, 601, "5 a 15 minutos");
	range_is("fr", 3600, 7200, "60 à 120 minutes");
	range_is("fr", 3601, 7201, "1 à 3 heures");
	range_is("xx", 0, 86400, "1 to 24 hours");
	struct buf text = {0};
	text_moment("es", 2, 485, &text);
	assert_string_equal(buf_str(&text), "miércoles 08:05");
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_row_in_every_language),
	        cmocka_unit_test(test_defaults_are_short),
	        cmocka_unit_test(test_what_is_configured_goes_before),
	        cmocka_unit_test(test_fills_in),
	        cmocka_unit_test(test_ranges_promise_no_more_than_they_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
