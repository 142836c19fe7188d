// SPDX-License-Identifier: Apache-2.0
// `holdfastctl phone`: a simulated handset; every line of the input goes to the gateway listener as
// Kannel posts it.
#include "phone.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/table.h"
#include "base/codec.h"
#include "base/id.h"
#include "base/utf8.h"
#include "net/http.h"

#define DEFAULT_FROM "+15005550001"
#define POST_MS      15000
#define RETRY_MS     2000
#define TRIES        6
#define LINGER_MAX_S 3600

struct post {
	struct phone *phone;
	struct buf url;
	struct buf body;
	const char *content_type;
	char *text;
	unsigned tries;
};

// ---- one text as Kannel's post-url sends it

// What the GSM 7-bit alphabet (3GPP TS 23.038, with its extension) has beside ASCII.
static const char gsm_extra[] = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà€";

static bool gsm_has(uint32_t character)
{
	struct bytes extra = bytes_str(gsm_extra);

	if (character < 0x80)
		return character != '`' &&
		       (character >= 0x20 || character == '\n' || character == '\r');
	for (size_t pos = 0; pos < extra.len;) {
		if (utf8_next(extra, &pos) == character)
			return true;
	}
	return false;
}

static bool gsm_fits(struct bytes text)
{
	for (size_t pos = 0; pos < text.len;) {
		if (!gsm_has(utf8_next(text, &pos)))
			return false;
	}
	return true;
}

static void append_unit(struct buf *out, uint32_t unit)
{
	buf_append_char(out, (char)(unit >> 8));
	buf_append_char(out, (char)(unit & 0xff));
}

static void append_utf16be(struct buf *out, struct bytes text)
{
	for (size_t pos = 0; pos < text.len;) {
		uint32_t c = utf8_next(text, &pos);
		if (c >= 0x10000) {
			append_unit(out, 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		append_unit(out, c);
	}
}

static void append_url(struct phone *p, bool gsm, struct buf *url)
{
	const struct config_tls_listener *l = &p->config->gateways_listener;
	const char *host = settings_reachable(l->address);
	bool bare6 = strchr(host, ':') != NULL;
	struct buf query = {0}, ts = {0};
	char id[ID_LEN + 1];

	buf_printf(url, "https://%s%s%s:%u/v1/gateways/", bare6 ? "[" : "", host, bare6 ? "]" : "",
	        l->port);
	percent_encode(bytes_str(p->gateway->name), url);
	buf_append_str(url, "/messages");
	if (p->path_secret.len) {
		buf_append_char(url, '/');
		percent_encode(buf_bytes(&p->path_secret), url);
	}
	id_new(id);
	buf_printf(&ts, "%lld", (long long)(loop_wall_ms(p->loop) / 1000));
	form_add(&query, "id", bytes_str(id));
	form_add(&query, "from", bytes_str(p->from));
	form_add(&query, "to", bytes_str(p->to));
	form_add(&query, "ts", buf_bytes(&ts));
	form_add(&query, "smsc", bytes_str("PHONE"));
	form_add(&query, "coding", bytes_str(gsm ? "0" : "2"));
	form_add(&query, "charset", bytes_str(gsm ? "UTF-8" : "UTF-16BE"));
	buf_printf(url, "?%s", buf_str(&query));
	buf_free(&query);
	buf_free(&ts);
}

static void send_post(void *arg);

static void linger_over(void *arg)
{
	loop_stop(arg);
}

static void maybe_end(struct phone *p)
{
	if (p->input_over && p->posts == 0)
		(void)loop_timer(p->loop, p->linger_ms, linger_over, p->loop);
}

static void end_post(struct post *post)
{
	struct phone *p = post->phone;

	buf_wipe(&post->url);
	buf_wipe(&post->body);
	free(post->text);
	free(post);
	p->posts--;
	maybe_end(p);
}

// Kannel takes 200 and 202 for accepted, and repeats everything else with the same id.
static void post_done(uint64_t tag, const struct http_result *result, void *arg)
{
	struct post *post = arg;
	bool answered = result->outcome == HTTP_ANSWERED;

	(void)tag;
	if (answered && (result->status == 200 || result->status == 202)) {
		print_safely("→ %s", post->text);
		end_post(post);
		return;
	}
	if (answered)
		print_safely("(not taken: HTTP %d)", result->status);
	else
		print_safely("(not taken: %s)", result->error);
	if (post->tries < TRIES) {
		(void)loop_timer(post->phone->loop, RETRY_MS, send_post, post);
		return;
	}
	print_safely("(given up after %d tries)", TRIES);
	post->phone->code = EXIT_FAILED;
	end_post(post);
}

static void send_post(void *arg)
{
	struct post *post = arg;
	const char *const headers[] = {post->content_type, "User-Agent: Kannel/1.4.5", NULL};
	struct http_call call = {.method = "POST",
	        .url = buf_str(&post->url),
	        .headers = headers,
	        .body = buf_bytes(&post->body),
	        .ca_file = post->phone->config->ctl.ca_file,
	        .timeout_ms = POST_MS};

	post->tries++;
	http_client_call(post->phone->http, &call, post->tries, post_done, post);
}

static void text_in(struct phone *p, const char *text)
{
	struct post *post = xcalloc(1, sizeof(*post));
	bool gsm = gsm_fits(bytes_str(text));

	post->phone = p;
	post->text = xstrdup(text);
	post->content_type = gsm ? "Content-Type: text/plain; charset=\"UTF-8\""
	                         : "Content-Type: text/plain; charset=\"UTF-16BE\"";
	append_url(p, gsm, &post->url);
	if (gsm)
		buf_append_str(&post->body, text);
	else
		append_utf16be(&post->body, bytes_str(text));
	p->posts++;
	send_post(post);
}

// ---- the input

static void on_line(const char *line, void *arg)
{
	struct phone *p = arg;

	if (!line) {
		p->input_over = true;
		maybe_end(p);
		return;
	}
	if (strncmp(line, "/from ", strlen("/from ")) == 0) {
		free(p->from);
		p->from = xstrdup(line + strlen("/from "));
		print_safely("(now %s)", p->from);
	} else if (*line) {
		text_in(p, line);
	}
	lines_next(p->in);
}

// ---- set-up

static const struct config_gateway *pick_gateway(const struct config *c, const char *name)
{
	if (name)
		return config_gateway(c, name);
	for (unsigned i = 0; i < c->gateways_count; i++) {
		if (strcmp(c->gateways[i].provider, "kannel") == 0)
			return &c->gateways[i];
	}
	return NULL;
}

static const char *pick_line(const struct phone *p, const char *number)
{
	for (unsigned i = 0; i < p->config->lines_count; i++) {
		const struct config_line *l = &p->config->lines[i];
		bool ours = strcmp(l->gateway, p->gateway->name) == 0;
		if (number ? strcmp(l->number, number) == 0 : ours)
			return l->number;
	}
	return NULL;
}

static bool pick(struct phone *p, const struct args *a, struct buf *error)
{
	const char *from = args_value(a, "--from");
	uint64_t linger_s;

	if (!args_number(a, "--linger", LINGER_MAX_S, 2, &linger_s, error))
		return false;
	p->linger_ms = (int64_t)linger_s * 1000;
	p->from = xstrdup(from ? from : DEFAULT_FROM);
	p->gateway = pick_gateway(p->config, args_value(a, "--gateway"));
	if (!p->gateway || strcmp(p->gateway->provider, "kannel") != 0) {
		buf_append_str(error, "the configuration has no such gateway of Kannel's type");
		return false;
	}
	p->to = pick_line(p, args_value(a, "--to"));
	if (!p->to)
		buf_append_str(error, "the configuration has no such line for this gateway");
	return p->to != NULL;
}

// While a secret is being changed its file holds the old one too, below.
static bool read_secret(const char *path, struct buf *out, struct buf *error)
{
	if (!config_read_secret(path, out, error))
		return false;
	const uint8_t *end = memchr(out->data, '\n', out->len);
	if (end)
		out->len = (size_t)(end - out->data);
	return true;
}

static bool read_secrets(struct phone *p, struct buf *error)
{
	const struct config_gateway *g = p->gateway;

	if (!*g->send_socket) {
		buf_printf(error, "gateway %s has no send_socket on which a phone could be texted",
		        g->name);
		return false;
	}
	return read_secret(g->secret_file, &p->secret, error) &&
	       (!*g->path_secret_file || read_secret(g->path_secret_file, &p->path_secret, error));
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static bool start(struct phone *p, const struct args *a, struct buf *error)
{
	if (!pick(p, a, error) || !read_secrets(p, error))
		return false;
	p->loop = loop_new(clock_system());
	p->in = lines_new(p->loop, on_line, p);
	p->http = http_client_new(p->loop);
	loop_on_signal(p->loop, SIGINT, stop, p->loop);
	loop_on_signal(p->loop, SIGTERM, stop, p->loop);
	return phone_serve(p, error);
}

static void end(struct phone *p)
{
	phone_close(p);
	if (p->http)
		http_client_free(p->http);
	if (p->in) {
		client_settle(p->loop);
		lines_end(p->in);
	}
	buf_wipe(&p->secret);
	buf_wipe(&p->path_secret);
	free(p->from);
}

static void run_until_stopped(struct phone *p)
{
	printf("Phone %s texts %s through gateway %s. What it gets shows as \"←\".\n", p->from,
	        p->to, p->gateway->name);
	puts("Type a text and Enter. /from NUMBER is another handset; Ctrl-D or Ctrl-C ends.");
	lines_next(p->in);
	loop_run(p->loop);
}

int run_phone(struct ctl *c)
{
	struct phone p = {.code = EXIT_DONE};
	struct buf error = {0};

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (settings_load(&c->settings, &c->args, &error))
		p.config = c->settings.config;
	if (p.config && start(&p, &c->args, &error))
		run_until_stopped(&p);
	else
		p.code = ctl_fail(EXIT_FAILED, "%s", buf_str(&error));
	end(&p);
	buf_free(&error);
	return p.code;
}
