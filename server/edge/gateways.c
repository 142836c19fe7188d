// SPDX-License-Identifier: Apache-2.0
// The table of providers, and the configured gateways with their secrets.
#include "edge/gateways.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

#define X(provider) extern const struct gateway_provider gateway_provider_##provider;
#include "edge/gateways.def"
#undef X

static const struct gateway_provider *const providers[] = {
#define X(provider) &gateway_provider_##provider,
#include "edge/gateways.def"
#undef X
};

#define PROVIDERS (sizeof providers / sizeof *providers)

const struct gateway_provider *gateway_provider_at(size_t index)
{
	return index < PROVIDERS ? providers[index] : NULL;
}

const struct gateway_provider *gateway_provider(const char *name)
{
	for (size_t i = 0; i < PROVIDERS; i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	return NULL;
}

// One gateway and what its `view` borrows from.
struct entry {
	struct gateway view;
	char *name;
	char *account;
	char *public_url;
	char *send_url;
	char *send_socket;
	char *send_ca_file;
	struct buf secret;
	struct buf path_secret;
};

struct gateways {
	struct entry *entries;
	size_t count;
	struct strmap *by_name;
};

static char *without_slash(const char *url)
{
	size_t len = strlen(url);
	while (len && url[len - 1] == '/')
		len--;
	return xstrndup(url, len);
}

static struct gateway entry_view(const struct entry *e, const struct config_gateway *c)
{
	return (struct gateway){
	        .name = e->name,
	        .provider = gateway_provider(c->provider),
	        .account = e->account,
	        .secret = buf_bytes(&e->secret),
	        .path_secret = buf_bytes(&e->path_secret),
	        .require_client_certificate = c->require_client_certificate,
	        .public_url = e->public_url,
	        .send_url = e->send_url,
	        .send_socket = e->send_socket,
	        .send_ca_file = e->send_ca_file,
	        .validity_s = c->validity_s,
	};
}

static void entry_load(struct entry *e, const struct config_gateway *c)
{
	e->name = xstrdup(c->name);
	e->account = xstrdup(c->account);
	e->public_url = without_slash(c->public_url);
	e->send_url = without_slash(c->send_url);
	e->send_socket = xstrdup(c->send_socket);
	e->send_ca_file = xstrdup(c->send_ca_file);
}

static void entry_free(struct entry *e)
{
	free(e->name);
	free(e->account);
	free(e->public_url);
	free(e->send_url);
	free(e->send_socket);
	free(e->send_ca_file);
	buf_wipe(&e->secret);
	buf_wipe(&e->path_secret);
}

// A file that is named must hold something: an empty secret would be equal to an absent one.
static bool read_secret(const char *file, struct buf *out, struct buf *error)
{
	if (!*file)
		return true;
	if (!config_read_secret(file, out, error))
		return false;
	if (!bytes_trim(buf_bytes(out)).len)
		buf_printf(error, "%s is empty", file);
	return bytes_trim(buf_bytes(out)).len;
}

static bool entry_check(const struct gateway *view, const char *provider, struct buf *error)
{
	if (!view->provider) {
		buf_printf(error, "there is no provider \"%s\"", provider);
		return false;
	}
	if (!*view->public_url) {
		buf_append_str(error, "public_url is missing: the provider has to reach us");
		return false;
	}
	return view->provider->check(view, error);
}

static void report(struct buf *errors, const char *name, struct buf *error)
{
	struct bytes line = bytes_trim(buf_bytes(error));
	buf_printf(errors, "gateway %s: %.*s\n", name, (int)line.len, (const char *)line.data);
}

static void gateways_add(
        struct gateways *g, struct entry *e, const struct config_gateway *c, struct buf *errors)
{
	struct buf error = {0};
	entry_load(e, c);
	bool ok = read_secret(c->secret_file, &e->secret, &error) &&
	          read_secret(c->path_secret_file, &e->path_secret, &error);
	e->view = entry_view(e, c);
	if (ok)
		ok = entry_check(&e->view, c->provider, &error);
	if (!ok)
		report(errors, c->name, &error);
	strmap_put(g->by_name, e->name, &e->view);
	buf_free(&error);
}

struct gateways *gateways_new(const struct config *config, struct buf *errors)
{
	struct gateways *g = xcalloc(1, sizeof *g);
	size_t before = errors->len;
	g->by_name = strmap_new();
	g->count = config->gateways_count;
	g->entries = xcalloc(g->count ? g->count : 1, sizeof *g->entries);
	for (size_t i = 0; i < g->count; i++)
		gateways_add(g, &g->entries[i], &config->gateways[i], errors);
	if (errors->len == before)
		return g;
	gateways_free(g);
	return NULL;
}

void gateways_free(struct gateways *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->count; i++)
		entry_free(&g->entries[i]);
	free(g->entries);
	strmap_free(g->by_name);
	free(g);
}

const struct gateway *gateways_find(const struct gateways *g, const char *name)
{
	return strmap_get(g->by_name, name);
}
