// SPDX-License-Identifier: Apache-2.0
// Fills requests from the command line.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/words.h"

#define PHONE_MAX 64
#include "ctl.h"

bool prepare_queue(const struct ctl *c, Frame *request, struct buf *error)
{
	uint64_t limit;

	if (!args_number(&c->args, "--limit", 500, 0, &limit, error))
		return false;
	request->get_queue->limit = (uint32_t)limit;
	return true;
}

bool prepare_conversations(const struct ctl *c, Frame *request, struct buf *error)
{
	const char *pool = args_value(&c->args, "--pool");
	uint64_t limit;

	if (!args_number(&c->args, "--limit", 200, 0, &limit, error))
		return false;
	request->list_conversations->limit = (uint32_t)limit;
	request->list_conversations->pool = xstrdup(pool ? pool : "");
	return true;
}

bool prepare_conversation(const struct ctl *c, Frame *request, struct buf *error)
{
	(void)error;
	request->get_conversation->conversation = xstrdup(ctl_operand(c, 0));
	return true;
}

bool prepare_pages(const struct ctl *c, Frame *request, struct buf *error)
{
	(void)error;
	request->get_pages->resolved_too = args_has(&c->args, "--all");
	return true;
}

bool prepare_acknowledge(const struct ctl *c, Frame *request, struct buf *error)
{
	if (bytes_to_u64(bytes_str(ctl_operand(c, 0)), &request->acknowledge_page->number))
		return true;
	buf_append_str(error, "a page has a number; see holdfastctl page list");
	return false;
}

bool prepare_remove_staff(const struct ctl *c, Frame *request, struct buf *error)
{
	(void)error;
	request->remove_staff->name = xstrdup(ctl_operand(c, 0));
	return true;
}

// ---- staff put

// Calls `add` for each part of "a,b". False on an empty part, or when `add` says so.
static bool each_part(const char *list, bool (*add)(Holdfast__V1__StaffMember *m, char *part),
        Holdfast__V1__StaffMember *m)
{
	bool ok = true;

	for (bool more = true; more && ok;) {
		size_t len = strcspn(list, ",");
		char *part = xstrndup(list, len);
		ok = len > 0 && add(m, part);
		free(part);
		more = list[len] == ',';
		list += len + 1;
	}
	return ok;
}

static bool add_role(Holdfast__V1__StaffMember *m, char *part)
{
	Holdfast__V1__Role role = role_of_word(part);

	m->roles = xrealloc(m->roles, (m->n_roles + 1) * sizeof(*m->roles));
	m->roles[m->n_roles++] = role;
	return role != HOLDFAST__V1__ROLE__ROLE_UNSPECIFIED;
}

static bool add_pool(Holdfast__V1__StaffMember *m, char *part)
{
	m->pools = xrealloc(m->pools, (m->n_pools + 1) * sizeof(*m->pools));
	m->pools[m->n_pools++] = xstrdup(part);
	return true;
}

static bool add_skill(Holdfast__V1__StaffMember *m, char *part)
{
	m->skills = xrealloc(m->skills, (m->n_skills + 1) * sizeof(*m->skills));
	m->skills[m->n_skills++] = xstrdup(part);
	return true;
}

static bool read_phone(const struct args *a, struct buf *out, struct buf *error)
{
	const char *path = args_value(a, "--phone-file");
	char line[PHONE_MAX];

	if (path)
		return config_read_file(path, PHONE_MAX, out, error);
	if (!args_has(a, "--phone-stdin"))
		return true;
	if (fgets(line, sizeof(line), stdin))
		buf_append_str(out, line);
	else
		buf_append_str(error, "no number came on standard input");
	return out->len > 0;
}

static bool put_phone(const struct ctl *c, Holdfast__V1__StaffMember *m, struct buf *error)
{
	struct buf phone = {0};
	bool ok = read_phone(&c->args, &phone, error);

	if (ok)
		m->phone = bytes_dup(bytes_trim(buf_bytes(&phone)));
	buf_wipe(&phone);
	return ok;
}

static bool put_password(const struct ctl *c, Holdfast__V1__PutStaff *put, struct buf *error)
{
	const char *path = args_value(&c->args, "--password-file");
	struct buf password = {0};
	bool ok = !path || config_read_secret(path, &password, error);

	if (ok && path)
		put->password = bytes_dup(buf_bytes(&password));
	buf_wipe(&password);
	return ok;
}

static Holdfast__V1__StaffMember *new_member(const char *name, uint64_t capacity)
{
	Holdfast__V1__StaffMember *m = xcalloc(1, sizeof(*m));

	holdfast__v1__staff_member__init(m);
	m->name = xstrdup(name);
	m->capacity = (uint32_t)capacity;
	return m;
}

static bool put_grade(const struct ctl *c, Holdfast__V1__StaffMember *m, struct buf *error)
{
	static const char *const grades[] = {"", "novice", "standard", "expert"};
	const char *grade = args_value(&c->args, "--grade");

	for (int i = 0; grade && i < 4; i++)
		if (strcmp(grade, grades[i]) == 0)
			m->grade = (Holdfast__V1__Grade)i;
	if (!grade || m->grade)
		return true;
	buf_append_str(error, "--grade must be novice, standard or expert");
	return false;
}

bool prepare_put_staff(const struct ctl *c, Frame *request, struct buf *error)
{
	const char *roles = args_value(&c->args, "--roles");
	const char *pools = args_value(&c->args, "--pools");
	const char *skills = args_value(&c->args, "--skills");
	uint64_t capacity;

	if (!args_number(&c->args, "--capacity", 10, 0, &capacity, error))
		return false;
	Holdfast__V1__StaffMember *m = new_member(ctl_operand(c, 0), capacity);
	request->put_staff->member = m;
	if (!put_grade(c, m, error))
		return false;
	if (skills && !each_part(skills, add_skill, m)) {
		buf_append_str(error, "--skills needs words with commas between them");
		return false;
	}
	if (!roles || !each_part(roles, add_role, m)) {
		buf_append_str(
		        error, "--roles needs some of counselor,supervisor,operator,auditor");
		return false;
	}
	if (pools && !each_part(pools, add_pool, m)) {
		buf_append_str(error, "--pools needs names of pools with commas between them");
		return false;
	}
	return put_phone(c, m, error) && put_password(c, request->put_staff, error);
}

// ---- oncall --at

// RFC 3339. The zone is Z or ±hh:mm; what timegm() computes needs no zone of this machine.
static bool parse_time(const char *text, int64_t *ms)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours, minutes, end = 0;
	char sign;

	if (!rest)
		return false;
	*ms = (int64_t)timegm(&tm) * 1000;
	if (strcmp(rest, "Z") == 0)
		return true;
	if (sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) != 3 || rest[end] != '\0' ||
	        (sign != '+' && sign != '-') || hours < 0 || hours > 23 || minutes < 0 ||
	        minutes > 59)
		return false;
	*ms -= (sign == '+' ? 1 : -1) * (int64_t)(hours * 60 + minutes) * 60000;
	return true;
}

bool prepare_on_call(const struct ctl *c, Frame *request, struct buf *error)
{
	const char *at = args_value(&c->args, "--at");

	if (!at || parse_time(at, &request->get_on_call->at_ms))
		return true;
	buf_append_str(error, "--at needs a time like 2026-11-22T03:00:00Z");
	return false;
}
