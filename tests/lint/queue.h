// SPDX-License-Identifier: Apache-2.0
// For cppcheck, which does not read <sys/queue.h>: the macros of it that are syntax, not calls.
#define LIST_HEAD(name, type)                                                                      \
	struct name {                                                                              \
		struct type *first;                                                                \
	}
#define LIST_ENTRY(type)                                                                           \
	struct {                                                                                   \
		struct type *next;                                                                 \
	}
#define LIST_FOREACH(at, head, field) for ((at) = (head)->first; (at); (at) = (at)->field.next)
