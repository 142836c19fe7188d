// SPDX-License-Identifier: Apache-2.0
// Reads lines of standard input without holding up the loop.
#include "lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/utf8.h"

struct lines {
	struct loop *loop;
	lines_fn fn;
	void *arg;
	char *line;
	size_t size;
	ssize_t len;
	bool reading;
};

struct lines *lines_new(struct loop *l, lines_fn fn, void *arg)
{
	struct lines *in = xcalloc(1, sizeof(*in));

	*in = (struct lines){.loop = l, .fn = fn, .arg = arg};
	return in;
}

static void read_line(void *arg)
{
	struct lines *in = arg;

	in->len = getline(&in->line, &in->size, stdin);
}

static void line_read(void *arg)
{
	struct lines *in = arg;
	struct buf text = {0};

	in->reading = false;
	if (in->len < 0) {
		in->fn(NULL, in->arg);
		return;
	}
	(void)utf8_repair(bytes_trim(bytes_of(in->line, (size_t)in->len)), &text);
	in->fn(buf_str(&text), in->arg);
	buf_wipe(&text);
}

void lines_next(struct lines *in)
{
	in->reading = true;
	if (!loop_offload(in->loop, read_line, line_read, in))
		fatal("event=input_not_read");
}

void lines_end(struct lines *in)
{
	if (in->reading)
		return;
	loop_free(in->loop);
	if (in->line)
		mem_wipe(in->line, in->size);
	free(in->line);
	free(in);
}
