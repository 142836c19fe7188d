// SPDX-License-Identifier: Apache-2.0
// Maps and the heap, against plain models of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/map.h"

#define N 500

// A fixed generator, so that a failure can be repeated.
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void test_idmap_model(void **state)
{
	(void)state;
	struct idmap *m = idmap_new();
	static char values[N];
	bool present[N] = {false};
	size_t count = 0;
	uint32_t seed = 1;
	assert_null(idmap_get(m, 0));
	for (int step = 0; step < 20000; step++) {
		uint32_t i = next_random(&seed) % N;
		uint64_t id = (uint64_t)i << 32;
		assert_ptr_equal(idmap_get(m, id), present[i] ? &values[i] : NULL);
		if (next_random(&seed) % 2) {
			idmap_put(m, id, &values[i]);
			count += !present[i];
			present[i] = true;
		} else {
			assert_ptr_equal(idmap_remove(m, id), present[i] ? &values[i] : NULL);
			count -= present[i];
			present[i] = false;
		}
		assert_int_equal(idmap_count(m), count);
	}
	idmap_free(m);
}

struct walk {
	struct strmap *map;
	int calls;
};

static void remove_all(const char *key, void *value, void *arg)
{
	struct walk *w = arg;
	w->calls++;
	assert_ptr_equal(strmap_remove(w->map, key), value);
	assert_int_equal(key[0], 'k'); // the key outlives its entry during the walk
	strmap_remove(w->map, "k7");
}

static void test_strmap_walk_removes(void **state)
{
	(void)state;
	struct walk w = {.map = strmap_new()};
	char key[16];
	int value;
	for (int i = 0; i < N; i++) {
		snprintf(key, sizeof key, "k%d", i);
		strmap_put(w.map, key, &value);
	}
	strmap_put(w.map, "k1", &w);
	assert_int_equal(strmap_count(w.map), N);
	assert_ptr_equal(strmap_get(w.map, "k1"), &w);
	assert_null(strmap_get(w.map, "k500"));
	strmap_each(w.map, remove_all, &w);
	assert_in_range(w.calls, N - 1, N);
	assert_int_equal(strmap_count(w.map), 0);
	strmap_put(w.map, "k1", &value);
	assert_ptr_equal(strmap_get(w.map, "k1"), &value);
	strmap_free(w.map);
}

static void test_heap_order(void **state)
{
	(void)state;
	struct heap *h = heap_new();
	static struct heap_node nodes[N];
	uint32_t seed = 2;
	assert_null(heap_first(h));
	for (int i = 0; i < N; i++)
		heap_push(h, &nodes[i], (int64_t)(next_random(&seed) % 20) - 10);
	for (int i = 0; i < N; i += 3) {
		heap_remove(h, &nodes[i]);
		heap_remove(h, &nodes[i]);
		assert_true(nodes[i].index == SIZE_MAX);
	}
	size_t left = heap_count(h);
	assert_int_equal(left, N - (N + 2) / 3);
	struct heap_node *last = NULL;
	for (struct heap_node *n; (n = heap_first(h)); last = n, left--) {
		assert_true(!last || last->key < n->key || (last->key == n->key && last < n));
		heap_remove(h, n);
	}
	assert_int_equal(left, 0);
	heap_free(h);
}

static void test_heap_zeroed_node_and_push_again(void **state)
{
	(void)state;
	struct heap *h = heap_new();
	struct heap_node a = {0}, b = {0};
	heap_push(h, &a, 5);
	heap_remove(h, &b); // index 0, but not in the heap
	assert_ptr_equal(heap_first(h), &a);
	heap_push(h, &b, 6);
	heap_push(h, &a, 7);
	assert_int_equal(heap_count(h), 2);
	assert_ptr_equal(heap_first(h), &b);
	heap_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_idmap_model),
	        cmocka_unit_test(test_strmap_walk_removes),
	        cmocka_unit_test(test_heap_order),
	        cmocka_unit_test(test_heap_zeroed_node_and_push_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
