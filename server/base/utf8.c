// SPDX-License-Identifier: Apache-2.0
// Well-formed UTF-8 as Unicode 15 §3.9 defines it, and the repair of the rest.
#include "base/utf8.h"

#define REPLACEMENT 0xFFFDu

// Table 3-7, Well-Formed UTF-8 Byte Sequences: the second byte's range depends on the first; later
// bytes are always 80..BF.
static const struct sequence {
	uint8_t first_low, first_high;
	uint8_t second_low, second_high;
	uint8_t length;
} sequences[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3},
        {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
};

// One step over the input: a scalar value, or the maximal ill-formed part that U+FFFD stands for.
struct step {
	uint32_t scalar;
	size_t length;
	bool well_formed;
};

static const struct sequence *sequence_of(uint8_t first)
{
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
		if (first >= sequences[i].first_low && first <= sequences[i].first_high)
			return &sequences[i];
	return NULL;
}

static struct step step_at(struct bytes in, size_t pos)
{
	uint8_t first = in.data[pos];
	if (first < 0x80)
		return (struct step){first, 1, true};
	const struct sequence *s = sequence_of(first);
	if (!s)
		return (struct step){REPLACEMENT, 1, false};
	uint32_t scalar = first & (0x7Fu >> s->length);
	for (size_t i = 1; i < s->length; i++) {
		uint8_t low = i == 1 ? s->second_low : 0x80, high = i == 1 ? s->second_high : 0xBF;
		if (pos + i >= in.len || in.data[pos + i] < low || in.data[pos + i] > high)
			return (struct step){REPLACEMENT, i, false};
		scalar = scalar << 6 | (in.data[pos + i] & 0x3F);
	}
	return (struct step){scalar, s->length, true};
}

static void append_scalar(struct buf *out, uint32_t c)
{
	uint8_t b[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
	for (size_t i = len; i-- > 1; c >>= 6)
		b[i] = (uint8_t)(0x80 | (c & 0x3F));
	b[0] = (uint8_t)(lead[len] | c);
	buf_append(out, b, len);
}

bool utf8_valid(struct bytes in)
{
	for (size_t pos = 0; pos < in.len;) {
		struct step s = step_at(in, pos);
		if (!s.well_formed)
			return false;
		pos += s.length;
	}
	return true;
}

bool utf8_repair(struct bytes in, struct buf *out)
{
	size_t good = 0; // everything from here to `pos` is well-formed and not yet copied
	bool whole = true;
	for (size_t pos = 0; pos < in.len;) {
		struct step s = step_at(in, pos);
		if (!s.well_formed) {
			buf_append(out, in.data + good, pos - good);
			append_scalar(out, s.scalar);
			good = pos + s.length;
			whole = false;
		}
		pos += s.length;
	}
	if (in.len > good)
		buf_append(out, in.data + good, in.len - good);
	return whole;
}

static uint32_t utf16_unit(struct bytes in, size_t pos)
{
	return (uint32_t)(in.data[pos] << 8 | in.data[pos + 1]);
}

static bool is_high(uint32_t unit)
{
	return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xDC00 && unit <= 0xDFFF;
}

static struct step step_utf16_at(struct bytes in, size_t pos)
{
	if (in.len - pos < 2)
		return (struct step){REPLACEMENT, 1, false};
	uint32_t unit = utf16_unit(in, pos);
	if (!is_high(unit) && !is_low(unit))
		return (struct step){unit, 2, true};
	uint32_t next = in.len - pos >= 4 ? utf16_unit(in, pos + 2) : 0;
	if (!is_high(unit) || !is_low(next))
		return (struct step){REPLACEMENT, 2, false};
	return (struct step){0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00), 4, true};
}

bool utf8_from_utf16be(struct bytes in, struct buf *out)
{
	bool whole = true;
	for (size_t pos = 0; pos < in.len;) {
		struct step s = step_utf16_at(in, pos);
		whole = whole && s.well_formed;
		append_scalar(out, s.scalar);
		pos += s.length;
	}
	return whole;
}

uint32_t utf8_next(struct bytes in, size_t *pos)
{
	if (*pos >= in.len)
		return REPLACEMENT;
	struct step s = step_at(in, *pos);
	*pos += s.length;
	return s.scalar;
}

// Bidi controls (UAX #9) and line separators: they rearrange or break what a terminal shows.
static const struct {
	uint32_t first, last;
} unsafe[] = {
        {0x0000, 0x001F}, {0x007F, 0x009F}, // C0, DEL, C1
        {0x061C, 0x061C}, {0x200E, 0x200F}, // ALM, LRM, RLM
        {0x2028, 0x202E},                   // LS, PS, LRE, RLE, PDF, LRO, RLO
        {0x2066, 0x2069},                   // LRI, RLI, FSI, PDI
};

static bool safe_for_terminal(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return true;
	for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
		if (c >= unsafe[i].first && c <= unsafe[i].last)
			return false;
	return true;
}

void utf8_for_terminal(struct bytes in, struct buf *out)
{
	for (size_t pos = 0; pos < in.len;) {
		uint32_t c = utf8_next(in, &pos);
		append_scalar(out, safe_for_terminal(c) ? c : REPLACEMENT);
	}
}

void utf8_escape(struct bytes in, struct buf *out)
{
	for (size_t pos = 0; pos < in.len;) {
		struct step s = step_at(in, pos);
		if (s.well_formed && s.scalar == '\\')
			buf_append_str(out, "\\\\");
		else if (s.well_formed && safe_for_terminal(s.scalar))
			buf_append(out, in.data + pos, s.length);
		else
			for (size_t i = 0; i < s.length; i++)
				buf_printf(out, "\\x%02x", in.data[pos + i]);
		pos += s.length;
	}
}
