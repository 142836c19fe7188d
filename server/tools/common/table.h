// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

// Rows of text in aligned columns on standard output. What a cell shows is made safe for a
// terminal.

#define TABLE_COLUMNS_MAX 10

struct table;
struct table *table_new(const char *const *headings, size_t columns);
void table_cell(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Prints with two blanks before each row, and frees.
void table_print(struct table *t);
// One line made safe for a terminal, as printf.
void print_safely(const char *format, ...) __attribute__((format(printf, 1, 2)));
