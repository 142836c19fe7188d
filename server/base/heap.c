// SPDX-License-Identifier: Apache-2.0
// A binary min-heap of nodes that belong to their owners.
#include "base/heap.h"

#include <stdlib.h>

#include "base/mem.h"

struct heap {
	struct heap_node **nodes;
	size_t count;
	size_t cap;
	uint64_t next_order;
};

struct heap *heap_new(void)
{
	return xcalloc(1, sizeof(struct heap));
}

void heap_free(struct heap *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++)
		h->nodes[i]->index = SIZE_MAX;
	free(h->nodes);
	free(h);
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void place(struct heap *h, size_t i, struct heap_node *node)
{
	h->nodes[i] = node;
	node->index = i;
}

static void sift_up(struct heap *h, size_t i)
{
	struct heap_node *node = h->nodes[i];
	for (; i > 0 && before(node, h->nodes[(i - 1) / 2]); i = (i - 1) / 2)
		place(h, i, h->nodes[(i - 1) / 2]);
	place(h, i, node);
}

static void sift_down(struct heap *h, size_t i)
{
	struct heap_node *node = h->nodes[i];
	for (size_t child; (child = 2 * i + 1) < h->count; i = child) {
		if (child + 1 < h->count && before(h->nodes[child + 1], h->nodes[child]))
			child++;
		if (!before(h->nodes[child], node))
			break;
		place(h, i, h->nodes[child]);
	}
	place(h, i, node);
}

// A node whose memory was merely zeroed has index 0, so the index alone proves nothing.
static bool holds(const struct heap *h, const struct heap_node *node)
{
	return node->index < h->count && h->nodes[node->index] == node;
}

void heap_push(struct heap *h, struct heap_node *node, int64_t key)
{
	heap_remove(h, node);
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->nodes = xrealloc(h->nodes, h->cap * sizeof(struct heap_node *));
	}
	node->key = key;
	node->order = h->next_order++;
	h->nodes[h->count++] = node;
	sift_up(h, h->count - 1);
}

struct heap_node *heap_first(const struct heap *h)
{
	return h->count ? h->nodes[0] : NULL;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	if (!holds(h, node))
		return;
	size_t i = node->index;
	struct heap_node *last = h->nodes[--h->count];
	node->index = SIZE_MAX;
	if (last == node)
		return;
	place(h, i, last);
	sift_up(h, i);
	sift_down(h, last->index);
}

size_t heap_count(const struct heap *h)
{
	return h->count;
}
