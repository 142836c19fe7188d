// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "answer.h"

// Declines an offer because the counselor knows the texter, for good. Takes the request over.
void recuse_offered(struct request *r);
