// SPDX-License-Identifier: Apache-2.0
// Append-only files without what was deleted.
#include "rewrite.h"

#include <stdlib.h>

#include "base/log.h"

#define EVERY_MS (INT64_C(24) * 3600 * 1000)
// After the start, for what an earlier life has deleted; and after a failure.
#define AGAIN_MS 600000
// Redis only forks, and says so.
#define ANSWER_MS 10000

struct rewrite {
	bool wanted;
	bool begun;      // since the start
	int64_t next_ms; // monotonic: not before
};

struct rewrite *rewrite_new(const struct flow *f)
{
	struct rewrite *r = xcalloc(1, sizeof *r);
	r->wanted = true;
	r->next_ms = loop_mono_ms(f->loop) + AGAIN_MS;
	return r;
}

void rewrite_free(struct rewrite *r)
{
	free(r);
}

static void on_begun(const struct redis_result *result, void *arg)
{
	struct flow *f = arg;
	if (result->status == REDIS_OK) {
		log_info("event=rewrite");
		return;
	}
	log_warn("event=not_rewritten reason=\"%s\"", result->error);
	f->rewrite->wanted = true;
	f->rewrite->next_ms = loop_mono_ms(f->loop) + AGAIN_MS;
}

void rewrite_look(struct flow *f)
{
	struct rewrite *r = f->rewrite;
	const struct bytes argv[] = {bytes_str("BGREWRITEAOF")};
	int64_t now = loop_mono_ms(f->loop);
	if (!f->config->redis.embedded || !r->wanted || now < r->next_ms)
		return;
	r->wanted = false;
	r->begun = true;
	r->next_ms = now + EVERY_MS;
	redis_command(store_redis(f->store), 1, argv, ANSWER_MS, on_begun, f);
}

void rewrite_want(struct flow *f)
{
	struct rewrite *r = f->rewrite;
	r->wanted = true;
	if (!r->begun)
		r->next_ms = loop_mono_ms(f->loop);
}
