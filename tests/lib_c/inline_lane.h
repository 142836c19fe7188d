// SPDX-License-Identifier: Apache-2.0
#pragma once

// A program that calls this gets, instead of the thread of include/net/loop.h, a lane that does its
// work on the loop, one job a turn: the same seed then gives the same run. (The call only pulls the
// file out of its archive, before the real one is looked for.)
void inline_lane_use(void);
