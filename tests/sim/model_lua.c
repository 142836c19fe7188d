// SPDX-License-Identifier: Apache-2.0
// The real scripts in a Lua of our own, with Redis' rules for what a script may touch.
#include "model_lua.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "base/codec.h"
#include "base/log.h"
#include "vault/mac.h"

struct script_source {
	const char *name;
	const char *text;
};

static const struct script_source sources[] = {
#include "scripts.inc"
};
#define SOURCES_COUNT (sizeof sources / sizeof sources[0])
#define SCRIPTS_MAX   128
#define PARTS_MAX     1024

struct loaded {
	const char *name; // both borrowed from the caller or the table above
	const char *text;
	int function; // in Lua's registry
};

// What is being run.
struct model_lua {
	lua_State *lua;
	struct loaded all[SCRIPTS_MAX];
	size_t count;
	int globals;        // in the registry: what a script may see
	int env;            // the empty table in front of it
	const char *script; // now
	struct model_store *store;
	const struct model_call *call;
	int keys;
	const char *deny;
	// Of the latest redis.call.
	struct bytes argv[PARTS_MAX];
	char digits[PARTS_MAX][32];
	struct model_reply reply;
};

static _Noreturn void broken(const struct model_lua *l, const char *what, const char *detail)
{
	fatal("event=script_broken script=%s what=%s detail=\"%s\"", l->script, what, detail);
}

static struct model_lua *self(lua_State *lua)
{
	return lua_touserdata(lua, lua_upvalueindex(1));
}

// ---- redis.call

static bool is_declared(const struct model_lua *l, struct bytes key)
{
	for (int i = 0; i < l->keys; i++)
		if (bytes_equal(l->call->argv[i], key))
			return true;
	return false;
}

static void check_keys(
        const struct model_lua *l, const struct model_command *c, const struct model_call *call)
{
	int at;
	for (int i = 0; (at = model_command_key(c, call->argc, i)) != 0; i++)
		if (!is_declared(l, call->argv[at]))
			broken(l, "undeclared_key", (const char *)call->argv[at].data);
}

// Redis writes numbers so; whole ones without a point.
static struct bytes take_part(lua_State *lua, int index, char digits[static 32])
{
	size_t len = 0;
	if (lua_type(lua, index) == LUA_TNUMBER) {
		lua_Number n = lua_tonumber(lua, index);
		return bytes_of(digits, (size_t)snprintf(digits, 32, "%.17g", n));
	}
	const char *text = lua_tolstring(lua, index, &len);
	return bytes_of(text, len);
}

static int raise(lua_State *lua, const char *error)
{
	lua_createtable(lua, 0, 1);
	lua_pushstring(lua, error);
	lua_setfield(lua, -2, "err");
	return lua_error(lua);
}

// Pushes the value at *at and moves past it and its items.
static void push_value(lua_State *lua, const struct model_reply *r, size_t *at)
{
	const struct model_value *v = &r->at[(*at)++];
	struct bytes text = model_value_bytes(v);
	switch (v->type) {
	case MODEL_NIL:
		lua_pushboolean(lua, false);
		break;
	case MODEL_INTEGER:
		lua_pushnumber(lua, (lua_Number)v->integer);
		break;
	case MODEL_STRING:
		lua_pushlstring(lua, (const char *)text.data, text.len);
		break;
	case MODEL_STATUS:
	case MODEL_ERROR:
		lua_createtable(lua, 0, 1);
		lua_pushlstring(lua, (const char *)text.data, text.len);
		lua_setfield(lua, -2, v->type == MODEL_STATUS ? "ok" : "err");
		break;
	case MODEL_ARRAY:
		luaL_checkstack(lua, 4, "a reply is too deep");
		lua_createtable(lua, (int)v->integer, 0);
		for (int i = 1, count = (int)v->integer; i <= count; i++) {
			push_value(lua, r, at);
			lua_rawseti(lua, -2, i);
		}
		break;
	}
}

static int redis_call(lua_State *lua)
{
	struct model_lua *l = self(lua);
	int argc = lua_gettop(lua);
	size_t at = 0;
	if (argc < 1 || argc > PARTS_MAX)
		broken(l, "parts", "of redis.call");
	for (int i = 0; i < argc; i++) {
		l->argv[i] = take_part(lua, i + 1, l->digits[i]);
		if (!l->argv[i].data)
			broken(l, "argument", "neither a string nor a number");
	}
	struct model_call call = *l->call;
	call.argc = argc;
	call.argv = l->argv;
	const struct model_command *c = model_command_of(call.argv[0]);
	check_keys(l, c, &call);
	if (l->deny && model_command_writes(c))
		return raise(lua, l->deny);
	model_store_run(l->store, &call, &l->reply);
	push_value(lua, &l->reply, &at);
	return l->reply.at[0].type == MODEL_ERROR ? lua_error(lua) : 1;
}

static int make_reply(lua_State *lua, const char *field)
{
	luaL_checkstring(lua, 1);
	lua_createtable(lua, 0, 1);
	lua_pushvalue(lua, 1);
	lua_setfield(lua, -2, field);
	return 1;
}

static int error_reply(lua_State *lua)
{
	return make_reply(lua, "err");
}

static int status_reply(lua_State *lua)
{
	return make_reply(lua, "ok");
}

static int sha1hex(lua_State *lua)
{
	size_t len = 0;
	const char *text = luaL_checklstring(lua, 1, &len);
	uint8_t digest[20];
	struct buf hex = {0};
	sha1(bytes_of(text, len), digest);
	hex_encode(bytes_of(digest, sizeof digest), &hex);
	lua_pushlstring(lua, buf_str(&hex), hex.len);
	buf_free(&hex);
	return 1;
}

// ---- what a script sees

static int on_missing_global(lua_State *lua)
{
	broken(self(lua), "nonexistent_global", luaL_checkstring(lua, 2));
}

static int on_global_write(lua_State *lua)
{
	broken(self(lua), "global_write", luaL_checkstring(lua, 2));
}

static void add_function(struct model_lua *l, const char *name, lua_CFunction fn)
{
	lua_pushlightuserdata(l->lua, l);
	lua_pushcclosure(l->lua, fn, 1);
	lua_setfield(l->lua, -2, name);
}

// The table at the top gets the library or function of that name.
static void allow(struct model_lua *l, const char *name)
{
	lua_getglobal(l->lua, name);
	if (lua_isnil(l->lua, -1))
		fatal("event=lua_without what=%s", name);
	lua_setfield(l->lua, -2, name);
}

static void push_metatable(struct model_lua *l, const char *event, lua_CFunction fn)
{
	lua_createtable(l->lua, 0, 2);
	add_function(l, event, fn);
}

// Chance and the clock are left out: a script that used them would not be repeatable.
static void make_globals(struct model_lua *l)
{
	static const char *const names[] = {"string", "table", "tonumber", "tostring", "pairs",
	        "ipairs", "type", "error", "assert", "next", "select", "unpack", "math", "cjson"};
	lua_State *lua = l->lua;
	lua_createtable(lua, 0, 20);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		allow(l, names[i]);
	lua_createtable(lua, 0, 4);
	add_function(l, "call", redis_call);
	add_function(l, "error_reply", error_reply);
	add_function(l, "status_reply", status_reply);
	add_function(l, "sha1hex", sha1hex);
	lua_setfield(lua, -2, "redis");
	lua_getfield(lua, -1, "math");
	lua_pushnil(lua);
	lua_setfield(lua, -2, "random");
	lua_pop(lua, 1);
	push_metatable(l, "__index", on_missing_global);
	lua_setmetatable(lua, -2);
	l->globals = luaL_ref(lua, LUA_REGISTRYINDEX);
	lua_createtable(lua, 0, 0);
	push_metatable(l, "__newindex", on_global_write);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, l->globals);
	lua_setfield(lua, -2, "__index");
	lua_setmetatable(lua, -2);
	l->env = luaL_ref(lua, LUA_REGISTRYINDEX);
}

static void load_cjson(lua_State *lua)
{
	lua_getglobal(lua, "require");
	lua_pushstring(lua, "cjson");
	if (lua_pcall(lua, 1, 1, 0) != 0)
		fatal("event=no_cjson error=\"%s\" hint=\"Debian's lua-cjson\"",
		        lua_tostring(lua, -1));
	lua_setglobal(lua, "cjson");
}

void model_lua_add(struct model_lua *l, const char *name, const char *text)
{
	size_t at = 0;
	while (at < l->count && strcmp(l->all[at].name, name) != 0)
		at++;
	if (at == SCRIPTS_MAX)
		fatal("event=too_many_scripts script=%s", name);
	if (luaL_loadbuffer(l->lua, text, strlen(text), "@user_script") != 0)
		fatal("event=script_not_loaded script=%s error=\"%s\"", name,
		        lua_tostring(l->lua, -1));
	lua_rawgeti(l->lua, LUA_REGISTRYINDEX, l->env);
	lua_setfenv(l->lua, -2);
	if (at < l->count)
		luaL_unref(l->lua, LUA_REGISTRYINDEX, l->all[at].function);
	else
		l->count++;
	l->all[at] = (struct loaded){name, text, luaL_ref(l->lua, LUA_REGISTRYINDEX)};
}

const char *model_lua_name_of(const struct model_lua *l, struct bytes text)
{
	for (size_t i = 0; i < l->count; i++)
		if (bytes_is(text, l->all[i].text))
			return l->all[i].name;
	return NULL;
}

struct model_lua *model_lua_new(void)
{
	struct model_lua *l = xcalloc(1, sizeof *l);
	l->script = "-";
	l->lua = luaL_newstate();
	if (!l->lua)
		fatal("event=out_of_memory in=lua");
	luaL_openlibs(l->lua);
	load_cjson(l->lua);
	make_globals(l);
	for (size_t i = 0; i < SOURCES_COUNT; i++)
		model_lua_add(l, sources[i].name, sources[i].text);
	return l;
}

void model_lua_free(struct model_lua *l)
{
	if (!l)
		return;
	lua_close(l->lua);
	model_reply_free(&l->reply);
	free(l);
}

// ---- one run

static struct bytes hash_tag(struct bytes key)
{
	const uint8_t *open = memchr(key.data, '{', key.len);
	const uint8_t *close = open ? memchr(open, '}', key.len - (size_t)(open - key.data)) : NULL;
	return close ? bytes_of(open, (size_t)(close - open)) : key;
}

static void check_tags(const struct model_lua *l)
{
	for (int i = 1; i < l->keys; i++)
		if (!bytes_equal(hash_tag(l->call->argv[0]), hash_tag(l->call->argv[i])))
			broken(l, "keys_of_several_slots", (const char *)l->call->argv[i].data);
}

static void set_parts(struct model_lua *l, const char *name, int from, int to)
{
	lua_createtable(l->lua, to - from, 0);
	for (int i = from; i < to; i++) {
		struct bytes part = l->call->argv[i];
		lua_pushlstring(l->lua, part.len ? (const char *)part.data : "", part.len);
		lua_rawseti(l->lua, -2, i - from + 1);
	}
	lua_setfield(l->lua, -2, name);
}

// The text of field `name` of the table at the top as a reply of that type; false without one.
static bool add_field(
        lua_State *lua, const char *name, enum model_type type, struct model_reply *out)
{
	size_t len;
	lua_getfield(lua, -1, name);
	bool there = lua_type(lua, -1) == LUA_TSTRING;
	if (there) {
		const char *text = lua_tolstring(lua, -1, &len);
		model_add_copy(out, type, bytes_of(text, len));
	}
	lua_pop(lua, 1);
	return there;
}

static void add_value(struct model_lua *l, struct model_reply *out);

// Up to the first nil, as Redis does.
static void add_items(struct model_lua *l, struct model_reply *out)
{
	size_t at = out->count;
	int count = 0;
	model_add_array(out, 0);
	luaL_checkstack(l->lua, 4, "a reply is too deep");
	for (;; count++) {
		lua_rawgeti(l->lua, -1, count + 1);
		if (lua_isnil(l->lua, -1))
			break;
		add_value(l, out);
	}
	lua_pop(l->lua, 1);
	out->at[at].integer = count;
}

// Takes the value at the top.
static void add_value(struct model_lua *l, struct model_reply *out)
{
	lua_State *lua = l->lua;
	size_t len;
	const char *text;
	switch (lua_type(lua, -1)) {
	case LUA_TNUMBER:
		model_add_integer(out, (int64_t)lua_tonumber(lua, -1));
		break;
	case LUA_TSTRING:
		text = lua_tolstring(lua, -1, &len);
		model_add_copy(out, MODEL_STRING, bytes_of(text, len));
		break;
	case LUA_TBOOLEAN:
		if (lua_toboolean(lua, -1))
			model_add_integer(out, 1);
		else
			model_add_nil(out);
		break;
	case LUA_TTABLE:
		if (!add_field(lua, "err", MODEL_ERROR, out) &&
		        !add_field(lua, "ok", MODEL_STATUS, out))
			add_items(l, out);
		break;
	default:
		model_add_nil(out);
	}
	lua_pop(lua, 1);
}

// What redis.call raised is a table; anything else is the script's own mistake.
static void add_error(struct model_lua *l, struct model_reply *out)
{
	bool raised = lua_istable(l->lua, -1) && add_field(l->lua, "err", MODEL_ERROR, out);
	if (!raised)
		broken(l, "error", lua_tostring(l->lua, -1));
	struct bytes text = model_value_bytes(&out->at[0]);
	if (!l->deny || !bytes_is(text, l->deny))
		broken(l, "error_of_a_command", (const char *)text.data);
	lua_pop(l->lua, 1);
}

static int function_of(const struct model_lua *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->all[i].name, l->script) == 0)
			return l->all[i].function;
	fatal("event=no_such_script script=%s", l->script);
}

void model_lua_run(struct model_lua *l, struct model_store *s, const char *script, int keys,
        const struct model_call *call, const char *deny, struct model_reply *out)
{
	l->script = script;
	l->store = s;
	l->call = call;
	l->keys = keys;
	l->deny = deny;
	model_reply_clear(out);
	check_tags(l);
	lua_rawgeti(l->lua, LUA_REGISTRYINDEX, l->globals);
	set_parts(l, "KEYS", 0, keys);
	set_parts(l, "ARGV", keys, call->argc);
	lua_pop(l->lua, 1);
	lua_rawgeti(l->lua, LUA_REGISTRYINDEX, function_of(l));
	if (lua_pcall(l->lua, 0, 1, 0) == 0)
		add_value(l, out);
	else
		add_error(l, out);
}
