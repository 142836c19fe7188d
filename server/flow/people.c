// SPDX-License-Identifier: Apache-2.0
// The sealed copy of who can be paged: state_dir/people.sealed.
#include "people.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/log.h"

#define CONTEXT  "people"
#define FILE_MAX (4 * 1024 * 1024)

struct people {
	struct flow *flow;
	struct loop_lane *lane; // copies are written in the order of the changes
	char *path;
	struct buf kept; // in clear: what the copy holds
};

struct people *people_new(struct flow *f)
{
	struct people *p = xcalloc(1, sizeof *p);
	struct buf path = {0};
	p->flow = f;
	buf_printf(&path, "%s/people.sealed", f->config->state_dir);
	p->path = buf_take_str(&path);
	p->lane = loop_lane_new(f->loop);
	return p;
}

void people_free(struct people *p)
{
	loop_lane_free(p->lane);
	buf_wipe(&p->kept);
	free(p->path);
	free(p);
}

// ---- writing ----

struct writing {
	struct people *people;
	const char *dir;
	char *path;
	struct buf sealed;
	int error; // errno
};

static bool write_all(int fd, struct bytes data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.data, data.len);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			data = bytes_of(data.data + n, data.len - (size_t)n);
	}
	return fsync(fd) == 0;
}

// The name is on the disk too.
static bool sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

// Whole, or the old one: a new file takes the place of the old one when it is on disk.
static void write_copy(void *arg)
{
	struct writing *w = arg;
	struct buf temporary = {0};
	buf_printf(&temporary, "%s.new", w->path);
	int fd = open(buf_str(&temporary), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, buf_bytes(&w->sealed)) ||
	        rename(buf_str(&temporary), w->path) != 0 || !sync_dir(w->dir))
		w->error = errno;
	if (fd >= 0)
		close(fd);
	buf_free(&temporary);
}

static void on_written(void *arg)
{
	struct writing *w = arg;
	if (w->error) {
		log_error("event=people_not_kept file=%s text=\"%s\"", w->path, strerror(w->error));
		buf_wipe(&w->people->kept); // tried again when the records are read again
	}
	free(w->path);
	buf_free(&w->sealed);
	free(w);
}

static void add_member(const struct staff_member *m, void *arg)
{
	struct buf phone = {0};
	if (m->phone.len == 0)
		return;
	base64_encode(buf_bytes(&m->phone), &phone);
	json_object_set_new(arg, m->name, json_string(buf_str(&phone)));
	buf_free(&phone);
}

static void print_members(const struct staff *s, struct buf *out)
{
	json_t *all = json_object();
	staff_each(s, add_member, all);
	char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	buf_append_str(out, text);
	free(text);
	json_decref(all);
}

void people_keep(struct people *p, const struct staff *s)
{
	struct buf plain = {0};
	print_members(s, &plain);
	if (strcmp(buf_str(&plain), buf_str(&p->kept)) == 0) {
		buf_wipe(&plain);
		return;
	}
	struct writing *w = xcalloc(1, sizeof *w);
	w->people = p;
	w->dir = p->flow->config->state_dir;
	w->path = xstrdup(p->path);
	vault_seal_other(p->flow->vault, CONTEXT, buf_bytes(&plain), &w->sealed);
	loop_lane_run(p->lane, write_copy, on_written, w);
	buf_wipe(&p->kept);
	p->kept = plain;
}

// ---- reading ----

static struct staff_member *member_of(const char *name, const json_t *phone)
{
	struct staff_member *m = xcalloc(1, sizeof *m);
	snprintf(m->name, sizeof m->name, "%s", name);
	m->hash = xstrdup("");
	m->pools = xcalloc(1, sizeof *m->pools);
	const char *text = json_string_value(phone);
	if (!text || !base64_decode(bytes_str(text), &m->phone))
		buf_clear(&m->phone);
	return m;
}

void people_recall(struct people *p, void (*fn)(struct staff_member *m, void *arg), void *arg)
{
	struct buf sealed = {0}, plain = {0}, error = {0};
	const char *name;
	json_t *phone, *all = NULL;
	if (access(p->path, F_OK) == 0 &&
	        (!config_read_file(p->path, FILE_MAX, &sealed, &error) ||
	                !vault_unseal_other(p->flow->vault, CONTEXT, buf_bytes(&sealed), &plain)))
		log_error("event=people_unreadable file=%s", p->path);
	if (plain.len > 0)
		all = json_loadb(buf_str(&plain), plain.len, 0, NULL);
	json_object_foreach(all, name, phone)
	{
		fn(member_of(name, phone), arg);
	}
	json_decref(all);
	buf_free(&sealed);
	buf_free(&error);
	buf_wipe(&p->kept);
	p->kept = plain;
}
