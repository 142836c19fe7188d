// SPDX-License-Identifier: Apache-2.0
// Replies of the model store, flat, and as RESP2.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_store.h"

void model_reply_clear(struct model_reply *r)
{
	r->count = 0;
	r->owned_count = 0;
}

void model_reply_free(struct model_reply *r)
{
	for (size_t i = 0; i < r->owned_cap; i++)
		buf_free(&r->owned[i]);
	free(r->owned);
	free(r->at);
	*r = (struct model_reply){0};
}

struct bytes model_value_bytes(const struct model_value *v)
{
	return bytes_of(v->text ? v->text : v->digits, v->len);
}

static struct model_value *add(struct model_reply *r, enum model_type type)
{
	if (r->count == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		r->at = xrealloc(r->at, r->cap * sizeof *r->at);
	}
	struct model_value *v = &r->at[r->count++];
	v->type = type;
	v->integer = 0;
	v->text = NULL;
	v->len = 0;
	return v;
}

void model_add_nil(struct model_reply *r)
{
	add(r, MODEL_NIL);
}

void model_add_integer(struct model_reply *r, int64_t n)
{
	add(r, MODEL_INTEGER)->integer = n;
}

void model_add_array(struct model_reply *r, size_t items)
{
	add(r, MODEL_ARRAY)->integer = (int64_t)items;
}

void model_add_text(struct model_reply *r, enum model_type type, struct bytes borrowed)
{
	struct model_value *v = add(r, type);
	v->text = (const char *)borrowed.data;
	v->len = borrowed.len;
}

void model_add_copy(struct model_reply *r, enum model_type type, struct bytes text)
{
	if (r->owned_count == r->owned_cap) {
		size_t cap = r->owned_cap ? r->owned_cap * 2 : 4;
		r->owned = xrealloc(r->owned, cap * sizeof *r->owned);
		memset(r->owned + r->owned_cap, 0, (cap - r->owned_cap) * sizeof *r->owned);
		r->owned_cap = cap;
	}
	struct buf *own = &r->owned[r->owned_count++];
	buf_clear(own);
	buf_append_bytes(own, text);
	model_add_text(r, type, bytes_str(buf_str(own)));
	r->at[r->count - 1].len = text.len;
}

// As "%.17g" writes it; whole numbers of ms are the rule, and faster this way.
void model_add_score(struct model_reply *r, double score)
{
	struct model_value *v = add(r, MODEL_STRING);
	bool whole = fabs(score) < 1e15 && score == (double)(int64_t)score &&
	             (score != 0 || !signbit(score));
	int n = whole ? snprintf(v->digits, sizeof v->digits, "%lld", (long long)score)
	              : snprintf(v->digits, sizeof v->digits, "%.17g", score);
	v->len = (size_t)n;
}

void model_reply_print(const struct model_reply *r, struct buf *out)
{
	static const char mark[] = {[MODEL_INTEGER] = ':',
	        [MODEL_STRING] = '$',
	        [MODEL_STATUS] = '+',
	        [MODEL_ERROR] = '-',
	        [MODEL_ARRAY] = '*'};
	char head[32];
	for (size_t i = 0; i < r->count; i++) {
		const struct model_value *v = &r->at[i];
		bool line = v->type == MODEL_STATUS || v->type == MODEL_ERROR;
		int64_t n = v->type == MODEL_STRING ? (int64_t)v->len : v->integer;
		if (v->type == MODEL_NIL) {
			buf_append_str(out, "$-1\r\n");
			continue;
		}
		int len = line ? snprintf(head, sizeof head, "%c", mark[v->type])
		               : snprintf(head, sizeof head, "%c%lld\r\n", mark[v->type],
		                         (long long)n);
		buf_append(out, head, (size_t)len);
		if (line || v->type == MODEL_STRING) {
			buf_append_bytes(out, model_value_bytes(v));
			buf_append(out, "\r\n", 2);
		}
	}
}
