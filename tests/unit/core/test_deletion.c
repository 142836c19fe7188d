// SPDX-License-Identifier: Apache-2.0
// Which texts ask for deletion, and which only speak of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/deletion.h"

static void test_whole_messages(void **state)
{
	static const struct {
		const char *text;
		const char *language; // NULL: it is none
	} rows[] = {
	        {"delete my data", "en"},
	        {"  DELETE   my\nData!! ", "en"},
	        {"\"Delete my data.\"", "en"},
	        {"\xe2\x80\x9c"
	         "delete my data\xe2\x80\x9d",
	                "en"},
	        {"Borrar mis datos", "es"},
	        {"\xc2\xa1"
	         "borrar mis datos!",
	                "es"},
	        {"supprimer mes donn\xc3\xa9"
	         "es",
	                "fr"},
	        {"SUPPRIMER MES DONN\xc3\x89"
	         "ES",
	                "fr"},
	        {"supprimer mes donnees", "fr"},
	        {"supprimer mes donne\xcc\x81"
	         "es",
	                "fr"}, // the accent by itself
	        {"Loofah", ""},
	        {"LOOFAH.", ""},
	        {"", NULL},
	        {"!!", NULL},
	        {"delete", NULL},
	        {"delete my dat", NULL},
	        {"delete my data please", NULL},
	        {"please delete my data", NULL},
	        {"they said delete my data", NULL},
	        {"deletemydata", NULL},
	        {"del ete my data", NULL},
	        {"delete my data \xf0\x9f\x98\xad", NULL}, // somebody who cries is asked
	        {"delete my life", NULL},
	        {"loofahs", NULL},
	        {"delete my d\xff"
	         "ata",
	                NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *language = deletion_default(bytes_str(rows[i].text));
		if (!language != !rows[i].language ||
		        (language && strcmp(language, rows[i].language) != 0))
			fail_msg("\"%s\": %s", rows[i].text, language ? language : "none");
	}
}

static void test_any_words(void **state)
{
	char text[4096];
	(void)state;
	assert_true(deletion_phrase(bytes_str("Ma\xc3\xb1"
	                                      "ana, 7"),
	        "manana 7"));
	assert_true(deletion_phrase(bytes_str("\xd1\x83\xd0\xb4\xd0\xb0\xd0\xbb\xd0\xb8"),
	        "\xd1\x83\xd0\xb4\xd0\xb0\xd0\xbb\xd0\xb8"));
	assert_false(deletion_phrase(bytes_str("anything"), ""));
	assert_false(deletion_phrase(bytes_str(""), ""));
	assert_false(deletion_phrase(bytes_str(" "), " ! "));
	memset(text, ' ', sizeof text);
	memcpy(text, "loofah", 6);
	assert_true(deletion_phrase(bytes_of(text, 200), "loofah"));
	assert_false(deletion_phrase(bytes_of(text, sizeof text), "loofah"));
}

static void test_plain_letters(void **state)
{
	(void)state;
	assert_int_equal(deletion_plain('Q'), 'q');
	assert_int_equal(deletion_plain(0xC9), 'e');
	assert_int_equal(deletion_plain(0xFF), 'y');
	assert_int_equal(deletion_plain(0x100), 0x100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_whole_messages),
	        cmocka_unit_test(test_any_words),
	        cmocka_unit_test(test_plain_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
