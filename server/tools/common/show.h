// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "proto/frame.h"

// Answers as people read them, on standard output and safe for a terminal. Each takes a frame whose
// body is the one of its name.

void show_status(const Frame *answer);
void show_queue(const Frame *answer);
void show_conversation(const Frame *answer);
void show_conversations(const Frame *answer);
void show_pages(const Frame *answer);
void show_staff(const Frame *answer);
void show_on_call(const Frame *answer);
void show_result(const Frame *answer);
void show_checks(const Holdfast__V1__CheckList *list);
