// SPDX-License-Identifier: Apache-2.0
// Shows a stranger's bytes so that a human can read them and a terminal cannot.
#include "quarantined.h"

#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "words.h"

#define FIELDS_MAX 256

struct fields {
	struct buf *out;
	bool any;
};

// Further lines are indented, so that none looks like a line of ours.
static void add_escaped(struct bytes in, struct buf *out)
{
	struct buf safe = {0};

	utf8_escape(in, &safe);
	for (size_t i = 0; i < safe.len; i++) {
		buf_append_char(out, (char)safe.data[i]);
		if (safe.data[i] == '\n')
			buf_append_str(out, "    ");
	}
	buf_wipe(&safe);
}

static bool add_field(struct bytes name, struct bytes value, void *arg)
{
	struct fields *f = arg;

	if (!f->any)
		buf_append_str(f->out, "\n---- the same, decoded\n");
	f->any = true;
	buf_append_str(f->out, "  ");
	add_escaped(name, f->out);
	buf_append_str(f->out, ": ");
	add_escaped(value, f->out);
	buf_append_char(f->out, '\n');
	return true;
}

// What stands between the first `from` and the first `to` behind it, or the end.
static struct bytes between(struct bytes in, const char *from, const char *to)
{
	const uint8_t *begin = in.len ? memmem(in.data, in.len, from, strlen(from)) : NULL;

	if (!begin)
		return (struct bytes){0};
	begin += strlen(from);
	size_t rest = in.len - (size_t)(begin - in.data);
	const uint8_t *end = to ? memmem(begin, rest, to, strlen(to)) : NULL;
	return bytes_of(begin, end ? (size_t)(end - begin) : rest);
}

static void add_fields(struct bytes form, struct fields *f)
{
	if (!form_parse(form, FIELDS_MAX, add_field, f))
		buf_append_str(f->out, "(from here on it cannot be decoded)\n");
}

void quarantined_text(const Holdfast__V1__Quarantined *e, struct buf *out)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct bytes request = bytes_of(e->request.data, e->request.len);
	struct bytes head = between(request, "", "\n\n"), first = between(request, "", "\n");
	struct fields fields = {.out = out};
	char came[DURATION_MAX];

	add_escaped(bytes_str(e->id), out);
	buf_append_str(out, ", through ");
	add_escaped(bytes_str(e->gateway), out);
	buf_printf(out, " at %s: ", word_time(came, e->at_ms, clock_wall_ms(clock_system())));
	add_escaped(bytes_str(e->reason), out);
	buf_append_str(out, "\n\n---- as it came; \\xNN is a byte that cannot be shown\n    ");
	add_escaped(request, out);
	buf_append_char(out, '\n');
	add_fields(between(first, "?", NULL), &fields);
	if (between(head, form, NULL).data)
		add_fields(between(request, "\n\n", NULL), &fields);
}
