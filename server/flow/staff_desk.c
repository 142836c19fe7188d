// SPDX-License-Identifier: Apache-2.0
// What operators ask about staff: list, write, remove.
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "core/assign.h"
#include "core/skills.h"
#include "duty.h"
#include "staff.h"
#include "vault/password.h"

#define CAPACITY_MAX 10
#define PASSWORD_MIN 8
#define PASSWORD_MAX 1024

// ---- listing: the records, and who of them is signed in, from every pool ----

struct listing {
	struct request *request;
	size_t open;
	enum err err;
	Holdfast__V1__StaffMember **members;
	size_t count;
};

static void member_free(Holdfast__V1__StaffMember *m)
{
	free(m->name);
	free(m->phone);
	free(m->roles);
	for (size_t i = 0; i < m->n_pools; i++)
		free(m->pools[i]);
	free(m->pools);
	for (size_t i = 0; i < m->n_skills; i++)
		free(m->skills[i]);
	free(m->skills);
	free(m);
}

static int by_name(const void *x, const void *y)
{
	const Holdfast__V1__StaffMember *a = *(Holdfast__V1__StaffMember *const *)x;
	const Holdfast__V1__StaffMember *b = *(Holdfast__V1__StaffMember *const *)y;
	return strcmp(a->name, b->name);
}

static void listing_answer(struct listing *l)
{
	struct request *r = l->request;
	Holdfast__V1__StaffList answer = HOLDFAST__V1__STAFF_LIST__INIT;
	if (l->count > 0)
		qsort(l->members, l->count, sizeof(Holdfast__V1__StaffMember *), by_name);
	answer.n_members = l->count;
	answer.members = l->members;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_STAFF_LIST, &answer);
	free(r);
}

static void listing_step(struct listing *l)
{
	if (--l->open > 0)
		return;
	if (l->err == ERR_NONE)
		listing_answer(l);
	else
		request_end(l->request, l->err, NULL);
	for (size_t i = 0; i < l->count; i++)
		member_free(l->members[i]);
	free(l->members);
	free(l);
}

static int64_t number_of(const json_t *s, const char *key)
{
	return (int64_t)json_number_value(json_object_get(s, key));
}

static void note_duty(const struct pool *p, Holdfast__V1__StaffMember *m, const json_t *s)
{
	const char *presence = json_string_value(json_object_get(s, "presence"));
	m->signed_in = strcmp(presence, "gone") != 0;
	m->presence = presence_named(bytes_str(presence));
	m->units += (uint32_t)number_of(s, "load");
	// An imminent conversation takes all, whatever that is.
	m->load = m->units < m->capacity ? m->units : m->capacity;
	m->break_until_ms = number_of(s, "break_until");
	m->shift_end_ms = number_of(s, "shift_end");
	m->draining = m->draining ||
	              assign_draining(m->shift_end_ms, (int64_t)p->config->drain_before_s * 1000,
	                      flow_now(p->flow));
}

struct listing_part {
	struct listing *all;
	const struct pool *pool;
};

static void note_presence(const struct listing_part *part, struct bytes name, struct bytes json)
{
	struct listing *l = part->all;
	json_t *s = json_loadb((const char *)json.data, json.len, 0, NULL);
	bool readable = json_is_string(json_object_get(s, "presence"));
	for (size_t i = 0; readable && i < l->count; i++)
		if (bytes_is(name, l->members[i]->name))
			note_duty(part->pool, l->members[i], s);
	json_decref(s);
}

static void on_signed_in(const struct store_answer *a, void *arg)
{
	struct listing_part *part = arg;
	struct listing *l = part->all;
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	for (size_t i = 0; i + 1 < redis_count(a->reply); i += 2)
		note_presence(part, redis_bytes(redis_at(a->reply, i)),
		        redis_bytes(redis_at(a->reply, i + 1)));
	free(part);
	listing_step(l);
}

static char *shown_phone(struct flow *f, const struct staff_member *m)
{
	struct buf number = {0};
	char cut[16];
	if (m->phone.len == 0)
		return xstrdup("");
	if (!vault_open_number(f->vault, m->name, buf_bytes(&m->phone), &number))
		return xstrdup("?");
	log_number(cut, buf_str(&number));
	buf_wipe(&number);
	return xstrdup(cut);
}

static void add_member(const struct staff_member *m, void *arg)
{
	struct listing *l = arg;
	Holdfast__V1__StaffMember *out = xcalloc(1, sizeof *out);
	holdfast__v1__staff_member__init(out);
	out->name = xstrdup(m->name);
	out->phone = shown_phone(l->request->flow, m);
	out->capacity = m->capacity;
	out->grade = (Holdfast__V1__Grade)m->grade;
	out->roles = xcalloc(8, sizeof *out->roles);
	for (int r = HOLDFAST__V1__ROLE__ROLE_COUNSELOR; r <= HOLDFAST__V1__ROLE__ROLE_AUDITOR; r++)
		if (m->roles & (1u << r))
			out->roles[out->n_roles++] = (Holdfast__V1__Role)r;
	out->pools = xcalloc(m->pools_count + 1, sizeof(char *));
	for (size_t i = 0; i < m->pools_count; i++)
		out->pools[out->n_pools++] = xstrdup(m->pools[i]);
	out->skills = xcalloc(m->skills_count + 1, sizeof(char *));
	for (size_t i = 0; i < m->skills_count; i++)
		out->skills[out->n_skills++] = xstrdup(m->skills[i]);
	l->members = xrealloc(l->members, (l->count + 1) * sizeof(Holdfast__V1__StaffMember *));
	l->members[l->count++] = out;
}

void desk_get_staff(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	if (!s)
		return;
	struct listing *l = xcalloc(1, sizeof *l);
	l->request = request_new(f, s, frame->id);
	l->open = 1;
	staff_each(f->staff, add_member, l);
	for (size_t i = 0; i < f->pools_count; i++) {
		struct listing_part *part = xcalloc(1, sizeof *part);
		*part = (struct listing_part){l, &f->pools[i]};
		l->open++;
		store_signed_in(f->store, f->pools[i].config->name, on_signed_in, part);
	}
	listing_step(l);
}

// ---- writing ----

struct writing {
	struct request *request;
	char name[33];
	unsigned roles;
	char **pools;
	size_t pools_count;
	unsigned capacity;
	int grade;
	char **skills;
	size_t skills_count;
	char *phone;
	struct buf password;
	char hash[PASSWORD_HASH_MAX];
};

static void writing_free(struct writing *w)
{
	for (size_t i = 0; i < w->pools_count; i++)
		free(w->pools[i]);
	free(w->pools);
	for (size_t i = 0; i < w->skills_count; i++)
		free(w->skills[i]);
	free(w->skills);
	if (w->phone)
		mem_wipe(w->phone, strlen(w->phone));
	free(w->phone);
	buf_wipe(&w->password);
	free(w);
}

static void on_read_again(void *arg)
{
	struct writing *w = arg;
	log_info("event=staff_written staff=%s by=%s", w->name, w->request->name);
	request_end(w->request, ERR_NONE, NULL);
	writing_free(w);
}

static void on_written(const struct store_answer *a, void *arg)
{
	struct writing *w = arg;
	char text[120];
	if (a->code == STORE_OK) {
		staff_load_then(w->request->flow->staff, on_read_again, w);
		return;
	}
	if (a->code == STORE_CONFLICT) {
		struct bytes owner = redis_bytes(redis_at(a->reply, 1));
		snprintf(text, sizeof text, "That phone belongs to %.*s.", (int)owner.len,
		        (const char *)owner.data);
		request_end(w->request, ERR_CONFLICT, text);
	} else {
		request_end_code(w->request, a->code);
	}
	writing_free(w);
}

static void write_now(struct writing *w)
{
	const struct staff_change change = {
	        .name = w->name,
	        .roles = w->roles,
	        .pools = w->pools,
	        .pools_count = w->pools_count,
	        .capacity = w->capacity,
	        .grade = w->grade,
	        .skills = w->skills,
	        .skills_count = w->skills_count,
	        .phone = w->phone,
	        .hash = w->password.len ? w->hash : NULL,
	};
	staff_write(w->request->flow->staff, &change, on_written, w);
}

static void hash_password(void *arg)
{
	struct writing *w = arg;
	password_hash(buf_bytes(&w->password), w->hash);
}

static void on_hashed(void *arg)
{
	write_now(arg);
}

static bool name_ok(const char *name)
{
	size_t len = strlen(name);
	return len >= 1 && len <= 32 && isalnum((unsigned char)name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static bool phone_ok(const char *phone)
{
	size_t digits = strspn(phone + (phone[0] == '+'), "0123456789");
	return !phone[0] || (digits >= 3 && digits <= 15 && !phone[(phone[0] == '+') + digits]);
}

static bool serves(const Holdfast__V1__StaffMember *m)
{
	for (size_t i = 0; i < m->n_roles; i++)
		if ((1u << m->roles[i]) & ROLE_SERVES)
			return true;
	return false;
}

static const char *mistake(struct flow *f, const Holdfast__V1__PutStaff *in)
{
	const Holdfast__V1__StaffMember *m = in->member;
	if (!m || !name_ok(m->name))
		return "member.name must be 1 to 32 characters of a-z, 0-9, _ and -, the first a "
		       "letter or figure.";
	if (m->n_roles == 0)
		return "member.roles must name at least one role.";
	for (size_t i = 0; i < m->n_roles; i++)
		if (m->roles[i] < HOLDFAST__V1__ROLE__ROLE_COUNSELOR ||
		        m->roles[i] > HOLDFAST__V1__ROLE__ROLE_AUDITOR)
			return "member.roles holds an unknown role.";
	for (size_t i = 0; i < m->n_pools; i++)
		if (!pool_find(f, m->pools[i]))
			return "member.pools names a pool that is not configured.";
	if (serves(m) && m->n_pools == 0)
		return "member.pools must name a pool for a counselor or supervisor.";
	if (m->capacity > CAPACITY_MAX)
		return "member.capacity must be 1 to 10, or 0 for what the grade says.";
	if (m->n_skills > SKILLS_MAX)
		return "member.skills holds more than 16.";
	for (size_t i = 0; i < m->n_skills; i++)
		if (!config_is_skill(m->skills[i]) || m->skills[i][0] == SKILL_NOT)
			return "member.skills must be words of a-z, 0-9, :, _ and -, at most 32 "
			       "characters.";
	if (m->grade > HOLDFAST__V1__GRADE__GRADE_EXPERT)
		return "member.grade is unknown.";
	if (!phone_ok(m->phone))
		return "member.phone must be + and 3 to 15 digits.";
	size_t len = strlen(in->password);
	if (len > 0 && (len < PASSWORD_MIN || len > PASSWORD_MAX))
		return "password must have 8 to 1024 characters.";
	return NULL;
}

void desk_put_staff(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__PutStaff *in = frame->put_staff;
	struct session *s = session_find(f, session);
	const char *wrong = mistake(f, in);
	if (!s)
		return;
	if (wrong) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, wrong);
		return;
	}
	const Holdfast__V1__StaffMember *m = in->member;
	struct writing *w = xcalloc(1, sizeof *w);
	w->request = request_new(f, s, frame->id);
	snprintf(w->name, sizeof w->name, "%s", m->name);
	for (size_t i = 0; i < m->n_roles; i++)
		w->roles |= 1u << m->roles[i];
	w->pools = xcalloc(m->n_pools + 1, sizeof *w->pools);
	for (size_t i = 0; i < m->n_pools; i++)
		w->pools[w->pools_count++] = xstrdup(m->pools[i]);
	w->skills = xcalloc(m->n_skills + 1, sizeof *w->skills);
	for (size_t i = 0; i < m->n_skills; i++)
		w->skills[w->skills_count++] = xstrdup(m->skills[i]);
	w->capacity = m->capacity;
	w->grade = (int)m->grade;
	w->phone = m->phone[0] ? xstrdup(m->phone) : NULL;
	buf_append_str(&w->password, in->password);
	if (w->password.len == 0) {
		write_now(w);
	} else if (!loop_offload(f->loop, hash_password, on_hashed, w)) {
		request_end(w->request, ERR_TOO_MANY, NULL);
		writing_free(w);
	}
}

static void on_removed(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_info("event=staff_removed by=%s", r->name);
	request_end_code(r, a->code);
}

void desk_remove_staff(struct flow *f, uint64_t session, const Frame *frame)
{
	const char *name = frame->remove_staff->name;
	struct session *s = session_find(f, session);
	if (!s)
		return;
	if (!name_ok(name) || strcmp(name, s->name) == 0) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "name must be a staff member other than yourself.");
		return;
	}
	struct session *theirs = strmap_get(f->signed_in, name);
	if (theirs)
		session_dismiss(f, theirs, "removed");
	store_staff_remove(f->store, name, on_removed, request_new(f, s, frame->id));
}
