// SPDX-License-Identifier: Apache-2.0
// Frames in both encodings: the golden ones of proto/vectors (run from the project's root), and
// what is refused.
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/codec.h"
#include "proto/frame.h"

static void read_vector(const char *stem, const char *extension, struct buf *out)
{
	char path[512];
	struct buf bytes = {0};
	FILE *file;
	int c;

	snprintf(path, sizeof(path), "%s.%s", stem, extension);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("no %s", path);
	while ((c = fgetc(file)) != EOF)
		buf_append_char(&bytes, (char)c);
	fclose(file);
	if (strcmp(extension, "hex") == 0)
		assert_true(hex_decode(bytes_trim(buf_bytes(&bytes)), out));
	else
		buf_append_bytes(out, buf_bytes(&bytes));
	buf_free(&bytes);
}

static Frame *must_decode(struct bytes in, bool json)
{
	struct buf error = {0};
	Frame *f = frame_decode(in, json, &error);

	if (!f)
		fail_msg("%s: %.*s", buf_str(&error), (int)in.len, (const char *)in.data);
	buf_free(&error);
	return f;
}

static void assert_encodes_as(const Frame *f, bool json, struct bytes expected)
{
	struct buf out = {0};

	frame_encode(f, json, &out);
	assert_true(bytes_equal(buf_bytes(&out), expected));
	buf_free(&out);
}

// Both files decode to the same frame, it encodes to the very bytes that Google's library wrote,
// and our JSON of it decodes to the same again.
static void check_vector(const char *stem)
{
	struct buf json = {0}, binary = {0}, our_json = {0};
	Frame *from_json, *from_binary, *again;

	read_vector(stem, "json", &json);
	read_vector(stem, "hex", &binary);
	from_json = must_decode(buf_bytes(&json), true);
	from_binary = must_decode(buf_bytes(&binary), false);
	frame_encode(from_binary, true, &our_json);
	again = must_decode(buf_bytes(&our_json), true);
	assert_encodes_as(from_json, false, buf_bytes(&binary));
	assert_encodes_as(from_binary, false, buf_bytes(&binary));
	assert_encodes_as(again, false, buf_bytes(&binary));
	assert_encodes_as(from_json, true, buf_bytes(&our_json));
	frame_free(from_json);
	frame_free(from_binary);
	frame_free(again);
	buf_free(&json);
	buf_free(&binary);
	buf_free(&our_json);
}

static void test_vectors(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("proto/vectors/*.json", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		found.gl_pathv[i][strlen(found.gl_pathv[i]) - strlen(".json")] = '\0';
		check_vector(found.gl_pathv[i]);
	}
	globfree(&found);
}

static void test_every_body_has_a_vector(void **state)
{
	const ProtobufCMessageDescriptor *type = &holdfast__v1__frame__descriptor;

	(void)state;
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *body = &type->fields[i];
		char stem[256];
		struct buf binary = {0};
		if (!(body->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
			continue;
		snprintf(stem, sizeof(stem), "proto/vectors/%s", body->name);
		read_vector(stem, "hex", &binary);
		Frame *f = must_decode(buf_bytes(&binary), false);
		assert_string_equal(frame_body_name(f), body->name);
		assert_int_equal(frame_body_number(body->name), body->id);
		frame_free(f);
		buf_free(&binary);
	}
	assert_int_equal(frame_body_number("id"), 0);
	assert_int_equal(frame_body_number("no_such_body"), 0);
}

static void check_types(const ProtobufCMessageDescriptor *type, unsigned depth)
{
	assert_true(depth <= 8);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		assert_int_not_equal(f->type, PROTOBUF_C_TYPE_FLOAT);
		assert_int_not_equal(f->type, PROTOBUF_C_TYPE_DOUBLE);
		assert_int_not_equal(f->label, PROTOBUF_C_LABEL_REQUIRED);
		assert_int_not_equal(f->label, PROTOBUF_C_LABEL_OPTIONAL);
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			check_types(f->descriptor, depth + 1);
	}
}

// What the transcoder leaves out is not in the schema either.
static void test_schema_fits_the_transcoder(void **state)
{
	(void)state;
	check_types(&holdfast__v1__frame__descriptor, 1);
}

struct equal_case {
	const char *json;
	const char *canonical;
};

// Proto3 JSON has several spellings of one thing.
static const struct equal_case spellings[] = {
        {"{}", "{}"},
        {"{\"id\":5}", "{\"id\":\"5\"}"},
        {"{\"id\":\"18446744073709551615\"}", "{\"id\":\"18446744073709551615\"}"},
        {"{\"id\":5.0}", "{\"id\":\"5\"}"},
        {"{\"id\":1e3,\"ping\":{}}", "{\"id\":\"1000\",\"ping\":{}}"},
        {"{\"id\":\"-0\"}", "{}"},
        {"{\"log_in\":{\"name\":\"ana\"}}", "{\"logIn\":{\"name\":\"ana\"}}"},
        {"{\"logIn\":null,\"ping\":{}}", "{\"ping\":{}}"},
        {"{\"setPresence\":{\"presence\":2}}",
                "{\"setPresence\":{\"presence\":\"PRESENCE_AVAILABLE\"}}"},
        {"{\"setPresence\":{\"presence\":77}}", "{\"setPresence\":{\"presence\":77}}"},
        {"{\"getQueue\":{\"limit\":\"7\"}}", "{\"getQueue\":{\"limit\":7}}"},
        {"{\"getOnCall\":{\"atMs\":-9223372036854775808}}",
                "{\"getOnCall\":{\"atMs\":\"-9223372036854775808\"}}"},
        {"{\"session\":{\"roles\":[1,\"ROLE_AUDITOR\"],\"pools\":[]}}",
                "{\"session\":{\"roles\":[\"ROLE_COUNSELOR\",\"ROLE_AUDITOR\"]}}"},
        {" \n{\"ping\":{}}\n ", "{\"ping\":{}}"},
};

static void test_spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		Frame *f = must_decode(bytes_str(spellings[i].json), true);
		struct buf out = {0};
		frame_encode(f, true, &out);
		assert_string_equal(buf_str(&out), spellings[i].canonical);
		buf_free(&out);
		frame_free(f);
	}
}

struct refused_case {
	const char *in;    // JSON, or hex for protobuf
	const char *error; // how it begins
};

static const struct refused_case refused_json[] = {
        {"", "frame: is not valid JSON at line 1"},
        {"[]", "frame: must be an object"},
        {"7", "frame: is not valid JSON at line 1"},
        {"{}{}", "frame: is not valid JSON at line 1"},
        {"{\"id\":1,\"id\":2}", "frame: is not valid JSON at line 1"},
        {"{\"id\":-1}", "id: is out of range"},
        {"{\"id\":\"18446744073709551616\"}", "id: must be an integer"},
        {"{\"id\":1.5}", "id: must be an integer"},
        {"{\"id\":1e300}", "id: must be an integer"},
        {"{\"id\":\"\"}", "id: must be an integer"},
        {"{\"id\":\" 1\"}", "id: must be an integer"},
        {"{\"id\":true}", "id: must be an integer"},
        {"{\"ping\":{},\"drain\":{}}", "drain: another of its kind is given already"},
        {"{\"logIn\":{},\"log_in\":{}}", "logIn: another of its kind is given already"},
        {"{\"shout\":{}}", "frame: has no field \"shout\""},
        {"{\"you are all\":{}}", "frame: has a field with an unknown name of 11 bytes"},
        {"{\"logIn\":{\"nom\":\"ana\"}}", "logIn: has no field \"nom\""},
        {"{\"logIn\":{\"name\":7}}", "logIn.name: must be a string"},
        {"{\"logIn\":{\"name\":\"a\\u0000b\"}}", "frame: is not valid JSON at line 1"},
        {"{\"logIn\":{\"name\":\"\xff\"}}", "frame: is not valid JSON at line 1"},
        {"{\"logIn\":{\"name\":\"\\ud83d\"}}", "frame: is not valid JSON at line 1"},
        {"{\"logIn\":[]}", "logIn: must be an object"},
        {"{\"setPresence\":{\"presence\":\"ASLEEP\"}}",
                "setPresence.presence: is none of the known names"},
        {"{\"setPresence\":{\"presence\":2147483648}}", "setPresence.presence: is out of range"},
        {"{\"getPages\":{\"resolvedToo\":1}}", "getPages.resolvedToo: must be true or false"},
        {"{\"getQueue\":{\"limit\":4294967296}}", "getQueue.limit: is out of range"},
        {"{\"getOnCall\":{\"atMs\":\"-9223372036854775809\"}}", "getOnCall.atMs: is out of range"},
        {"{\"putStaff\":{\"member\":{\"roles\":[1,2,\"BOSS\"]}}}",
                "putStaff.member.roles[2]: is none of the known names"},
        {"{\"putStaff\":{\"member\":{\"roles\":[null]}}}",
                "putStaff.member.roles[0]: must be an integer"},
        {"{\"putStaff\":{\"member\":{\"pools\":\"night\"}}}",
                "putStaff.member.pools: must be a list"},
        {"{\"pages\":{\"pages\":[{\"number\":1},{\"paged\":[\"ben\",{}]}]}}",
                "pages.pages[1].paged[1]: must be a string"},
};

static const struct refused_case refused_protobuf[] = {
        {"08", "frame: is not valid protobuf"},
        {"00", "frame: is not valid protobuf"},
        {"0b0c", "frame: is not valid protobuf"},                   // a group
        {"5205", "frame: is not valid protobuf"},                   // longer than what is there
        {"08ffffffffffffffffff02", "frame: is not valid protobuf"}, // 65 bits
        {"52ffffffffffffffffff01", "frame: is not valid protobuf"}, // a length of 2^64 - 1
        {"0a00", "id: has the wrong wire type"},
        {"08010802", "id: is given twice, or another of its kind is given already"},
        {"5a005a00", "ping: is given twice, or another of its kind is given already"},
        {"5a00820300", "drain: is given twice, or another of its kind is given already"},
        {"52030a01ff", "logIn.name: is not valid UTF-8"},
        {"52040a02c080", "logIn.name: is not valid UTF-8"},
        {"52050a03eda080", "logIn.name: is not valid UTF-8"},
        {"52050a03610062", "logIn.name: holds a NUL character"},
        {"ea02080a061a0161"
         "1a01ff",
                "putStaff.member.pools[1]: is not valid UTF-8"},
};

static void check_refused(const struct refused_case *c, struct bytes in, bool json)
{
	struct buf error = {0};
	Frame *f = frame_decode(in, json, &error);

	if (f)
		fail_msg("taken: %s", c->in);
	if (strncmp(buf_str(&error), c->error, strlen(c->error)) != 0)
		fail_msg("\"%s\" gives \"%s\"", c->in, buf_str(&error));
	buf_free(&error);
}

static void test_refused_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused_json) / sizeof(refused_json[0]); i++)
		check_refused(&refused_json[i], bytes_str(refused_json[i].in), true);
}

static void test_refused_protobuf(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused_protobuf) / sizeof(refused_protobuf[0]); i++) {
		struct buf binary = {0};
		assert_true(hex_decode(bytes_str(refused_protobuf[i].in), &binary));
		check_refused(&refused_protobuf[i], buf_bytes(&binary), false);
		buf_free(&binary);
	}
}

// Every prefix of every golden frame either decodes or is refused with a sentence, never read
// beyond its end: the copy has no byte to spare, so that a sanitizer sees one too many.
static void test_cut_frames(void **state)
{
	struct buf whole = {0};

	(void)state;
	read_vector("proto/vectors/session", "hex", &whole);
	for (size_t len = 0; len < whole.len; len++) {
		uint8_t *cut = memcpy(malloc(len + 1), whole.data, len);
		struct buf error = {0};
		uint8_t *exact = realloc(cut, len ? len : 1);
		Frame *f = frame_decode(bytes_of(exact, len), false, &error);
		assert_true(f != NULL || error.len > 0);
		frame_free(f);
		buf_free(&error);
		free(exact);
	}
	buf_free(&whole);
}

// A newer peer may send fields that this schema does not have.
static void test_unknown_protobuf_fields_are_skipped(void **state)
{
	struct buf binary = {0};

	(void)state;
	assert_true(hex_decode(bytes_str("0805"
	                                 "5a02"
	                                 "2001"
	                                 "fa3f0361"
	                                 "6263"),
	        &binary));
	Frame *f = must_decode(buf_bytes(&binary), false);
	assert_int_equal(f->id, 5);
	assert_string_equal(frame_body_name(f), "ping");
	frame_free(f);

	buf_clear(&binary);
	assert_true(hex_decode(bytes_str("0805"
	                                 "ba3e00"),
	        &binary));
	f = must_decode(buf_bytes(&binary), false);
	assert_string_equal(frame_body_name(f), "none");
	frame_free(f);
	buf_free(&binary);
}

static void append_pings(struct buf *b, size_t size)
{
	buf_append_str(b, "{\"ping\":{}");
	while (b->len < size - 1)
		buf_append_char(b, ' ');
	buf_append_char(b, '}');
}

static void test_size_limits(void **state)
{
	struct buf b = {0}, error = {0};

	(void)state;
	append_pings(&b, FRAME_BYTES_MAX);
	frame_free(must_decode(buf_bytes(&b), true));
	buf_clear(&b);
	append_pings(&b, FRAME_BYTES_MAX + 1);
	assert_null(frame_decode(buf_bytes(&b), true, &error));
	assert_string_equal(buf_str(&error), "frame: is larger than 65536 bytes");
	Frame *f = frame_decode_answer(buf_bytes(&b), true, &error);
	assert_non_null(f);
	frame_free(f);
	buf_free(&b);
	buf_free(&error);
}

static void test_deep_json_is_refused(void **state)
{
	struct buf b = {0}, error = {0};

	(void)state;
	for (size_t i = 0; i < FRAME_BYTES_MAX; i++)
		buf_append_char(&b, '[');
	assert_null(frame_decode(buf_bytes(&b), true, &error));
	buf_free(&b);
	buf_free(&error);
}

// A frame goes out as valid JSON even when a string in it is not valid UTF-8.
static void test_bad_text_is_repaired_on_the_way_out(void **state)
{
	Frame f = HOLDFAST__V1__FRAME__INIT;
	Holdfast__V1__GoingAway body = HOLDFAST__V1__GOING_AWAY__INIT;
	char reason[] = "a\xff";
	struct buf out = {0};

	(void)state;
	body.reason = reason;
	f.body_case = HOLDFAST__V1__FRAME__BODY_GOING_AWAY;
	f.going_away = &body;
	frame_encode(&f, true, &out);
	assert_string_equal(buf_str(&out), "{\"goingAway\":{\"reason\":\"a\xef\xbf\xbd\"}}");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vectors),
	        cmocka_unit_test(test_every_body_has_a_vector),
	        cmocka_unit_test(test_schema_fits_the_transcoder),
	        cmocka_unit_test(test_spellings),
	        cmocka_unit_test(test_refused_json),
	        cmocka_unit_test(test_refused_protobuf),
	        cmocka_unit_test(test_cut_frames),
	        cmocka_unit_test(test_unknown_protobuf_fields_are_skipped),
	        cmocka_unit_test(test_size_limits),
	        cmocka_unit_test(test_deep_json_is_refused),
	        cmocka_unit_test(test_bad_text_is_repaired_on_the_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
