// SPDX-License-Identifier: Apache-2.0
// libsodium's generator, and so random_bytes(), from a seed: a run can be had again.
#include <sodium.h>
#include <string.h>

#include "sim.h"

// splitmix64 (public domain): one word of state, any seed is good.
static uint64_t state;

static uint64_t next(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static const char *name(void)
{
	return "simulator";
}

static uint32_t draw(void)
{
	return (uint32_t)next();
}

static void fill(void *const out, const size_t len)
{
	for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
		uint64_t word = next();
		memcpy((uint8_t *)out + at, &word, len - at < sizeof word ? len - at : sizeof word);
	}
}

void sim_random_seed(uint64_t seed)
{
	static struct randombytes_implementation seeded = {
	        .implementation_name = name, .random = draw, .buf = fill};
	state = seed;
	randombytes_set_implementation(&seeded);
}
