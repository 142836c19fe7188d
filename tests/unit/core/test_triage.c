// SPDX-License-Identifier: Apache-2.0
// Triage: invented texts with the level they must get, and what no change of spelling may lower.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/triage.h"

static struct triage *engine;

static int set_up(void **state)
{
	(void)state;
	engine = triage_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	triage_free(engine);
	return 0;
}

static struct triage_result score(struct bytes text)
{
	struct triage_result r;
	triage_score(engine, text, &r);
	assert_in_range(r.level, LEVEL_LOW, LEVEL_IMMINENT);
	assert_in_range(r.reasons_count, 0, TRIAGE_REASONS_MAX);
	for (size_t i = 0; i < r.reasons_count; i++) {
		assert_true(r.reasons[i].start < r.reasons[i].end);
		assert_true(r.reasons[i].end <= text.len);
	}
	return r;
}

static void assert_level(const char *text, enum level expected)
{
	struct triage_result r = score(bytes_str(text));
	if (r.level == expected)
		return;
	struct buf reasons = {0};
	triage_reasons(&r, &reasons);
	fail_msg("\"%s\" is %s by %s, not %s", text, level_name(r.level), buf_str(&reasons),
	        level_name(expected));
}

static void assert_all(const char *const *texts, enum level expected)
{
	for (; *texts; texts++)
		assert_level(*texts, expected);
}

static void test_imminent(void **state)
{
	(void)state;
	assert_all((const char *const[]){"i want to die tonight",
	                   "goodbye everyone, i took all my pills", "im standing on the bridge",
	                   "I have a gun in my hand and want it over",
	                   "I can't stop thinking about killing myself right now",
	                   "I cut too deep and it wont stop bleeding",
	                   "he is outside with a knife please help",
	                   "im locked in the bathroom he is trying to break the door down",
	                   "i took 40 800mg ibuprofen", "gonna kms tonight",
	                   "this is my last message. tell my mum i love her",
	                   "I am not okay. I have the rope ready",
	                   "my friend just took a lot of pills",
	                   "i'm going to shoot up my school tomorrow, everyone will see",
	                   "my stepdad is hitting my mom right now",
	                   "wrote my note, pills are lined up", "goodbye world", "I slit my wrists",
	                   "I am on the edge of the bridge", "No. I'm going to kill myself tonight",
	                   "\xf0\x9f\x92\x8a tonight", NULL},
	        LEVEL_IMMINENT);
	assert_all(
	        (const char *const[]){"quiero morir esta noche",
	                "me tom\xc3\xa9 todas las pastillas", "tengo una pistola y quiero matarme",
	                "voy a saltar del puente", "j'ai pris tous mes cachets",
	                "je vais me tuer ce soir", "je suis sur le pont et je vais sauter",
	                "j\xe2\x80\x99"
	                "ai une corde et je veux mourir",
	                NULL},
	        LEVEL_IMMINENT);
}

static void test_high(void **state)
{
	(void)state;
	assert_all(
	        (const char *const[]){"I want to die!", "I don't want to be alive anymore",
	                "i dont wanna be here anymore", "everyone would be better off without me",
	                "i can't do this anymore", "cutting myself again", "my dad hits me",
	                "my uncle touches me at night", "My friend says she wants to kill herself",
	                "There is no point in living", "why shouldnt i just kill myself",
	                "nobody would care if i killed myself", "idk if i can keep myself safe",
	                "want to sleep and never wake up", "I don't feel safe at home",
	                "the voices keep telling me to do it", "I can't live like this",
	                "i just want the pain to stop", "how many pills does it take to die",
	                "is it bad that i think about death all the time",
	                "he won't let me leave the house", "hearing voices",
	                "thoughts of harming my baby", NULL},
	        LEVEL_HIGH);
	assert_all((const char *const[]){"quiero morir", "no quiero vivir m\xc3\xa1s",
	                   "ya no puedo m\xc3\xa1s", "mi pap\xc3\xa1 me pega",
	                   "mi amiga quiere suicidarse", "je veux mourir", "je n'en peux plus",
	                   "mon p\xc3\xa8re me frappe", "je veux en finir", "je ne veux plus vivre",
	                   NULL},
	        LEVEL_HIGH);
}

// A "not" that denies nothing, and a past that is not over.
static void test_false_comfort(void **state)
{
	(void)state;
	assert_all((const char *const[]){"No. I want to die", "no i want to kill myself",
	                   "I never wanted to die more than now",
	                   "I don't know how to not kill myself",
	                   "i dont know if i want to kill myself", "i dont see any reason to live",
	                   "i am not ok. i want to die", "i dont care if i die, i want to die",
	                   "i used to be happy but now i want to die",
	                   "my dad passed years ago and i want to die",
	                   "i wanted to die years ago. i want to die today more than ever", NULL},
	        LEVEL_HIGH);
	assert_level("i have never cut myself but i have the razor blade here", LEVEL_IMMINENT);
	assert_level("dont worry i wont kill myself tonight", LEVEL_IMMINENT);
	assert_level("i used to cut, now i took all my pills", LEVEL_IMMINENT);
	assert_level("he said he will kill me if i leave", LEVEL_IMMINENT);
}

static void test_medium(void **state)
{
	(void)state;
	assert_all(
	        (const char *const[]){"I'm not suicidal, just really sad",
	                "i used to cut myself years ago", "i would never kill myself",
	                "i dont want to die but i am so sad", "I feel so alone",
	                "having a panic attack", "my grandma died last week",
	                "i attempted suicide 3 years ago", "i tried to kill myself when i was 12",
	                "estoy muy triste", "no quiero morir pero estoy muy sola", "je suis triste",
	                "je ne veux pas mourir mais je suis seule", NULL},
	        LEVEL_MEDIUM);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_all(
	        (const char *const[]){"", " ", "hi", "help", "hello?", "HELP!!", "are you there",
	                "kjhasdkjh", "\xf0\x9f\x98\x80", "...", "?", "12345", "STOP",
	                "I need to talk to someone", "hola", "salut", "the weather is nice today",
	                "\xd1\x8f \xd1\x85\xd0\xbe\xd1\x87\xd1\x83", // Russian
	                "\xd8\xa3\xd8\xb1\xd9\x8a\xd8\xaf",          // Arabic
	                "\xe6\x88\x91\xe6\x83\xb3\xe6\xad\xbb",      // Chinese
	                // Thanks and tests that are not all that is said:
	                "i failed my test and everything is ruined",
	                "thanks for everything, you wont hear from me", "thank you \xe6\x88\x91",
	                "look at this https://a.example", "did i win?", NULL},
	        LEVEL_UNKNOWN);
}

static void test_low(void **state)
{
	(void)state;
	assert_all((const char *const[]){"test", "Test 123", "thanks", "Thank you so much, bye!",
	                   "what are your hours", "is this service free?", "how do I volunteer",
	                   "sorry, wrong number", "is this confidential?", "gracias",
	                   "merci beaucoup", "WINNER!! You have won a prize, call 09061 now",
	                   "Congratulations! claim your gift card at www.spam.example", NULL},
	        LEVEL_LOW);
}

static void test_figurative(void **state)
{
	(void)state;
	static const char *const texts[] = {"I'm dying of laughter", "lol you're killing it",
	        "my phone is about to die", "my feet are killing me", "I killed it at the gym",
	        "dead serious, thanks", "the movie ends with a suicide", "me muero de risa",
	        "mort de rire", "je meurs de faim", "can't wait any longer for the weekend",
	        "I'm dead tired, what are your hours"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_true(score(bytes_str(texts[i])).level < LEVEL_HIGH);
	assert_level("I'm dead tired and i want to die", LEVEL_HIGH);
	assert_level("you're killing it. i am killing myself", LEVEL_HIGH);
}

static void test_spelling(void **state)
{
	(void)state;
	static const char *const same[] = {"I WANT TO KILL MYSELF", "i want to kill  myself!!!!",
	        "i want to killlll myselffff", "i want to k1ll mys3lf", "i want to k!ll my$elf",
	        "i w\xc3\xa1nt to k\xc3\xadll mys\xc3\xa9lf", "i want to\nkill\nmyself",
	        "i want to ki\xe2\x80\x8bll myself",           // a zero-width space
	        "i want to k\xd1\x96ll m\xd1\x83self",         // Cyrillic look-alikes
	        "i want to \xef\xbd\x8b\xef\xbd\x89ll myself", // full-width letters
	        "hi, how are you? i want to kill myself", "i want to kill myself \xf0\x9f\x98\x80",
	        "i want to kil myslef", "i w a n t t o d i e", "iwanttodie"};
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
		assert_level(same[i], LEVEL_HIGH);
}

static void test_bad_bytes(void **state)
{
	(void)state;
	static const char nul[] = "thanks\0kill myself", bad[] = "thanks \xff\xfe", lone[] = "\xc3";
	assert_int_equal(score(bytes_of(nul, sizeof nul - 1)).level, LEVEL_HIGH);
	assert_int_equal(score(bytes_of(nul, 8)).level, LEVEL_UNKNOWN);
	assert_int_equal(score(bytes_of(bad, sizeof bad - 1)).level, LEVEL_UNKNOWN);
	assert_int_equal(score(bytes_of(lone, 1)).level, LEVEL_UNKNOWN);
	assert_int_equal(score(bytes_of(NULL, 0)).level, LEVEL_UNKNOWN);
	assert_level("\xffkill myself\xff tonight", LEVEL_IMMINENT);
}

static void fill(char *out, size_t len, const char *phrase)
{
	for (size_t i = 0; i < len; i++)
		out[i] = phrase[i % strlen(phrase)];
}

static void test_long(void **state)
{
	(void)state;
	static char text[20000];
	fill(text, sizeof text, "thanks ");
	assert_int_equal(score(bytes_of(text, 7000)).level, LEVEL_LOW);
	assert_int_equal(score(bytes_of(text, sizeof text)).level, LEVEL_UNKNOWN);
	memcpy(text + 8000, " kill myself ", 13);
	assert_int_equal(score(bytes_of(text, sizeof text)).level, LEVEL_HIGH);
	fill(text, sizeof text, "a ");
	assert_int_equal(score(bytes_of(text, sizeof text)).level, LEVEL_UNKNOWN);
	// More hits than we keep: louder, not quieter.
	fill(text, sizeof text, "not ");
	memcpy(text + 4000, " kill myself tonight ", 21);
	assert_in_range(score(bytes_of(text, 5000)).level, LEVEL_HIGH, LEVEL_IMMINENT);
}

static void test_reasons(void **state)
{
	(void)state;
	const char *text = "so sad. I want to die tonight";
	struct triage_result r = score(bytes_str(text));
	struct buf out = {0};
	assert_string_equal(r.reasons[0].rule, "en.suicide.want_die");
	assert_int_equal(r.reasons[0].start, strstr(text, "want") - text);
	assert_int_equal(r.reasons[0].end, strstr(text, " tonight") - text);
	assert_true(r.tags & TRIAGE_SUICIDE);
	assert_false(r.tags & TRIAGE_THIRD_PARTY);
	triage_reasons(&r, &out);
	assert_string_equal(buf_str(&out), "en.suicide.want_die,en.distress.sad,en.now.tonight");
	buf_clear(&out);
	r = score(bytes_str("hi"));
	triage_reasons(&r, &out);
	assert_int_equal(out.len, 0);
	assert_true(score(bytes_str("my friend wants to kill herself")).tags & TRIAGE_THIRD_PARTY);
	buf_free(&out);
}

static void test_strongest_reasons_are_kept(void **state)
{
	(void)state;
	struct triage_result r = score(bytes_str("sad alone panic stressed divorce bullied "
	                                         "drinking again fight with mom hate myself "
	                                         "i want to die, i took all my pills"));
	assert_int_equal(r.level, LEVEL_IMMINENT);
	assert_int_equal(r.reasons_count, TRIAGE_REASONS_MAX);
	assert_string_equal(r.reasons[0].rule, "en.act.took_pills");
}

// Whatever is put around a text, its level never falls.
static void test_context_never_lowers(void **state)
{
	(void)state;
	static const char *const texts[] = {"i want to die", "i took all my pills", "he hits me",
	        "i am so sad", "hi", "me quiero matar", "je veux mourir"};
	static const char *const before[] = {"thanks. ", "test ", "hello, ", "lol. ", "ok\n"};
	static const char *const after[] = {". thanks", "! bye", ", lol", "\n\nsent from my phone"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		enum level alone = score(bytes_str(texts[i])).level;
		for (size_t k = 0; k < 5; k++) {
			struct buf both = {0};
			buf_printf(&both, "%s%s%s", before[k], texts[i], after[k % 4]);
			if (strcmp(texts[i], "hi") != 0)
				assert_true(score(buf_bytes(&both)).level >= alone);
			buf_free(&both);
		}
	}
}

static double microseconds(struct bytes text)
{
	struct timespec a, b;
	struct triage_result r;
	double best = 1e9;
	for (int i = 0; i < 20; i++) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		triage_score(engine, text, &r);
		clock_gettime(CLOCK_MONOTONIC, &b);
		double us =
		        (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
		best = us < best ? us : best;
	}
	return best;
}

// 1,600 characters cost 250 µs at most; ten times that here leaves room for sanitizers.
static void test_cost(void **state)
{
	(void)state;
	static const char *const phrases[] = {"i want to die tonight ", "not no dont never ", "a ",
	        "want want want ", "kill ", "not kill myself ", "used to want to die years ago, ",
	        "not know how to kill myself ", "the weather is nice today "};
	char text[1600];
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
		fill(text, sizeof text, phrases[i]);
		double us = microseconds(bytes_of(text, sizeof text));
		print_message("%s%.0f us\n", phrases[i], us);
		assert_true(us < 2500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_imminent),
	        cmocka_unit_test(test_high),
	        cmocka_unit_test(test_false_comfort),
	        cmocka_unit_test(test_medium),
	        cmocka_unit_test(test_unknown),
	        cmocka_unit_test(test_low),
	        cmocka_unit_test(test_figurative),
	        cmocka_unit_test(test_spelling),
	        cmocka_unit_test(test_bad_bytes),
	        cmocka_unit_test(test_long),
	        cmocka_unit_test(test_reasons),
	        cmocka_unit_test(test_strongest_reasons_are_kept),
	        cmocka_unit_test(test_context_never_lowers),
	        cmocka_unit_test(test_cost),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
