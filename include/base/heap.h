// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A binary min-heap of (key, value) with removal by handle, for deadlines. Equal keys come out in
// the order in which they went in.
struct heap_node {
	int64_t key;
	uint64_t order; // set by the heap: breaks ties
	size_t index;   // set by the heap: place in the array, SIZE_MAX when not in a heap
};

struct heap;
struct heap *heap_new(void);
void heap_free(struct heap *h); // never frees nodes
void heap_push(struct heap *h, struct heap_node *node, int64_t key);
struct heap_node *heap_first(const struct heap *h);       // NULL when empty
void heap_remove(struct heap *h, struct heap_node *node); // a node that is in no heap is left alone
size_t heap_count(const struct heap *h);
