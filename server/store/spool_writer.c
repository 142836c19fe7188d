// SPDX-License-Identifier: Apache-2.0
// Writes the spool: segments made ahead, batches written and synced, failed segments left alone.

#include "spool_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

// A segment that is written or will be.
struct open_segment {
	uint64_t first; // 0: there is none
	int fd;
	size_t at;     // where the next batch goes
	uint64_t next; // sequence of the next record; `first` while nothing was written
};

struct closed_segment {
	struct spool_bounds bounds;
	uint64_t size;
	bool unwanted; // to be removed
	bool removed;  // but perhaps its name comes back after a power cut
};

struct spool_writer {
	const struct disk *disk;
	char *dir;
	size_t segment_size;
	uint64_t limit;
	uint64_t bytes;
	uint64_t newest; // the highest first sequence ever given to a file
	struct open_segment active;
	struct open_segment spare;
	struct closed_segment *closed; // by rising first sequence
	size_t closed_count, closed_cap;
};

char *spool_path(const char *dir, const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", dir, name);
	return buf_take_str(&path);
}

char *spool_segment_path(const char *dir, uint64_t first)
{
	char name[SPOOL_NAME];
	spool_segment_name(first, name);
	return spool_path(dir, name);
}

static int report(const char *what, uint64_t first, int error)
{
	char quoted[200];
	if (error)
		log_error("event=spool_failed part=%s segment=%llx error=%s", what,
		        (unsigned long long)first, log_quote(quoted, strerrordesc_np(error)));
	return error;
}

struct spool_writer *spool_writer_new(
        const struct disk *disk, const char *dir, size_t segment_size, uint64_t limit)
{
	struct spool_writer *w = xcalloc(1, sizeof(*w));
	w->disk = disk;
	w->dir = xstrdup(dir);
	w->segment_size = segment_size;
	w->limit = limit;
	return w;
}

static void close_file(struct spool_writer *w, struct open_segment *s)
{
	if (s->first)
		report("close", s->first, w->disk->close(s->fd, w->disk->arg));
	*s = (struct open_segment){0};
}

void spool_writer_free(struct spool_writer *w)
{
	if (!w)
		return;
	close_file(w, &w->active);
	close_file(w, &w->spare);
	free(w->closed);
	free(w->dir);
	free(w);
}

static int remove_file(struct spool_writer *w, uint64_t first)
{
	char *path = spool_segment_path(w->dir, first);
	int error = w->disk->remove(path, w->disk->arg);
	free(path);
	return error == ENOENT ? 0 : error;
}

static void add_closed(struct spool_writer *w, const struct closed_segment *c)
{
	if (w->closed_count == w->closed_cap) {
		w->closed_cap = w->closed_cap ? w->closed_cap * 2 : 16;
		w->closed = xrealloc(w->closed, w->closed_cap * sizeof(*w->closed));
	}
	w->closed[w->closed_count++] = *c;
}

void spool_writer_adopt(struct spool_writer *w, const struct spool_bounds *bounds, uint64_t size)
{
	add_closed(w, &(struct closed_segment){.bounds = *bounds, .size = size});
	w->bytes += size;
	if (bounds->first > w->newest)
		w->newest = bounds->first;
}

// Once the folder is synced, removed names stay away.
static int sync_folder(struct spool_writer *w)
{
	int error = w->disk->sync_folder(w->dir, w->disk->arg);
	if (error)
		return error;
	size_t kept = 0;
	for (size_t i = 0; i < w->closed_count; i++) {
		if (!w->closed[i].removed)
			w->closed[kept++] = w->closed[i];
	}
	w->closed_count = kept;
	return 0;
}

static int write_header(struct spool_writer *w, int fd, uint64_t first)
{
	struct buf header = {0};
	spool_segment_header(first, &header);
	int error = w->disk->write(fd, 0, buf_bytes(&header), w->disk->arg);
	buf_free(&header);
	if (!error)
		error = w->disk->sync(fd, w->disk->arg);
	return error ? error : sync_folder(w);
}

static void use_file(struct spool_writer *w, struct open_segment *s, uint64_t first, int fd)
{
	*s = (struct open_segment){.first = first, .fd = fd, .at = SPOOL_HEADER, .next = first};
	w->bytes += w->segment_size;
}

// A number is never given twice, also when its file could not be made: it may come back.
static int make_segment(struct spool_writer *w, struct open_segment *s)
{
	if (w->bytes + w->segment_size > w->limit)
		return EDQUOT;
	uint64_t first = w->newest += SPOOL_SEQUENCES;
	char *path = spool_segment_path(w->dir, first);
	int fd;
	int error = w->disk->create(path, w->segment_size, &fd, w->disk->arg);
	free(path);
	if (error)
		return report("create", first, error);
	error = write_header(w, fd, first);
	if (!error) {
		use_file(w, s, first, fd);
		return 0;
	}
	w->disk->close(fd, w->disk->arg);
	report("remove", first, remove_file(w, first));
	return report("prepare", first, error);
}

// The earlier life may have died before the file was synced, so that is done again.
bool spool_writer_adopt_spare(struct spool_writer *w, uint64_t first)
{
	if (first > w->newest)
		w->newest = first;
	char *path = spool_segment_path(w->dir, first);
	int fd;
	int error = w->disk->open(path, true, &fd, w->disk->arg);
	free(path);
	if (error)
		return report("open", first, error) == 0;
	error = write_header(w, fd, first);
	if (error) {
		w->disk->close(fd, w->disk->arg);
		return report("adopt", first, error) == 0;
	}
	use_file(w, &w->spare, first, fd);
	return true;
}

static void close_active(struct spool_writer *w)
{
	if (!w->active.first)
		return;
	struct spool_bounds bounds = {w->active.first, w->active.next, w->active.next};
	add_closed(w, &(struct closed_segment){.bounds = bounds, .size = w->segment_size});
	close_file(w, &w->active);
}

static bool is_newest(const struct spool_writer *w, const struct closed_segment *c)
{
	bool newest = !w->active.first && !w->spare.first;
	for (size_t i = w->closed_count; newest && &w->closed[--i] != c;)
		newest = w->closed[i].removed;
	return newest;
}

static void remove_closed(struct spool_writer *w, struct closed_segment *c)
{
	if (report("remove", c->bounds.first, remove_file(w, c->bounds.first)) != 0)
		return;
	c->removed = true;
	w->bytes -= c->size;
	c->size = 0;
}

static void remove_unwanted(struct spool_writer *w)
{
	bool any = false;
	for (size_t i = 0; i < w->closed_count; i++) {
		struct closed_segment *c = &w->closed[i];
		if (!c->unwanted || c->removed || is_newest(w, c))
			continue;
		remove_closed(w, c);
		any = true;
	}
	if (any)
		report("sync_folder", 0, sync_folder(w));
}

// What holds nothing acknowledged is removed at once, so that a disk that goes on failing is not
// filled with what failed; its number stays known and is told to the next segment.
static void poison_active(struct spool_writer *w)
{
	log_error("event=spool_poisoned segment=%llx", (unsigned long long)w->active.first);
	bool empty = w->active.next == w->active.first;
	close_active(w);
	if (empty)
		remove_closed(w, &w->closed[w->closed_count - 1]);
}

static int next_segment(struct spool_writer *w)
{
	if (!w->spare.first) {
		int error = make_segment(w, &w->spare);
		if (error)
			return error;
	}
	close_active(w);
	w->active = w->spare;
	w->spare = (struct open_segment){0};
	return 0;
}

static size_t opening_size(const struct spool_writer *w)
{
	bool needed = w->active.next == w->active.first;
	return needed ? SPOOL_RECORD + w->closed_count * SPOOL_BOUNDS : 0;
}

// How many of the records the active segment has room for.
static size_t count_fitting(
        const struct spool_writer *w, const struct spool_pending *items, size_t count)
{
	if (!w->active.first)
		return 0;
	size_t room = w->segment_size - w->active.at;
	size_t need = opening_size(w);
	size_t n = 0;
	while (n < count) {
		need += SPOOL_RECORD + items[n].payload.len;
		if (need > room)
			break;
		n++;
	}
	return n;
}

static void encode_opening(const struct spool_writer *w, struct buf *out)
{
	struct buf payload = {0};
	for (size_t i = 0; i < w->closed_count; i++) {
		if (w->closed[i].bounds.end != SPOOL_END_UNKNOWN)
			spool_opening_add(&payload, &w->closed[i].bounds);
	}
	spool_segment_encode(&(struct spool_item){.sequence = w->active.first,
	                             .kind = SPOOL_KIND_OPENING,
	                             .payload = buf_bytes(&payload)},
	        out);
	buf_free(&payload);
}

// Says of each record where it will be, and encodes it.
static void encode_group(
        struct spool_writer *w, struct spool_pending *items, size_t count, struct buf *out)
{
	uint64_t sequence = w->active.next;
	if (sequence == w->active.first) {
		encode_opening(w, out);
		sequence++;
	}
	for (size_t i = 0; i < count; i++, sequence++) {
		struct spool_pending *p = &items[i];
		p->first = w->active.first;
		p->sequence = sequence;
		p->offset = w->active.at + out->len;
		spool_segment_encode(&(struct spool_item){.sequence = sequence,
		                             .at_ms = p->at_ms,
		                             .kind = p->kind,
		                             .back = (uint32_t)(sequence - w->active.next),
		                             .payload = p->payload},
		        out);
	}
}

static int write_group(struct spool_writer *w, struct spool_pending *items, size_t count)
{
	struct buf out = {0};
	encode_group(w, items, count, &out);
	int error = w->disk->write(w->active.fd, w->active.at, buf_bytes(&out), w->disk->arg);
	if (!error)
		error = w->disk->sync(w->active.fd, w->disk->arg);
	if (!error) {
		w->active.at += out.len;
		w->active.next = items[count - 1].sequence + 1;
		for (size_t i = 0; i < count; i++)
			items[i].on_disk = true;
	}
	buf_free(&out);
	return report("write", w->active.first, error);
}

// A record that would not even fit a fresh segment is refused alone, like one beyond the limit: a
// smaller one behind it may still find its place.
static size_t commit_some(
        struct spool_writer *w, struct spool_batch *batch, size_t from, bool *retried)
{
	size_t fitting = count_fitting(w, &batch->items[from], batch->count - from);
	if (!fitting) {
		bool fresh = w->active.first && w->active.next == w->active.first;
		int error = fresh ? EDQUOT : next_segment(w);
		if (error == EDQUOT) {
			batch->full = true;
			return 1;
		}
		batch->error = error;
		return error ? batch->count - from : 0;
	}
	int error = write_group(w, &batch->items[from], fitting);
	if (!error)
		return fitting;
	poison_active(w);
	bool last = *retried;
	*retried = true;
	if (!last)
		return 0;
	batch->error = error;
	return batch->count - from;
}

void spool_writer_commit(struct spool_writer *w, struct spool_batch *batch)
{
	bool retried = false;
	size_t at = 0;
	while (at < batch->count)
		at += commit_some(w, batch, at, &retried);
}

void spool_writer_prepare(struct spool_writer *w)
{
	if (!w->spare.first)
		(void)make_segment(w, &w->spare);
	remove_unwanted(w);
}

void spool_writer_retire(struct spool_writer *w)
{
	if (w->spare.first)
		close_active(w);
}

void spool_writer_remove(struct spool_writer *w, uint64_t first)
{
	for (size_t i = 0; i < w->closed_count; i++) {
		if (w->closed[i].bounds.first == first)
			w->closed[i].unwanted = true;
	}
	remove_unwanted(w);
}

static int make_aside(struct spool_writer *w, const char *path, struct bytes data, int *fd)
{
	int error = w->disk->create(path, data.len, fd, w->disk->arg);
	if (error != EEXIST)
		return error;
	error = w->disk->remove(path, w->disk->arg);
	return error ? error : w->disk->create(path, data.len, fd, w->disk->arg);
}

int spool_writer_put_aside(struct spool_writer *w, const char *name, struct bytes data)
{
	char *path = spool_path(w->dir, name);
	int fd;
	int error = make_aside(w, path, data, &fd);
	free(path);
	if (error)
		return report("put_aside", 0, error);
	error = w->disk->write(fd, 0, data, w->disk->arg);
	if (!error)
		error = w->disk->sync(fd, w->disk->arg);
	int closed = w->disk->close(fd, w->disk->arg);
	if (!error)
		error = closed;
	return report("put_aside", 0, error ? error : sync_folder(w));
}

void spool_writer_status(const struct spool_writer *w, struct spool_status *out)
{
	*out = (struct spool_status){
	        .active = w->active.first, .bytes = w->bytes, .spare = w->spare.first != 0};
}
