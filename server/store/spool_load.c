// SPDX-License-Identifier: Apache-2.0
// Reads what an earlier life left in the spool's folder: which records are sound, what is a torn
// tail and what is damage.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "spool_private.h"

enum {
	READ_BLOCK = 64 * 1024, // what one bad sector costs at most
	FILE_MAX = 64 * 1024 * 1024,
	CUT_TO = 4096, // a page of the file system
	OPENING_MAX = 1024 * 1024,
};

struct load {
	struct spool *spool;
	uint64_t *firsts;
	size_t count, cap;
	struct buf openings; // lines of the newest first
	bool newer;          // a file of a later version
	bool unreadable;     // a part of some file
};

// What one file holds.
struct content {
	uint64_t first;
	struct buf bytes;
	struct spool_item *items;
	size_t count, cap;
	enum spool_header header;
	bool unreadable; // some of it
	size_t used;     // behind it are zeros only
	struct spool_bounds bounds;
};

static void note_name(const char *name, void *to)
{
	struct load *ld = to;
	uint64_t first;
	if (!spool_segment_parse_name(name, &first))
		return;
	if (ld->count == ld->cap) {
		ld->cap = ld->cap ? ld->cap * 2 : 16;
		ld->firsts = xrealloc(ld->firsts, ld->cap * sizeof(*ld->firsts));
	}
	ld->firsts[ld->count++] = first;
}

static int newest_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x < y) - (x > y);
}

// A block that cannot be read stands in for itself as zeros. False at the end of the file.
static bool read_block(struct spool *s, int fd, struct content *c)
{
	size_t before = c->bytes.len;
	int error = s->disk->read(fd, before, READ_BLOCK, &c->bytes, s->disk->arg);
	if (!error)
		return c->bytes.len == before + READ_BLOCK;
	c->unreadable = true;
	static const uint8_t zeros[READ_BLOCK];
	c->bytes.len = before;
	buf_append(&c->bytes, zeros, sizeof(zeros));
	return c->bytes.len < s->segment_size;
}

static void read_file(struct spool *s, struct content *c, size_t most)
{
	char *path = spool_segment_path(s->dir, c->first);
	int fd;
	c->unreadable = s->disk->open(path, false, &fd, s->disk->arg) != 0;
	free(path);
	if (c->unreadable)
		return;
	while (c->bytes.len < most && read_block(s, fd, c))
		;
	s->disk->close(fd, s->disk->arg);
}

static size_t used_bytes(struct bytes file)
{
	size_t used = file.len;
	while (used && !file.data[used - 1])
		used--;
	return used;
}

static void note_item(struct content *c, const struct spool_item *item)
{
	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->items = xrealloc(c->items, c->cap * sizeof(*c->items));
	}
	c->items[c->count++] = *item;
}

static void find_items(struct content *c)
{
	// The last record may end with zeros of its own: one in 256 does.
	size_t end = c->used + SPOOL_PAYLOAD_MAX;
	struct bytes file = bytes_of(c->bytes.data, end < c->bytes.len ? end : c->bytes.len);
	struct spool_item item;
	size_t at = SPOOL_HEADER;
	uint64_t least = c->first;
	while (spool_segment_find(file, at, least, c->first + SPOOL_SEQUENCES, &item)) {
		note_item(c, &item);
		at = spool_item_end(&item);
		least = item.sequence + 1;
	}
	c->used = at > c->used && c->count ? at : c->used;
}

// A newer segment's word on where this one ends is final. Otherwise it ends behind the last record
// that can be read; when something is hidden from us, a later life may see more.
static void find_bounds(struct load *ld, struct content *c)
{
	bool told = spool_opening_find(buf_bytes(&ld->openings), c->first, &c->bounds);
	if (!told)
		c->bounds = (struct spool_bounds){c->first, c->first, SPOOL_END_UNKNOWN};
	while (c->count && c->items[c->count - 1].sequence >= c->bounds.end)
		c->count--;
	for (size_t i = 0; i < c->count; i++) {
		uint64_t before = c->items[i].sequence - c->items[i].back;
		if (before > c->bounds.floor && before <= c->items[i].sequence)
			c->bounds.floor = before;
	}
	if (!told && !ld->unreadable)
		c->bounds.end = c->count ? c->items[c->count - 1].sequence + 1 : c->first;
	if (c->bounds.end < c->bounds.floor)
		c->bounds.end = c->bounds.floor;
}

static void load_content(struct load *ld, struct content *c)
{
	read_file(ld->spool, c, FILE_MAX);
	c->used = used_bytes(buf_bytes(&c->bytes));
	c->header = spool_segment_check_header(buf_bytes(&c->bytes), c->first);
	ld->unreadable |= c->unreadable;
	find_items(c);
	find_bounds(ld, c);
}

void spool_aside_name(
        uint64_t first, size_t offset, const char *suffix, char out[static SPOOL_ASIDE_NAME])
{
	char name[SPOOL_NAME];
	spool_segment_name(first, name);
	snprintf(out, SPOOL_ASIDE_NAME, "%s-%zx.%s", name, offset, suffix);
}

void spool_tell_damage(struct spool *s, uint64_t first, uint64_t records)
{
	char name[SPOOL_NAME];
	spool_segment_name(first, name);
	s->damaged += records;
	log_error("event=spool_damaged file=%s records=%llu", name, (unsigned long long)records);
	if (s->events.damaged)
		s->events.damaged(name, records, s->events.arg);
}

// The bytes between two sound records, or before the first, or behind the last. False when they
// could not be kept.
static bool put_gap_aside(struct spool *s, const struct content *c, size_t from, size_t to)
{
	char name[SPOOL_ASIDE_NAME];
	if (to <= from)
		return true;
	spool_aside_name(c->first, from, "damaged", name);
	struct bytes gap = bytes_of(c->bytes.data + from, to - from);
	return spool_writer_put_aside(s->writer, name, gap) == 0;
}

// Records between `expected` and `found` that were acknowledged and are not there. The opening is
// nobody's text.
static uint64_t count_missing(const struct content *c, uint64_t expected, uint64_t found)
{
	uint64_t to = found < c->bounds.floor ? found : c->bounds.floor;
	uint64_t from = expected == c->first ? expected + 1 : expected;
	return to > from ? to - from : 0;
}

// Looks at each hole between the sound records. True when nothing of the file would be missed.
static bool settle_gaps(struct spool *s, const struct content *c, uint64_t *damaged)
{
	uint64_t expected = c->first;
	size_t at = SPOOL_HEADER;
	bool kept = true;
	for (size_t i = 0; i <= c->count; i++) {
		bool last = i == c->count;
		uint64_t found = last ? c->bounds.end : c->items[i].sequence;
		uint64_t missing = count_missing(c, expected, found);
		*damaged += missing;
		if (missing)
			kept &= put_gap_aside(s, c, at, last ? c->used : c->items[i].offset);
		if (last)
			break;
		expected = found + 1;
		at = spool_item_end(&c->items[i]);
	}
	if (c->used > at)
		log_info("event=spool_tail segment=%llx bytes=%zu", (unsigned long long)c->first,
		        c->used - at);
	return kept;
}

static void index_items(struct spool *s, struct spool_segment *segment, const struct content *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct spool_item *item = &c->items[i];
		if (item->kind == SPOOL_KIND_OPENING)
			continue;
		struct spool_entry e = {.at_ms = item->at_ms,
		        .offset = (uint32_t)item->offset,
		        .length = (uint32_t)item->payload.len & 0x3fffffff};
		spool_index_add(&s->index, segment, item->sequence, &e);
	}
}

// Room that an old segment will never fill is given back, or many restarts with few records each
// would fill the spool.
static uint64_t cut_file(struct spool *s, const struct content *c)
{
	size_t to = (c->used + CUT_TO - 1) / CUT_TO * CUT_TO;
	if (to >= c->bytes.len || c->unreadable)
		return c->bytes.len;
	char *path = spool_segment_path(s->dir, c->first);
	int error = s->disk->cut(path, to, s->disk->arg);
	free(path);
	return error ? c->bytes.len : to;
}

static void take_segment(struct spool *s, const struct content *c)
{
	uint64_t damaged = 0;
	bool kept = settle_gaps(s, c, &damaged);
	bool header_lost = c->header == SPOOL_HEADER_BAD && c->used > SPOOL_HEADER;
	if (header_lost && !c->count)
		kept &= put_gap_aside(s, c, 0, c->used);
	if (damaged || header_lost || c->unreadable)
		spool_tell_damage(s, c->first, damaged);
	struct spool_segment *segment = spool_index_segment(&s->index, c->first);
	segment->closed = true;
	segment->keep = !kept || c->unreadable;
	index_items(s, segment, c);
	spool_writer_adopt(s->writer, &c->bounds, cut_file(s, c));
}

static bool is_spare(const struct spool *s, const struct content *c)
{
	return c->header == SPOOL_HEADER_GOOD && c->used <= SPOOL_HEADER && !c->unreadable &&
	       c->bytes.len == s->segment_size;
}

static void free_content(struct content *c)
{
	buf_free(&c->bytes);
	free(c->items);
}

// An opening that was itself written in vain is told again by the segment that replaced it.
static void learn_opening(struct load *ld, uint64_t first)
{
	struct content c = {.first = first};
	struct spool_item item;
	struct spool_bounds told;
	read_file(ld->spool, &c, OPENING_MAX);
	ld->unreadable |= c.unreadable;
	struct bytes file = buf_bytes(&c.bytes);
	if (spool_segment_check_header(file, first) == SPOOL_HEADER_NEWER)
		ld->newer = true;
	bool in_vain =
	        spool_opening_find(buf_bytes(&ld->openings), first, &told) && told.end == first;
	if (!in_vain && spool_segment_decode(file, SPOOL_HEADER, &item) &&
	        item.kind == SPOOL_KIND_OPENING && item.sequence == first)
		buf_append_bytes(&ld->openings, item.payload);
	free_content(&c);
}

// The newest segments say what the older ones must hold, so they are asked first.
static void learn_openings(struct load *ld)
{
	for (size_t i = 0; i < ld->count; i++)
		learn_opening(ld, ld->firsts[i]);
}

static void take_one(struct load *ld, size_t i)
{
	struct content c = {.first = ld->firsts[i]};
	load_content(ld, &c);
	bool spare = i == 0 && is_spare(ld->spool, &c);
	if (!spare || !spool_writer_adopt_spare(ld->spool->writer, c.first))
		take_segment(ld->spool, &c);
	free_content(&c);
}

static bool load_all(struct load *ld, struct buf *error)
{
	struct spool *s = ld->spool;
	int failed = s->disk->list(s->dir, note_name, ld, s->disk->arg);
	if (failed) {
		buf_printf(error, "the spool's folder %s: %s", s->dir, strerrordesc_np(failed));
		return false;
	}
	if (ld->count)
		qsort(ld->firsts, ld->count, sizeof(*ld->firsts), newest_first);
	learn_openings(ld);
	if (ld->newer) {
		buf_printf(error, "the spool in %s was written by a newer version", s->dir);
		return false;
	}
	for (size_t i = ld->count; i-- > 0;)
		take_one(ld, i);
	return true;
}

bool spool_load(struct spool *s, struct buf *error)
{
	struct load ld = {.spool = s};
	bool ok = load_all(&ld, error);
	free(ld.firsts);
	buf_free(&ld.openings);
	return ok;
}
