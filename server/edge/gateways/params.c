// SPDX-License-Identifier: Apache-2.0
// Decodes the parameters of a webhook, whichever way they came.
#include "params.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "common.h"

#define GROWTH 32 // a usual text has about twenty parameters

bool params_is_form(const struct gateway_request *r)
{
	return bytes_is_nocase(
	        gateway_media_type(r->content_type), "application/x-www-form-urlencoded");
}

bool params_is_get(const struct gateway_request *r)
{
	return strcmp(r->method, "GET") == 0;
}

static bool add(struct bytes name, struct bytes value, void *arg)
{
	struct params *p = arg;
	if (p->count == PARAMS_MAX)
		return false;
	if (p->count % GROWTH == 0)
		p->list = xrealloc(p->list, (p->count + GROWTH) * sizeof *p->list);
	struct param *param = &p->list[p->count++];
	*param = (struct param){0};
	buf_append_bytes(&param->name, name);
	buf_append_bytes(&param->value, value);
	return true;
}

bool params_read_form(struct bytes form, struct params *out)
{
	return form_parse(form, PARAMS_MAX, add, out);
}

// Strings only: no parameter that we act on is anything else.
static bool read_json(struct bytes body, struct params *out)
{
	json_t *root = json_loadb((const char *)body.data, body.len, JSON_ALLOW_NUL, NULL);
	const char *name;
	json_t *value;
	bool ok = json_is_object(root);
	json_object_foreach(root, name, value)
	{
		if (json_is_string(value))
			ok = ok &&
			     add(bytes_str(name),
			             bytes_of(json_string_value(value), json_string_length(value)),
			             out);
	}
	json_decref(root);
	return ok;
}

bool params_read(const struct gateway_request *r, struct params *out)
{
	if (params_is_get(r))
		return params_read_form(r->query, out);
	return params_is_form(r) ? params_read_form(r->body, out) : read_json(r->body, out);
}

struct bytes params_get(const struct params *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (bytes_is(buf_bytes(&p->list[i].name), name)) {
			struct bytes value = buf_bytes(&p->list[i].value);
			return value.data ? value : bytes_str("");
		}
	return (struct bytes){0};
}

// Bytes of UTF-8 by the UTF-16 units they stand for: U+E000 to U+FFFF (EE, EF) come after all of F0
// to F4.
static int utf16_rank(uint8_t c)
{
	return c == 0xee || c == 0xef ? c + 0x100 : c;
}

static int compare_text(const struct buf *a, const struct buf *b)
{
	size_t common = a->len < b->len ? a->len : b->len;
	for (size_t i = 0; i < common; i++)
		if (a->data[i] != b->data[i])
			return utf16_rank(a->data[i]) - utf16_rank(b->data[i]);
	return (a->len > b->len) - (a->len < b->len);
}

static int compare(const void *a, const void *b)
{
	const struct param *x = a, *y = b;
	int order = compare_text(&x->name, &y->name);
	return order ? order : compare_text(&x->value, &y->value);
}

void params_sort(struct params *p)
{
	if (p->count)
		qsort(p->list, p->count, sizeof *p->list, compare);
}

void params_free(struct params *p)
{
	for (size_t i = 0; i < p->count; i++) {
		buf_wipe(&p->list[i].name);
		buf_wipe(&p->list[i].value);
	}
	free(p->list);
	*p = (struct params){0};
}
