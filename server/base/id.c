// SPDX-License-Identifier: Apache-2.0
// Random identifiers in Crockford's base 32.
#include "base/id.h"

#include <sodium.h>
#include <string.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

void random_bytes(void *out, size_t len)
{
	randombytes_buf(out, len);
}

// 26 digits hold 130 bits: the first one carries only the top 3, so it is one of "01234567".
void id_new(char out[static ID_LEN + 1])
{
	uint8_t bits[16];
	random_bytes(bits, sizeof bits);
	unsigned pending = 0, have = 2;
	size_t digit = 0;
	for (size_t i = 0; i < sizeof bits; i++) {
		pending = (pending << 8 | bits[i]) & 0xFFFF;
		for (have += 8; have >= 5; have -= 5)
			out[digit++] = alphabet[pending >> (have - 5) & 31];
	}
	out[digit] = '\0';
}

bool id_valid(struct bytes s)
{
	if (s.len != ID_LEN || s.data[0] > '7')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!s.data[i] || !strchr(alphabet, s.data[i]))
			return false;
	return true;
}
