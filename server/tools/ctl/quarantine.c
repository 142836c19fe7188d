// SPDX-License-Identifier: Apache-2.0
// `holdfastctl quarantine …`: what could not be read, for supervisors.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../common/quarantined.h"
#include "../common/table.h"
#include "../common/words.h"
#include "base/clock.h"
#include "ctl.h"

#define COLUMNS(headings) (sizeof(headings) / sizeof((headings)[0]))
#define TEXT_MAX          4096
#define NUMBER_MAX        64

// ---- requests

bool prepare_read_quarantined(const struct ctl *c, Frame *request, struct buf *error)
{
	(void)error;
	request->read_quarantined->id = xstrdup(ctl_operand(c, 0));
	return true;
}

// The file's content without the white space around it.
static bool read_trimmed(const char *path, size_t max, char **out, struct buf *error)
{
	struct buf content = {0};
	bool ok = config_read_file(path, max, &content, error);

	if (ok)
		*out = bytes_dup(bytes_trim(buf_bytes(&content)));
	buf_wipe(&content);
	return ok;
}

static bool put_number(const struct ctl *c, char **out, struct buf *error)
{
	const char *file = args_value(&c->args, "--from-file");
	const char *number = args_value(&c->args, "--from");

	if (file)
		return read_trimmed(file, NUMBER_MAX, out, error);
	if (number)
		*out = xstrdup(number);
	else
		buf_append_str(error, "whose text is it? Give --from-file FILE or --from NUMBER");
	return number != NULL;
}

bool prepare_release_quarantined(const struct ctl *c, Frame *request, struct buf *error)
{
	Holdfast__V1__ReleaseQuarantined *r = request->release_quarantined;
	const char *line = args_value(&c->args, "--line");
	const char *file = args_value(&c->args, "--text-file");

	if (!line || !file) {
		buf_append_str(error, line ? "what does it say? Give --text-file FILE"
		                           : "to which line? Give --line NUMBER");
		return false;
	}
	r->id = xstrdup(ctl_operand(c, 0));
	r->line = xstrdup(line);
	return put_number(c, &r->from, error) && read_trimmed(file, TEXT_MAX, &r->text, error);
}

bool prepare_discard_quarantined(const struct ctl *c, Frame *request, struct buf *error)
{
	const char *reason = args_value(&c->args, "--reason");

	if (!reason) {
		buf_append_str(error, "why? Give --reason WORDS; it is for the log");
		return false;
	}
	request->discard_quarantined->id = xstrdup(ctl_operand(c, 0));
	request->discard_quarantined->reason = xstrdup(reason);
	return true;
}

// ---- answers

void show_quarantine(const Frame *answer)
{
	static const char *const headings[] = {"CAME", "GATEWAY", "BYTES", "ID", "WHY"};
	const Holdfast__V1__Quarantine *q = answer->quarantine;
	int64_t now = clock_wall_ms(clock_system());
	char came[DURATION_MAX];

	if (q->n_entries == 0) {
		puts("Nothing waits in the quarantine.");
		return;
	}
	struct table *t = table_new(headings, COLUMNS(headings));
	for (size_t i = 0; i < q->n_entries; i++) {
		const Holdfast__V1__Quarantined *e = q->entries[i];
		table_cell(t, "%s", word_time(came, e->at_ms, now));
		table_cell(t, "%s", e->gateway);
		table_cell(t, "%" PRIu32, e->size);
		table_cell(t, "%s", e->id);
		table_cell(t, "%s", e->reason);
	}
	table_print(t);
	if (q->total > q->n_entries)
		printf("  … and %" PRIu64 " more.\n", q->total - q->n_entries);
}

void show_quarantined(const Frame *answer)
{
	struct buf text = {0};

	quarantined_text(answer->quarantined, &text);
	fwrite(text.data, 1, text.len, stdout);
	buf_wipe(&text);
}
