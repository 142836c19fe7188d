// SPDX-License-Identifier: Apache-2.0
// A process with a spool and nothing else, told by lines what to do: spool_driver FOLDER LIMIT. It
// says "open", then answers
//   a TEXT        appends             "yes TEXT" or "no TEXT", once it is known
//   w             walks over it       "is SEQUENCE TEXT" for each record, then "walked"
//   d SEQUENCE    a record is done    nothing
//   s             its state           "state RECORDS BROKEN DAMAGED ERROR"
// The end of its input closes the spool; then it says "closed".
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/spool.h"

enum { POLL_MS = 2, LINE = 4096 };

struct driver {
	struct loop *loop;
	struct spool *spool;
	struct buf input;
	bool ended;
};

static void on_append(bool on_disk, void *arg)
{
	printf("%s %s\n", on_disk ? "yes" : "no", (char *)arg);
	free(arg);
}

static void append(struct driver *d, const char *text)
{
	spool_append(d->spool, 1, loop_wall_ms(d->loop), bytes_str(text), on_append, xstrdup(text));
}

static void walk(struct driver *d)
{
	struct spool_record r;
	for (uint64_t at = 0; spool_next(d->spool, at, &r); at = r.sequence)
		printf("is %llu %.*s\n", (unsigned long long)r.sequence, (int)r.payload.len,
		        (const char *)r.payload.data);
	printf("walked\n");
}

static void tell_state(const struct driver *d)
{
	struct spool_state s;
	spool_state(d->spool, &s);
	printf("state %llu %d %llu %s\n", (unsigned long long)s.records, s.broken,
	        (unsigned long long)s.damaged, s.error);
}

static void obey(struct driver *d, const char *line)
{
	if (strncmp(line, "a ", 2) == 0)
		append(d, line + 2);
	else if (strcmp(line, "w") == 0)
		walk(d);
	else if (strncmp(line, "d ", 2) == 0)
		spool_done(d->spool, strtoull(line + 2, NULL, 10));
	else if (strcmp(line, "s") == 0)
		tell_state(d);
}

static void obey_all(struct driver *d)
{
	for (;;) {
		uint8_t *end = d->input.len ? memchr(d->input.data, '\n', d->input.len) : NULL;
		if (!end)
			return;
		*end = 0;
		obey(d, (const char *)d->input.data);
		buf_consume(&d->input, (size_t)(end - d->input.data) + 1);
	}
}

static void on_poll(void *arg)
{
	struct driver *d = arg;
	char chunk[LINE];
	ssize_t n;
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		buf_append(&d->input, chunk, (size_t)n);
	d->ended = n == 0;
	obey_all(d);
	if (d->ended)
		loop_stop(d->loop);
	else
		loop_timer(d->loop, POLL_MS, on_poll, d);
}

int main(int argc, char **argv)
{
	struct driver d = {.loop = loop_new(clock_system())};
	struct buf error = {0};
	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	d.spool = spool_open(
	        d.loop, disk_system(), argv[1], strtoull(argv[2], NULL, 10), NULL, &error);
	if (!d.spool) {
		printf("error %s\n", buf_str(&error));
		return 1;
	}
	printf("open\n");
	loop_timer(d.loop, 0, on_poll, &d);
	loop_run(d.loop);
	spool_close(d.spool);
	printf("closed\n");
	loop_free(d.loop);
	buf_free(&d.input);
	return 0;
}
