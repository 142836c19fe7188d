// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "proto/frame.h"

struct flow;

// What a console asks for (proto/PROTOCOL.md). One function a request; each answers with one frame
// that carries the request's id, sooner or later, through flow_out.push. The caller has checked the
// role; these check the rest.

enum role {
	ROLE_ANYBODY = 0, // not signed in
	ROLE_COUNSELOR = 1 << HOLDFAST__V1__ROLE__ROLE_COUNSELOR,
	ROLE_SUPERVISOR = 1 << HOLDFAST__V1__ROLE__ROLE_SUPERVISOR,
	ROLE_OPERATOR = 1 << HOLDFAST__V1__ROLE__ROLE_OPERATOR,
	ROLE_AUDITOR = 1 << HOLDFAST__V1__ROLE__ROLE_AUDITOR,
};
#define ROLE_SERVES  (ROLE_COUNSELOR | ROLE_SUPERVISOR) // may see text
#define ROLE_WATCHES (ROLE_OPERATOR | ROLE_SUPERVISOR)
#define ROLE_ALL     (ROLE_COUNSELOR | ROLE_SUPERVISOR | ROLE_OPERATOR | ROLE_AUDITOR)

// A connection has come or gone. `session` is the caller's id.
void desk_open(struct flow *f, uint64_t session, const char *peer);
void desk_closed(struct flow *f, uint64_t session);
// Bits of enum role; 0 before sign-in.
unsigned desk_roles(const struct flow *f, uint64_t session);
// Its password is being checked.
bool desk_signing_in(const struct flow *f, uint64_t session);
void desk_refuse(struct flow *f, uint64_t session, uint64_t id, const char *code, const char *text);

typedef void (*desk_fn)(struct flow *f, uint64_t session, const Frame *request);
void desk_log_in(struct flow *f, uint64_t session, const Frame *request);
void desk_ping(struct flow *f, uint64_t session, const Frame *request);
void desk_set_presence(struct flow *f, uint64_t session, const Frame *request);
void desk_accept(struct flow *f, uint64_t session, const Frame *request);
void desk_decline(struct flow *f, uint64_t session, const Frame *request);
void desk_recuse(struct flow *f, uint64_t session, const Frame *request);
void desk_reply(struct flow *f, uint64_t session, const Frame *request);
void desk_send_held(struct flow *f, uint64_t session, const Frame *request);
void desk_close(struct flow *f, uint64_t session, const Frame *request);
void desk_flag(struct flow *f, uint64_t session, const Frame *request);
void desk_set_risk(struct flow *f, uint64_t session, const Frame *request);
void desk_set_level(struct flow *f, uint64_t session, const Frame *request);
void desk_settle_flag(struct flow *f, uint64_t session, const Frame *request);
void desk_report_abuse(struct flow *f, uint64_t session, const Frame *request);
void desk_settle_abuse(struct flow *f, uint64_t session, const Frame *request);
void desk_list_abuse(struct flow *f, uint64_t session, const Frame *request);
void desk_answer_close(struct flow *f, uint64_t session, const Frame *request);
void desk_finish_wrap_up(struct flow *f, uint64_t session, const Frame *request);
void desk_get_conversation(struct flow *f, uint64_t session, const Frame *request);
void desk_transfer(struct flow *f, uint64_t session, const Frame *request);
void desk_release(struct flow *f, uint64_t session, const Frame *request);
void desk_invite(struct flow *f, uint64_t session, const Frame *request);
void desk_join(struct flow *f, uint64_t session, const Frame *request);
void desk_leave(struct flow *f, uint64_t session, const Frame *request);
void desk_add_note(struct flow *f, uint64_t session, const Frame *request);
void desk_whisper(struct flow *f, uint64_t session, const Frame *request);
void desk_watch(struct flow *f, uint64_t session, const Frame *request);
void desk_take_over(struct flow *f, uint64_t session, const Frame *request);
void desk_set_pool(struct flow *f, uint64_t session, const Frame *request);
void desk_announce(struct flow *f, uint64_t session, const Frame *request);
void desk_list_conversations(struct flow *f, uint64_t session, const Frame *request);
void desk_forget_conversation(struct flow *f, uint64_t session, const Frame *request);
void desk_get_custody(struct flow *f, uint64_t session, const Frame *request);
void desk_get_quarantine(struct flow *f, uint64_t session, const Frame *request);
void desk_read_quarantined(struct flow *f, uint64_t session, const Frame *request);
void desk_release_quarantined(struct flow *f, uint64_t session, const Frame *request);
void desk_discard_quarantined(struct flow *f, uint64_t session, const Frame *request);
void desk_get_forecast(struct flow *f, uint64_t session, const Frame *request);
void desk_get_status(struct flow *f, uint64_t session, const Frame *request);
void desk_get_queue(struct flow *f, uint64_t session, const Frame *request);
void desk_get_pages(struct flow *f, uint64_t session, const Frame *request);
void desk_acknowledge_page(struct flow *f, uint64_t session, const Frame *request);
void desk_get_staff(struct flow *f, uint64_t session, const Frame *request);
void desk_put_staff(struct flow *f, uint64_t session, const Frame *request);
void desk_remove_staff(struct flow *f, uint64_t session, const Frame *request);
void desk_get_on_call(struct flow *f, uint64_t session, const Frame *request);
void desk_drain(struct flow *f, uint64_t session, const Frame *request);
void desk_run_checks(struct flow *f, uint64_t session, const Frame *request);
