// SPDX-License-Identifier: Apache-2.0
// Strict checks of HTTP/1.x requests (RFC 9112) in front of llhttp, which lets some malformed ones
// through.

#include "http_check.h"

#include <ctype.h>
#include <string.h>

enum {
	CHUNK_DIGITS_MAX = 8,
};

// tchar of RFC 9110 §5.6.2.
static bool is_token(struct bytes s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		if (c == 0 || c > 0x7e || (!isalnum(c) && !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.len > 0;
}

static struct bytes slice(struct bytes s, size_t from, size_t to)
{
	return bytes_of(s.data + from, to - from);
}

static int check_version(struct bytes v)
{
	if (bytes_is(v, "HTTP/1.1") || bytes_is(v, "HTTP/1.0"))
		return 0;
	bool well_formed = v.len == 8 && memcmp(v.data, "HTTP/", 5) == 0 && isdigit(v.data[5]) &&
	                   v.data[6] == '.' && isdigit(v.data[7]);
	return well_formed ? 505 : 400;
}

static int check_method(struct bytes m)
{
	static const struct {
		const char *name;
		int status;
	} known[] = {
	        {"GET", 0},
	        {"POST", 0},
	        {"HEAD", 0},
	        {"PUT", 405},
	        {"PATCH", 405},
	        {"DELETE", 405},
	        {"OPTIONS", 405},
	        {"TRACE", 405},
	        {"CONNECT", 400},
	};
	if (!is_token(m))
		return 400;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (bytes_is(m, known[i].name))
			return known[i].status;
	}
	return 501;
}

// Origin form only; a fragment never belongs in a request.
static int check_target(struct bytes t)
{
	if (t.len == 0 || t.data[0] != '/')
		return 400;
	for (size_t i = 0; i < t.len; i++) {
		uint8_t c = t.data[i];
		if (c <= ' ' || c > '~' || strchr("#\"<>\\^`{|}", c))
			return 400;
	}
	return 0;
}

static int check_request_line(struct bytes line)
{
	const uint8_t *first = memchr(line.data, ' ', line.len);
	const uint8_t *last = memrchr(line.data, ' ', line.len);
	if (!first || first == last)
		return 400;
	size_t method_end = (size_t)(first - line.data), target_end = (size_t)(last - line.data);
	int status = check_version(slice(line, target_end + 1, line.len));
	if (!status)
		status = check_method(slice(line, 0, method_end));
	if (!status)
		status = check_target(slice(line, method_end + 1, target_end));
	return status;
}

// A line that begins with white space (obs-fold) has no name and falls here too.
static int check_field_line(struct bytes line)
{
	const uint8_t *colon = memchr(line.data, ':', line.len);
	if (!colon || !is_token(slice(line, 0, (size_t)(colon - line.data))))
		return 400;
	return 0;
}

static int check_line(struct head_check *k, struct bytes line, const struct http_limits *limits)
{
	if (k->lines == 0)
		return check_request_line(line);
	return k->lines > limits->header_lines ? 431 : check_field_line(line);
}

static int check_head_byte(const struct head_check *k, struct bytes in)
{
	uint8_t c = in.data[k->seen];
	bool after_cr = k->seen > 0 && in.data[k->seen - 1] == '\r';
	if ((c == '\n') != after_cr)
		return 400;
	if (c == 0x7f || (c < ' ' && c != '\t' && c != '\r' && c != '\n'))
		return 400;
	return 0;
}

// An empty line: the end of the header, or nonsense in the place of a request line.
static bool line_is_empty(const struct head_check *k)
{
	return k->seen - k->line_start == 1;
}

static int check_line_end(struct head_check *k, struct bytes in, const struct http_limits *limits)
{
	int status = check_line(k, slice(in, k->line_start, k->seen - 1), limits);
	k->lines++;
	k->line_start = k->seen + 1;
	return status;
}

int http_check_head(
        struct head_check *k, struct bytes in, const struct http_limits *limits, size_t *len)
{
	*len = 0;
	for (; k->seen < in.len; k->seen++) {
		if (k->seen >= limits->header_bytes)
			return k->lines == 0 ? 414 : 431;
		int status = check_head_byte(k, in);
		if (!status && in.data[k->seen] == '\n') {
			if (line_is_empty(k) && k->lines > 0) {
				*len = ++k->seen;
				return 0;
			}
			status = check_line_end(k, in, limits);
		}
		if (status)
			return status;
	}
	return 0;
}

struct bytes http_field_find(const struct http_headers *h, const char *name, size_t *count)
{
	struct bytes found = {0};
	size_t n = 0;
	for (size_t i = 0; i < h->count; i++) {
		if (bytes_is_nocase(h->fields[i].name, name) && n++ == 0)
			found = h->fields[i].value;
	}
	if (count)
		*count = n;
	return found;
}

static bool is_host(struct bytes v)
{
	for (size_t i = 0; i < v.len; i++) {
		uint8_t c = v.data[i];
		if (c == 0 || c > '~' || (!isalnum(c) && !strchr("-._~%:[]", c)))
			return false;
	}
	return v.len > 0;
}

static int check_host(const struct http_headers *h, bool http_1_0)
{
	size_t count;
	struct bytes host = http_field_find(h, "host", &count);
	if (count == 0)
		return http_1_0 ? 0 : 400;
	return count == 1 && is_host(host) ? 0 : 400;
}

static int check_length(const struct http_headers *h, struct http_framing *out)
{
	size_t count;
	struct bytes length = http_field_find(h, "content-length", &count);
	if (count == 0)
		return 0;
	return count == 1 && bytes_to_u64(length, &out->length) ? 0 : 400;
}

static int check_coding(const struct http_headers *h, bool http_1_0, struct http_framing *out)
{
	size_t codings, lengths;
	struct bytes coding = http_field_find(h, "transfer-encoding", &codings);
	http_field_find(h, "content-length", &lengths);
	if (codings == 0)
		return 0;
	if (codings > 1 || lengths > 0 || http_1_0)
		return 400;
	out->chunked = bytes_is_nocase(coding, "chunked");
	return out->chunked ? 0 : 501;
}

static int check_expect(const struct http_headers *h, bool http_1_0, struct http_framing *out)
{
	size_t count;
	struct bytes expect = http_field_find(h, "expect", &count);
	if (count == 0 || http_1_0)
		return 0;
	out->expects_continue = count == 1 && bytes_is_nocase(expect, "100-continue");
	return out->expects_continue ? 0 : 417;
}

int http_check_fields(const struct http_headers *h, bool http_1_0, struct http_framing *out)
{
	*out = (struct http_framing){0};
	int status = check_host(h, http_1_0);
	if (!status)
		status = check_coding(h, http_1_0, out);
	if (!status)
		status = check_length(h, out);
	if (!status)
		status = check_expect(h, http_1_0, out);
	return status;
}

static int hex_value(uint8_t c)
{
	if (isdigit(c))
		return c - '0';
	return isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

// One byte of a size line. No extension, no white space, no sign: only digits and CR get through.
static int check_size_byte(struct chunk_check *k, uint8_t c)
{
	if (c == '\r' && k->digits > 0) {
		k->state = CHUNK_SIZE_LF;
		return 0;
	}
	int value = hex_value(c);
	if (value < 0 || ++k->digits > CHUNK_DIGITS_MAX)
		return 400;
	k->left = k->left * 16 + (uint64_t)value;
	return 0;
}

static enum chunk_state after_size(struct chunk_check *k)
{
	k->digits = 0;
	k->total += k->left;
	return k->left > 0 ? CHUNK_DATA : CHUNK_END_CR;
}

static int check_line_byte(struct chunk_check *k, uint8_t c)
{
	static const char expected[] = {
	        [CHUNK_SIZE_LF] = '\n',
	        [CHUNK_DATA_CR] = '\r',
	        [CHUNK_DATA_LF] = '\n',
	        [CHUNK_END_CR] = '\r', // anything else begins a trailer
	        [CHUNK_END_LF] = '\n',
	};
	static const enum chunk_state next[] = {
	        [CHUNK_DATA_CR] = CHUNK_DATA_LF,
	        [CHUNK_DATA_LF] = CHUNK_SIZE,
	        [CHUNK_END_CR] = CHUNK_END_LF,
	        [CHUNK_END_LF] = CHUNK_DONE,
	};
	if (c != (uint8_t)expected[k->state])
		return 400;
	k->state = k->state == CHUNK_SIZE_LF ? after_size(k) : next[k->state];
	return 0;
}

static size_t skip_data(struct chunk_check *k, size_t available)
{
	size_t n = k->left < available ? (size_t)k->left : available;
	k->left -= n;
	if (k->left == 0)
		k->state = CHUNK_DATA_CR;
	return n;
}

int http_check_chunks(struct chunk_check *k, struct bytes in, size_t body_max, size_t *used)
{
	size_t i = 0;
	int status = 0;
	while (i < in.len && k->state != CHUNK_DONE && !status) {
		if (k->state == CHUNK_DATA)
			i += skip_data(k, in.len - i);
		else if (k->state == CHUNK_SIZE)
			status = check_size_byte(k, in.data[i++]);
		else
			status = check_line_byte(k, in.data[i++]);
		if (!status && k->total > body_max)
			status = 413;
	}
	*used = i;
	return status;
}
