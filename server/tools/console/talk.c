// SPDX-License-Identifier: Apache-2.0
// Keeps the conversations that are held and their messages in order.
#include "talk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct talk *talks_by_id(const struct talks *t, const char *id)
{
	struct talk *talk = t->first;

	while (talk && strcmp(talk->id, id) != 0)
		talk = talk->next;
	return talk;
}

struct talk *talks_by_number(const struct talks *t, unsigned number)
{
	struct talk *talk = t->first;

	while (talk && talk->number != number)
		talk = talk->next;
	return talk;
}

struct talk *talks_add(struct talks *t, const char *id)
{
	struct talk **at = &t->first;
	struct talk *talk = xcalloc(1, sizeof(*talk));

	talk->id = xstrdup(id);
	talk->number = 1;
	for (; *at && (*at)->number == talk->number; at = &(*at)->next)
		talk->number++;
	talk->next = *at;
	*at = talk;
	return talk;
}

static void said_free(struct said *s)
{
	mem_wipe(s->text, strlen(s->text));
	free(s->text);
	free(s->id);
	free(s->author);
	free(s->note);
}

void talks_remove(struct talks *t, struct talk *talk)
{
	struct talk **at = &t->first;

	while (*at && *at != talk)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = talk->next;
	for (size_t i = 0; i < talk->said_count; i++)
		said_free(&talk->said[i]);
	free(talk->said);
	free(talk->around);
	free(talk->id);
	free(talk);
}

void talks_clear(struct talks *t)
{
	while (t->first)
		talks_remove(t, t->first);
}

void talk_update(struct talk *talk, const Holdfast__V1__Conversation *c)
{
	talk->epoch = c->epoch;
	talk->level = c->level;
	talk->state = c->state;
	if (c->sequence > talk->last)
		talk->last = c->sequence;
}

bool talk_add(struct talk *talk, const Holdfast__V1__Message *m)
{
	size_t at = talk->said_count;

	while (at > 0 && talk->said[at - 1].sequence >= m->sequence)
		at--;
	if (at < talk->said_count && talk->said[at].sequence == m->sequence)
		return false;
	talk->said = xrealloc(talk->said, (talk->said_count + 1) * sizeof(*talk->said));
	memmove(&talk->said[at + 1], &talk->said[at],
	        (talk->said_count - at) * sizeof(*talk->said));
	talk->said_count++;
	talk->said[at] = (struct said){
	        .id = xstrdup(m->id),
	        .sequence = m->sequence,
	        .in = m->direction == HOLDFAST__V1__DIRECTION__DIRECTION_IN,
	        // No user is called that.
	        .author = xstrdup(*m->automatic ? "(automatic)" : m->author),
	        .text = xstrdup(m->text),
	        .damaged = m->damaged,
	        .media = m->media,
	        .delivery = m->delivery,
	        .note = xstrdup(m->delivery_note),
	};
	if (m->sequence > talk->last)
		talk->last = m->sequence;
	return true;
}

uint64_t talk_complete_to(const struct talk *talk)
{
	size_t i = 0;

	while (i < talk->said_count && talk->said[i].sequence == i + 1)
		i++;
	return i;
}

const struct said *talk_delivery(struct talk *talk, const Holdfast__V1__DeliveryChange *change)
{
	for (size_t i = talk->said_count; i-- > 0;) {
		struct said *s = &talk->said[i];
		if (strcmp(s->id, change->message) != 0)
			continue;
		if (s->delivery == change->delivery && strcmp(s->note, change->note) == 0)
			return NULL;
		s->delivery = change->delivery;
		free(s->note);
		s->note = xstrdup(change->note);
		return s;
	}
	return NULL;
}
