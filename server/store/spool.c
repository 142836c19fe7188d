// SPDX-License-Identifier: Apache-2.0
// The local spool as its users see it: appends on their way to the lane, records on their way out.

#include "store/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "spool_private.h"

enum {
	SEGMENT_MAX = 4 * 1024 * 1024,
	SEGMENT_MIN = 4 * 1024,
	SEGMENTS = 8, // at least this many within the limit
	PENDING_MAX = 8 * 1024 * 1024,
	RETRY_MS = 1000,
	SPARE_MS = 5000, // between tries to have a spare again
	RETIRE_MS = 1000,
};

// One thing that the lane does.
struct job {
	struct spool *spool;
	void (*done)(struct job *j);
	struct spool_batch batch;
	uint64_t first;
	char name[SPOOL_ASIDE_NAME];
	struct buf data;
	int error;
	struct spool_status status;
};

static void on_job_done(void *arg);
static void start_commit(struct spool *s);
static void heal_later(struct spool *s);

static struct job *job_new(struct spool *s, void (*done)(struct job *j))
{
	struct job *j = xcalloc(1, sizeof(*j));
	j->spool = s;
	j->done = done;
	return j;
}

static void job_free(struct job *j)
{
	free(j->batch.items);
	buf_free(&j->data);
	free(j);
}

static void job_run(struct job *j, loop_fn work)
{
	loop_lane_run(j->spool->lane, work, on_job_done, j);
}

static void work_commit(void *arg)
{
	struct job *j = arg;
	spool_writer_commit(j->spool->writer, &j->batch);
	spool_writer_status(j->spool->writer, &j->status);
}

static void work_prepare(void *arg)
{
	struct job *j = arg;
	spool_writer_prepare(j->spool->writer);
	spool_writer_status(j->spool->writer, &j->status);
}

static void work_retire(void *arg)
{
	struct job *j = arg;
	spool_writer_retire(j->spool->writer);
	spool_writer_status(j->spool->writer, &j->status);
}

static void work_remove(void *arg)
{
	struct job *j = arg;
	spool_writer_remove(j->spool->writer, j->first);
	spool_writer_status(j->spool->writer, &j->status);
}

static void work_put_aside(void *arg)
{
	struct job *j = arg;
	j->error = spool_writer_put_aside(j->spool->writer, j->name, buf_bytes(&j->data));
	spool_writer_status(j->spool->writer, &j->status);
}

// ---- segments that are needed no more

static void close_reader(struct spool *s)
{
	if (s->reading)
		s->disk->close(s->reading_fd, s->disk->arg);
	s->reading = 0;
}

static bool is_spent(const struct spool_segment *segment)
{
	return segment->closed && !segment->waiting && !segment->keep && !segment->asides;
}

// There may be room for a spare now.
static void on_removed(struct job *j)
{
	j->spool->prepare_at = 0;
}

static void remove_if_spent(struct spool *s, const struct spool_segment *segment)
{
	if (!is_spent(segment))
		return;
	if (s->reading == segment->first)
		close_reader(s);
	struct job *j = job_new(s, on_removed);
	j->first = segment->first;
	spool_index_remove(&s->index, segment);
	job_run(j, work_remove);
}

static void remove_spent(struct spool *s)
{
	for (size_t i = s->index.count; i-- > 0;)
		remove_if_spent(s, s->index.segments[i]);
}

static void on_prepared(struct job *j)
{
	j->spool->preparing = false;
}

static void prepare_if_needed(struct spool *s)
{
	int64_t now = loop_mono_ms(s->loop);
	if (s->status.spare || s->preparing || now < s->prepare_at)
		return;
	s->preparing = true;
	s->prepare_at = now + RETRY_MS;
	job_run(job_new(s, on_prepared), work_prepare);
}

// Records that are done come out again after a restart as long as their segment is there, so a
// segment of which nothing is needed is not kept until it is full.
static bool may_retire(const struct spool *s)
{
	return s->status.active && !s->index.waiting && !s->pending_bytes && s->status.spare;
}

static void on_retire(void *arg)
{
	struct spool *s = arg;
	s->retire_timer = 0;
	if (may_retire(s))
		job_run(job_new(s, NULL), work_retire);
}

static void retire_later(struct spool *s)
{
	if (!s->retire_timer && may_retire(s))
		s->retire_timer = loop_timer(s->loop, RETIRE_MS, on_retire, s);
}

static void take_status(struct spool *s, const struct spool_status *status)
{
	s->status = *status;
	for (size_t i = 0; i < s->index.count; i++)
		s->index.segments[i]->closed = s->index.segments[i]->first != status->active;
	remove_spent(s);
}

// A disk that makes a segment again is whole again, though nobody appended since.
static void on_heal(void *arg)
{
	struct spool *s = arg;
	s->heal_timer = 0;
	if (s->broken && s->status.spare) {
		s->broken = false;
		s->error = "";
	}
	prepare_if_needed(s);
	heal_later(s);
}

static void heal_later(struct spool *s)
{
	int64_t after = s->broken ? RETRY_MS : SPARE_MS;
	if ((s->broken || !s->status.spare) && !s->heal_timer)
		s->heal_timer = loop_timer(s->loop, after, on_heal, s);
}

// Runs for the jobs of a spool that is being closed too; then nothing new is begun but commits.
static void on_job_done(void *arg)
{
	struct job *j = arg;
	struct spool *s = j->spool;
	if (j->done)
		j->done(j);
	take_status(s, &j->status);
	job_free(j);
	prepare_if_needed(s);
	retire_later(s);
	heal_later(s);
}

// ---- appending

struct refusal {
	spool_fn fn;
	void *arg;
};

static void on_refusal(void *arg)
{
	struct refusal r = *(struct refusal *)arg;
	free(arg);
	r.fn(false, r.arg);
}

static void refuse(struct spool *s, spool_fn fn, void *arg)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	*r = (struct refusal){fn, arg};
	loop_defer(s->loop, on_refusal, r);
}

static void note_outcome(struct spool *s, const struct spool_batch *batch)
{
	s->full = batch->full;
	s->broken = batch->error != 0;
	s->error = s->broken ? strerrordesc_np(batch->error) : "";
	if (s->broken)
		s->retry_at = loop_mono_ms(s->loop) + RETRY_MS;
}

static void index_record(struct spool *s, const struct spool_pending *p)
{
	struct spool_entry e = {.at_ms = p->at_ms,
	        .offset = (uint32_t)p->offset,
	        .length = (uint32_t)p->payload.len & 0x3fffffff};
	spool_index_add(&s->index, spool_index_segment(&s->index, p->first), p->sequence, &e);
}

static void on_committed(struct job *j)
{
	struct spool *s = j->spool;
	s->committing = false;
	s->pending_bytes -= j->batch.bytes;
	note_outcome(s, &j->batch);
	for (size_t i = 0; i < j->batch.count; i++) {
		if (j->batch.items[i].on_disk)
			index_record(s, &j->batch.items[i]);
	}
	for (size_t i = 0; i < j->batch.count; i++) {
		const struct spool_pending *p = &j->batch.items[i];
		free((void *)(uintptr_t)p->payload.data);
		p->fn(p->on_disk, p->arg);
	}
	start_commit(s);
}

static void start_commit(struct spool *s)
{
	if (s->committing || !s->waiting.count)
		return;
	s->committing = true;
	struct job *j = job_new(s, on_committed);
	j->batch = s->waiting;
	s->waiting = (struct spool_batch){0};
	job_run(j, work_commit);
}

static void add_waiting(struct spool *s, const struct spool_pending *p)
{
	struct spool_batch *w = &s->waiting;
	if (w->count == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 16;
		w->items = xrealloc(w->items, w->cap * sizeof(*w->items));
	}
	w->items[w->count++] = *p;
	w->bytes += SPOOL_RECORD + p->payload.len;
	s->pending_bytes += SPOOL_RECORD + p->payload.len;
}

void spool_append(
        struct spool *s, unsigned kind, int64_t at_ms, struct bytes payload, spool_fn fn, void *arg)
{
	bool too_soon = s->broken && loop_mono_ms(s->loop) < s->retry_at;
	bool too_much = s->pending_bytes + SPOOL_RECORD + payload.len > PENDING_MAX;
	bool bad = payload.len > SPOOL_PAYLOAD_MAX || kind == 0 || kind > UINT8_MAX;
	if (too_soon || too_much || bad) {
		refuse(s, fn, arg);
		return;
	}
	struct spool_pending p = {.kind = kind, .at_ms = at_ms, .fn = fn, .arg = arg};
	p.payload = bytes_of(bytes_dup(payload), payload.len);
	add_waiting(s, &p);
	start_commit(s);
}

// ---- reading

static bool open_reader(struct spool *s, uint64_t first)
{
	if (s->reading == first)
		return true;
	close_reader(s);
	char *path = spool_segment_path(s->dir, first);
	int error = s->disk->open(path, false, &s->reading_fd, s->disk->arg);
	free(path);
	if (!error)
		s->reading = first;
	return error == 0;
}

// The bytes of a record as they are on disk now; false when the disk does not give them all.
static bool read_bytes(
        struct spool *s, const struct spool_segment *segment, const struct spool_entry *e)
{
	size_t size = SPOOL_RECORD + (size_t)e->length;
	buf_clear(&s->record);
	if (!open_reader(s, segment->first))
		return false;
	int error = s->disk->read(s->reading_fd, e->offset, size, &s->record, s->disk->arg);
	return !error && s->record.len == size;
}

static void on_put_aside(struct job *j)
{
	struct spool *s = j->spool;
	struct spool_segment *segment = spool_index_segment(&s->index, j->first);
	segment->asides--;
	segment->keep |= j->error != 0;
	remove_if_spent(s, segment);
}

static void put_aside(struct spool *s, struct spool_segment *segment, const struct spool_entry *e,
        const char *suffix)
{
	struct job *j = job_new(s, on_put_aside);
	j->first = segment->first;
	spool_aside_name(segment->first, e->offset, suffix, j->name);
	buf_append_bytes(&j->data, buf_bytes(&s->record));
	segment->asides++;
	job_run(j, work_put_aside);
}

// What cannot be read is not handed out; what cannot even be copied keeps its file.
static void give_up(
        struct spool *s, struct spool_segment *segment, struct spool_entry *e, bool read)
{
	uint64_t first = segment->first;
	if (read)
		put_aside(s, segment, e, "damaged");
	else
		segment->keep = true;
	spool_index_settle(&s->index, segment, e, SPOOL_HOLE);
	spool_tell_damage(s, first, 1);
	retire_later(s);
}

static bool is_record(const struct spool *s, uint64_t sequence, struct spool_item *item)
{
	struct bytes b = buf_bytes(&s->record);
	return spool_segment_decode(b, 0, item) && spool_item_end(item) == b.len &&
	       item->sequence == sequence;
}

// Blocks for a read from the page cache, or from the disk after a restart. A read that fails is
// tried once more.
static bool read_record(struct spool *s, uint64_t sequence, struct spool_record *out)
{
	struct spool_segment *segment;
	struct spool_entry *e = spool_index_find(&s->index, sequence, &segment);
	bool read = read_bytes(s, segment, e) || read_bytes(s, segment, e);
	struct spool_item item;
	if (!read || !is_record(s, sequence, &item)) {
		give_up(s, segment, e, read);
		return false;
	}
	*out = (struct spool_record){.sequence = sequence,
	        .at_ms = item.at_ms,
	        .kind = item.kind,
	        .payload = item.payload};
	return true;
}

bool spool_next(struct spool *s, uint64_t after, struct spool_record *out)
{
	for (uint64_t next; (next = spool_index_next(&s->index, after)); after = next) {
		if (read_record(s, next, out))
			return true;
	}
	return false;
}

static void settle(struct spool *s, struct spool_segment *segment, struct spool_entry *e)
{
	spool_index_settle(&s->index, segment, e, SPOOL_DONE);
	remove_if_spent(s, segment);
	retire_later(s);
}

void spool_done(struct spool *s, uint64_t sequence)
{
	struct spool_segment *segment;
	struct spool_entry *e = spool_index_find(&s->index, sequence, &segment);
	if (e)
		settle(s, segment, e);
}

void spool_put_aside(struct spool *s, uint64_t sequence)
{
	struct spool_segment *segment;
	struct spool_entry *e = spool_index_find(&s->index, sequence, &segment);
	if (!e)
		return;
	if (read_bytes(s, segment, e))
		put_aside(s, segment, e, "refused");
	else
		segment->keep = true;
	settle(s, segment, e);
}

void spool_state(const struct spool *s, struct spool_state *out)
{
	struct spool_segment *segment;
	uint64_t oldest = spool_index_next(&s->index, 0);
	*out = (struct spool_state){.records = s->index.waiting,
	        .bytes = s->status.bytes,
	        .limit = s->limit,
	        .damaged = s->damaged,
	        .broken = s->broken,
	        .error = s->error};
	if (s->full && !s->broken && !s->status.spare)
		out->error = "the limit of the spool is reached";
	if (oldest)
		out->oldest_ms = spool_index_find(&s->index, oldest, &segment)->at_ms;
}

// ---- opening and closing

static size_t segment_size(uint64_t limit)
{
	uint64_t size = limit / SEGMENTS;
	if (size > SEGMENT_MAX)
		return SEGMENT_MAX;
	return size < SEGMENT_MIN ? SEGMENT_MIN : (size_t)size;
}

static bool take_lock(struct spool *s, struct buf *error)
{
	char *path = spool_path(s->dir, "lock");
	int failed = s->disk->lock(path, &s->lock, s->disk->arg);
	free(path);
	if (failed == EWOULDBLOCK)
		buf_printf(error, "the spool in %s is in use by another process", s->dir);
	else if (failed)
		buf_printf(error, "the spool in %s: %s", s->dir, strerrordesc_np(failed));
	return failed == 0;
}

static void ignore_name(const char *name, void *to)
{
	(void)name;
	(void)to;
}

// A name that an earlier life made or removed must not come and go any more: what we write rests on
// what we found.
static bool settle_folder(struct spool *s, struct buf *error)
{
	int failed = s->disk->list(s->dir, ignore_name, NULL, s->disk->arg);
	if (!failed)
		failed = s->disk->sync_folder(s->dir, s->disk->arg);
	if (failed)
		buf_printf(error, "the spool's folder %s: %s", s->dir, strerrordesc_np(failed));
	return failed == 0;
}

static void spool_free(struct spool *s)
{
	close_reader(s);
	spool_writer_free(s->writer);
	spool_index_clear(&s->index);
	buf_free(&s->record);
	if (s->lock >= 0)
		s->disk->close(s->lock, s->disk->arg);
	free(s->dir);
	free(s);
}

static struct spool *spool_new(struct loop *l, const struct disk *disk, const char *dir,
        uint64_t limit, const struct spool_events *events)
{
	struct spool *s = xcalloc(1, sizeof(*s));
	s->loop = l;
	s->disk = disk;
	s->dir = xstrdup(dir);
	s->segment_size = segment_size(limit);
	s->limit = limit < SEGMENTS * s->segment_size ? SEGMENTS * s->segment_size : limit;
	s->events = events ? *events : (struct spool_events){0};
	s->lock = -1;
	s->error = "";
	s->writer = spool_writer_new(disk, dir, s->segment_size, s->limit);
	return s;
}

struct spool *spool_open(struct loop *l, const struct disk *disk, const char *dir, uint64_t limit,
        const struct spool_events *events, struct buf *error)
{
	struct spool *s = spool_new(l, disk, dir, limit, events);
	if (!settle_folder(s, error) || !take_lock(s, error) || !spool_load(s, error)) {
		spool_free(s);
		return NULL;
	}
	spool_writer_prepare(s->writer);
	spool_writer_status(s->writer, &s->status);
	s->lane = loop_lane_new(l);
	remove_spent(s);
	heal_later(s);
	return s;
}

// A clean end leaves no record behind that was done, if it can: after days nobody would know it as
// a duplicate.
static void leave_clean(struct spool *s)
{
	if (!may_retire(s))
		return;
	spool_writer_retire(s->writer);
	for (size_t i = 0; i < s->index.count; i++) {
		struct spool_segment *segment = s->index.segments[i];
		segment->closed = true;
		if (is_spent(segment))
			spool_writer_remove(s->writer, segment->first);
	}
}

// Appends that come from a callback of this are taken too.
void spool_close(struct spool *s)
{
	if (!s)
		return;
	loop_lane_free(s->lane);
	loop_cancel(s->loop, s->retire_timer);
	loop_cancel(s->loop, s->heal_timer);
	leave_clean(s);
	spool_free(s);
}
