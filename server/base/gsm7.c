// SPDX-License-Identifier: Apache-2.0
// Counts the parts of a text sent as SMS.
#include "base/gsm7.h"

#include "base/utf8.h"

// The default alphabet beyond ASCII, and ASCII that is not in it (3GPP TS 23.038 table 6.2.1.1).
static const uint16_t basic[] = {0xa3, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0xd8, 0xf8, 0xc5,
        0xe5, 0x394, 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0xc6, 0xe6,
        0xdf, 0xc9, 0xa4, 0xa1, 0xc4, 0xd6, 0xd1, 0xdc, 0xa7, 0xbf, 0xe4, 0xf6, 0xf1, 0xfc, 0xe0};
// Its extension, two septets each (table 6.2.1.2.4).
static const uint16_t extension[] = {'\f', '^', '{', '}', '\\', '[', '~', ']', '|', 0x20ac};

static bool contains(const uint16_t *table, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (table[i] == c)
			return true;
	return false;
}

// Septets of a character, 0 when it has none.
static size_t septets(uint32_t c)
{
	if (contains(extension, sizeof extension / sizeof *extension, c))
		return 2;
	if (c == '\n' || c == '\r' || (c >= 0x20 && c < 0x7f && c != '`'))
		return 1;
	return contains(basic, sizeof basic / sizeof *basic, c) ? 1 : 0;
}

static size_t utf16_units(uint32_t c)
{
	return c > 0xffff ? 2 : 1;
}

static bool is_gsm7(struct bytes text)
{
	for (size_t pos = 0; pos < text.len;)
		if (!septets(utf8_next(text, &pos)))
			return false;
	return true;
}

static size_t count_segments(
        struct bytes text, size_t (*width)(uint32_t c), size_t single, size_t part)
{
	size_t total = 0, used = 0, parts = 1;
	for (size_t pos = 0; pos < text.len;) {
		size_t units = width(utf8_next(text, &pos));
		total += units;
		parts += used + units > part;
		used = used + units > part ? units : used + units;
	}
	return total <= single ? 1 : parts;
}

struct sms_shape sms_shape(struct bytes text)
{
	struct sms_shape shape = {.gsm7 = is_gsm7(text)};
	shape.segments = shape.gsm7 ? count_segments(text, septets, 160, 153)
	                            : count_segments(text, utf16_units, 70, 67);
	return shape;
}
