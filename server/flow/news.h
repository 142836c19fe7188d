// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// News that the scripts publish on a pool's channel: words separated by blanks, never content. Each
// goes to the consoles of this node that it concerns.
void news_take(struct pool *p, struct bytes payload);

// ---- news_desk.c: kinds that concern several people, as in the table of news.c ----

void news_changed(struct pool *p, char **words);       // "changed CONVERSATION"
void news_whisper(struct pool *p, char **words);       // "whisper CONVERSATION HOLDER NOTE"
void news_invite(struct pool *p, char **words);        // "invite CONVERSATION WHOM HOLDER UNTIL"
void news_transfer_over(struct pool *p, char **words); // "transfer_over CONVERSATION HOLDER TO WHY"
void news_announced(struct pool *p, char **words);     // "announced ID"
// It has another owner, or none: for those who watch it. The owners have news of their own.
void news_moved(struct pool *p, const char *conversation);
// The announcements that are still kept, for a console that has just signed in.
void news_announcements(struct pool *p, uint64_t session);
