// SPDX-License-Identifier: Apache-2.0
// RESP replies as bounded trees of our own, read by hiredis' redisReader, and commands written by
// its formatter.
#include "redis_reply.h"

#include <stdlib.h>

#include "base/config.h"
#include "base/log.h"
#include "base/mem.h"

// After our own headers: hiredis defines REDIS_OK as a macro of the same value.
#include <hiredis/hiredis.h>

_Static_assert(REDIS_OK == 0, "hiredis' REDIS_OK and ours are the same");

struct redis_reply {
	enum redis_type type;
	bool error; // a REDIS_STATUS that Redis marked as an error
	int64_t integer;
	size_t len; // bytes of `text`, or values of `items`
	char *text; // NUL-terminated
	struct redis_reply **items;
};

struct reply_reader {
	redisReader *reader;
	size_t bytes;  // of the wire since the last complete reply
	size_t values; // allocated for the reply in the making
	const char *error;
};

static const struct redis_reply nil = {.type = REDIS_NIL};

const struct redis_reply *reply_nil(void)
{
	return &nil;
}

void reply_free(struct redis_reply *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->items && i < r->len; i++)
		reply_free(r->items[i]);
	free(r->items);
	free(r->text);
	free(r);
}

static void free_object(void *object)
{
	reply_free(object);
}

// Hangs a new value into its array. NULL tells hiredis to give up the stream.
static struct redis_reply *add(const redisReadTask *task, enum redis_type type, size_t more)
{
	struct reply_reader *reader = task->privdata;
	if (more > REPLY_VALUES_MAX || reader->values + more >= REPLY_VALUES_MAX)
		return NULL;
	reader->values += 1 + more;
	struct redis_reply *r = xcalloc(1, sizeof *r);
	r->type = type;
	if (task->parent)
		((struct redis_reply *)task->parent->obj)->items[task->idx] = r;
	return r;
}

static void *create_string(const redisReadTask *task, char *text, size_t len)
{
	struct redis_reply *r =
	        add(task, task->type == REDIS_REPLY_STRING ? REDIS_STRING : REDIS_STATUS, 0);
	if (!r)
		return NULL;
	r->error = task->type == REDIS_REPLY_ERROR;
	r->len = len;
	r->text = bytes_dup(bytes_of(text, len));
	return r;
}

static void *create_array(const redisReadTask *task, int count)
{
	size_t items = count > 0 ? (size_t)count : 0;
	struct redis_reply *r = add(task, REDIS_ARRAY, items);
	if (!r)
		return NULL;
	r->len = items;
	r->items = xcalloc(items + 1, sizeof *r->items);
	return r;
}

static void *create_integer(const redisReadTask *task, long long value)
{
	struct redis_reply *r = add(task, REDIS_INTEGER, 0);
	if (r)
		r->integer = value;
	return r;
}

static void *create_nil(const redisReadTask *task)
{
	return add(task, REDIS_NIL, 0);
}

// hiredis takes it without const, and does not write to it.
static redisReplyObjectFunctions functions = {
        .createString = create_string,
        .createArray = create_array,
        .createInteger = create_integer,
        .createNil = create_nil,
        .freeObject = free_object,
};

struct reply_reader *reply_reader_new(void)
{
	struct reply_reader *r = xcalloc(1, sizeof *r);
	r->reader = redisReaderCreateWithFunctions(&functions);
	if (!r->reader)
		fatal("event=out_of_memory in=redis_reader");
	r->reader->privdata = r;
	r->error = "";
	return r;
}

void reply_reader_free(struct reply_reader *r)
{
	if (!r)
		return;
	redisReaderFree(r->reader);
	free(r);
}

bool reply_feed(struct reply_reader *r, struct bytes in)
{
	r->bytes += in.len;
	if (r->bytes > REPLY_BYTES_MAX) {
		r->error = "a reply is too large";
		return false;
	}
	return redisReaderFeed(r->reader, (const char *)in.data, in.len) == REDIS_OK;
}

bool reply_next(struct reply_reader *r, struct redis_reply **out)
{
	void *reply = NULL;
	*out = NULL;
	if (redisReaderGetReply(r->reader, &reply) != REDIS_OK) {
		r->error = r->reader->err == REDIS_ERR_OOM ? "a reply has too many values"
		                                           : "the peer does not speak RESP";
		return false;
	}
	if (!reply)
		return true;
	r->bytes = r->reader->len - r->reader->pos;
	r->values = 0;
	*out = reply;
	return true;
}

const char *reply_reader_error(const struct reply_reader *r)
{
	return r->error;
}

const char *reply_error(const struct redis_reply *r)
{
	return r->error ? r->text : NULL;
}

bool reply_format(int argc, const struct bytes *argv, struct buf *out)
{
	size_t count = (size_t)argc;
	size_t total = 0;
	const char **parts = xcalloc(count + 1, sizeof *parts);
	size_t *lens = xcalloc(count + 1, sizeof *lens);
	for (size_t i = 0; i < count; i++) {
		parts[i] = argv[i].data ? (const char *)argv[i].data : "";
		lens[i] = argv[i].len;
		total = lens[i] > REPLY_BYTES_MAX ? lens[i] : total + lens[i];
		if (total > REPLY_BYTES_MAX)
			break;
	}
	char *command = NULL;
	int len = -1;
	if (total <= REPLY_BYTES_MAX)
		len = redisFormatCommandArgv(&command, argc, parts, lens);
	if (len > 0)
		buf_append(out, command, (size_t)len);
	redisFreeCommand(command);
	free(lens);
	free(parts);
	return len > 0;
}

static void append_part(struct buf *out, struct bytes part)
{
	buf_printf(out, "$%zu\r\n", part.len);
	buf_append_bytes(out, part);
	buf_append_str(out, "\r\n");
}

// Not by hiredis, which would leave the password in memory that it frees.
bool reply_format_auth(const char *user, const char *file, struct buf *out, struct buf *error)
{
	struct buf password = {0};
	bool named = user && *user;
	if (!file || !*file)
		return true;
	if (!config_read_secret(file, &password, error)) {
		error->len -= error->len ? 1 : 0; // its newline
		return false;
	}
	buf_printf(out, "*%d\r\n", named ? 3 : 2);
	append_part(out, bytes_str("AUTH"));
	if (named)
		append_part(out, bytes_str(user));
	append_part(out, buf_bytes(&password));
	buf_wipe(&password);
	return true;
}

enum redis_type redis_type(const struct redis_reply *r)
{
	return r->type;
}

static int64_t text_integer(const struct redis_reply *r)
{
	struct bytes digits = redis_bytes(r);
	bool negative = digits.len > 1 && digits.data[0] == '-';
	uint64_t value = 0;
	if (negative)
		digits = bytes_of(digits.data + 1, digits.len - 1);
	if (!bytes_to_u64(digits, &value) || value > INT64_MAX)
		return 0;
	return negative ? -(int64_t)value : (int64_t)value;
}

int64_t redis_integer(const struct redis_reply *r)
{
	return r->type == REDIS_INTEGER ? r->integer : text_integer(r);
}

struct bytes redis_bytes(const struct redis_reply *r)
{
	return r->text ? bytes_of(r->text, r->len) : bytes_str("");
}

size_t redis_count(const struct redis_reply *r)
{
	return r->type == REDIS_ARRAY ? r->len : 0;
}

const struct redis_reply *redis_at(const struct redis_reply *r, size_t i)
{
	return i < redis_count(r) && r->items[i] ? r->items[i] : &nil;
}

const struct redis_reply *redis_field(const struct redis_reply *r, const char *name)
{
	for (size_t i = 0; i + 1 < redis_count(r); i += 2)
		if (bytes_is(redis_bytes(redis_at(r, i)), name))
			return redis_at(r, i + 1);
	return &nil;
}
