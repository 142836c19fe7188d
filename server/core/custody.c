// SPDX-License-Identifier: Apache-2.0
// The ledger of custody, read again.
#include "core/custody.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where an entry may stand and where it leads. 0 is "no state yet" in `from`, and "as it was" in
// `to`.
#define NONE    (1u << 0)
#define WAITING (1u << CONVERSATION_WAITING)
#define OFFERED (1u << CONVERSATION_OFFERED)
#define HELD    (1u << CONVERSATION_HELD)
#define WRAP_UP (1u << CONVERSATION_WRAP_UP)
#define CLOSED  (1u << CONVERSATION_CLOSED)
#define OPEN    (WAITING | OFFERED | HELD)
#define ANY     (OPEN | WRAP_UP | CLOSED)

enum who {
	NOBODY,    // the entry ends the owner
	OWNER,     // must be by or about the owner, who stays
	LAST,      // must be the owner, who has it no more
	ANOTHER,   // becomes the owner
	BYSTANDER, // changes no owner
};

static const struct move {
	const char *what;
	unsigned from;
	int to;
	enum who who;
} moves[] = {
        {"opened", NONE, CONVERSATION_WAITING, NOBODY},
        {"reopened", WRAP_UP | CLOSED, CONVERSATION_WAITING, NOBODY},
        {"offered", WAITING, CONVERSATION_OFFERED, ANOTHER},
        {"accepted", OFFERED, CONVERSATION_HELD, OWNER},
        {"unoffered", OFFERED, CONVERSATION_WAITING, LAST},
        {"released", HELD, CONVERSATION_WAITING, LAST},
        {"transferred", HELD, CONVERSATION_HELD, ANOTHER},
        {"taken_over", OPEN, CONVERSATION_HELD, ANOTHER},
        {"closed", HELD, CONVERSATION_WRAP_UP, OWNER},
        {"close_approved", HELD, 0, BYSTANDER},
        {"ended", WAITING, CONVERSATION_CLOSED, NOBODY},
        {"finished", WRAP_UP, CONVERSATION_CLOSED, LAST},
        {"level", ANY, 0, BYSTANDER},
        {"flagged", ANY, 0, BYSTANDER},
        {"settled", ANY, 0, BYSTANDER},
        {"close_asked", HELD, 0, OWNER},
        {"close_refused", HELD, 0, BYSTANDER},
        {"recused", OPEN, 0, BYSTANDER},
        {"joined", ANY, 0, BYSTANDER},
        {"left", ANY, 0, BYSTANDER},
        {"deleted", ANY, 0, BYSTANDER},
        {"limited", WAITING, 0, BYSTANDER},
        {"limit_lifted", ANY, 0, BYSTANDER},
        {"abuse_reported", ANY, 0, BYSTANDER},
        {"abuse_upheld", ANY, 0, BYSTANDER},
        {"abuse_dismissed", ANY, 0, BYSTANDER},
};

static const struct move *find_move(const char *what)
{
	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
		if (strcmp(moves[i].what, what) == 0)
			return &moves[i];
	return NULL;
}

void custody_begin(struct custody *c, const char *conversation, custody_hash_fn hash)
{
	*c = (struct custody){.hash = hash};
	hash(bytes_str(conversation), c->head);
}

// The next word of the entry; false when it is missing or does not fit.
static bool word(struct bytes *rest, char *out, size_t size)
{
	const uint8_t *space = memchr(rest->data, ' ', rest->len);
	size_t len = space ? (size_t)(space - rest->data) : rest->len;
	if (len == 0 || len >= size)
		return false;
	bytes_copy(bytes_of(rest->data, len), out, size);
	size_t skip = len + (space ? 1 : 0);
	*rest = bytes_of(rest->data + skip, rest->len - skip);
	return true;
}

static void absent(char *text)
{
	if (strcmp(text, "-") == 0)
		text[0] = '\0';
}

static bool read_entry(struct bytes line, struct custody_entry *out)
{
	char number[24], at[24], epoch[24];
	*out = (struct custody_entry){.what = ""};
	if (!word(&line, out->hash, sizeof out->hash) || !word(&line, number, sizeof number) ||
	        !word(&line, at, sizeof at) || !word(&line, out->what, sizeof out->what) ||
	        !word(&line, out->who, sizeof out->who) || !word(&line, epoch, sizeof epoch) ||
	        !word(&line, out->why, sizeof out->why) || line.len > 0)
		return false;
	out->number = strtoull(number, NULL, 10);
	out->at_ms = strtoll(at, NULL, 10);
	out->epoch = strtoull(epoch, NULL, 10);
	absent(out->who);
	absent(out->why);
	return true;
}

// The hash before it, a space, and what follows its own.
static bool fits(const struct custody *c, struct bytes line, const struct custody_entry *e)
{
	char hex[CUSTODY_HASH_LEN + 1];
	struct buf text = {0};
	buf_append_str(&text, c->head);
	buf_append_bytes(
	        &text, bytes_of(line.data + CUSTODY_HASH_LEN, line.len - CUSTODY_HASH_LEN));
	c->hash(buf_bytes(&text), hex);
	buf_free(&text);
	return strcmp(hex, e->hash) == 0;
}

static void own(struct custody *c, int state, const char *owner, int64_t at_ms)
{
	if (state == c->now.state && strcmp(owner, c->now.owner) == 0)
		return;
	c->moved = c->now.state != 0;
	c->before = c->now;
	c->now.state = state;
	c->now.since_ms = at_ms;
	snprintf(c->now.owner, sizeof c->now.owner, "%s", owner);
}

static const char *check_epoch(
        const struct custody *c, const struct move *m, const struct custody_entry *e)
{
	if (e->epoch < c->epoch)
		return "its epoch is lower than the one before";
	if (e->epoch > c->epoch + 1)
		return "an epoch is missing: a change before it was not written down";
	return m->who == ANOTHER && e->epoch == c->epoch ? "a new owner without a new epoch" : NULL;
}

// Where an entry changes the state, the one table of legal moves has its say as well.
static bool may_move(int from, int to)
{
	return from == 0 || to == 0 || from == to ||
	       conversation_may((enum conversation_state)from, (enum conversation_state)to);
}

static const char *go(struct custody *c, const struct move *m, const struct custody_entry *e)
{
	bool may = m->from & (1u << c->now.state) && may_move(c->now.state, m->to);
	bool theirs = strcmp(e->who, c->now.owner) == 0;
	bool must = m->who == OWNER || m->who == LAST;
	int to = m->to ? m->to : c->now.state;
	const struct custody_span was = c->now;
	if (m->who == NOBODY || m->who == LAST)
		own(c, to, "", e->at_ms);
	else if (m->who == ANOTHER)
		own(c, to, e->who, e->at_ms);
	else
		own(c, to, was.owner, e->at_ms);
	if (!may)
		return "this cannot follow on what was before it";
	return must && !theirs ? "it was not theirs" : check_epoch(c, m, e);
}

// "state=N,…": the checker has put it there.
static const char *go_repaired(struct custody *c, const struct custody_entry *e)
{
	int state = 0;
	if (sscanf(e->why, "state=%d", &state) != 1 || state < CONVERSATION_WAITING ||
	        state > CONVERSATION_CLOSED)
		return "it does not say what state it was put in";
	bool nobody = state == CONVERSATION_WAITING || state == CONVERSATION_CLOSED;
	own(c, state, nobody ? "" : e->who, e->at_ms);
	return NULL;
}

static const char *replay(struct custody *c, const struct custody_entry *e)
{
	const struct move *m = find_move(e->what);
	if (strcmp(e->what, "repaired") == 0)
		return go_repaired(c, e);
	return m ? go(c, m, e) : "this is no word of the ledger";
}

const char *custody_take(struct custody *c, struct bytes line, struct custody_entry *out)
{
	const char *wrong = NULL;
	c->moved = false;
	if (!read_entry(line, out) || strlen(out->hash) != CUSTODY_HASH_LEN)
		return "this is no entry";
	if (!fits(c, line, out))
		wrong = "its hash does not follow on the one before";
	else if (out->number != c->count + 1)
		wrong = "its number does not follow on the one before";
	const char *senseless = replay(c, out);
	if (c->at_ms - out->at_ms > c->back_ms)
		c->back_ms = c->at_ms - out->at_ms;
	memcpy(c->head, out->hash, sizeof c->head);
	c->count = out->number;
	c->epoch = out->epoch;
	c->at_ms = out->at_ms;
	return wrong ? wrong : senseless;
}
