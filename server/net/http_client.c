// SPDX-License-Identifier: Apache-2.0
// Calls to providers: libcurl's multi interface on the loop, and a careful verdict on what became
// of each call.

#include "net/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "loop_private.h"

enum {
	ANSWER_MAX = 256 * 1024,
};

struct call {
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	struct buf answer;
	bool too_large;
	uint64_t tag;
	http_done_fn done;
	void *arg;
	LIST_ENTRY(call) link;
};

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct event *timer;
	LIST_HEAD(, call) calls;
	size_t open;
	bool freed_in_callback;
	bool reporting;
};

static void free_call(struct call *call)
{
	struct http_client *h = call->client;
	curl_multi_remove_handle(h->multi, call->easy);
	LIST_REMOVE(call, link);
	h->open--;
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	buf_wipe(&call->answer);
	free(call);
}

// Only when curl had not yet come to the point of sending, and has sent nothing, can the peer not
// have acted. Everything else is open, a late refusal in the TLS handshake included.
static bool surely_not_sent(CURL *easy)
{
	curl_off_t pretransfer = 0;
	long sent = 0;
	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer) == CURLE_OK &&
	       curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK &&
	       pretransfer == 0 && sent == 0;
}

// Seconds or a date; curl reads both.
static int64_t retry_after(CURL *easy)
{
	curl_off_t seconds = 0;
	if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0)
		return 0;
	return seconds;
}

static void report(struct call *call, CURLcode code)
{
	struct http_result result = {.error = ""};
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK) {
		result.outcome = HTTP_ANSWERED;
		result.status = (int)status;
		result.body = buf_bytes(&call->answer);
		result.retry_after_s = retry_after(call->easy);
	} else {
		// curl's general text for the code: its detailed one may quote the URL.
		result.error =
		        call->too_large ? "the answer is too large" : curl_easy_strerror(code);
		result.outcome = surely_not_sent(call->easy) ? HTTP_NOT_SENT : HTTP_AMBIGUOUS;
	}
	call->done(call->tag, &result, call->arg);
}

static void destroy(struct http_client *h)
{
	struct call *call = LIST_FIRST(&h->calls);
	while (call) {
		struct call *next = LIST_NEXT(call, link);
		free_call(call);
		call = next;
	}
	curl_multi_cleanup(h->multi);
	event_free(h->timer);
	free(h);
	curl_global_cleanup();
}

static void report_finished(struct http_client *h)
{
	CURLMsg *message;
	int left;
	h->reporting = true;
	while (!h->freed_in_callback && (message = curl_multi_info_read(h->multi, &left))) {
		struct call *call = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		report(call, code);
		free_call(call);
	}
	h->reporting = false;
	if (h->freed_in_callback)
		destroy(h);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *h = arg;
	int running;
	int mask =
	        (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	curl_multi_socket_action(h->multi, fd, mask, &running);
	report_finished(h);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct http_client *h = arg;
	int running;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	report_finished(h);
}

// curl wants `what` watched on `fd`; the event is kept as curl's pointer for the socket.
static int on_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	(void)easy;
	struct http_client *h = arg;
	struct event *event = socket_arg;
	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
		                       (what & CURL_POLL_OUT ? EV_WRITE : 0));
		event = event_new(
		        loop_base(h->loop), fd, (short)(events | EV_PERSIST), on_socket_ready, h);
		if (!event || event_add(event, NULL) < 0)
			fatal("event=http_client_failed part=event");
	}
	curl_multi_assign(h->multi, fd, event);
	return 0;
}

static int on_set_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi;
	struct http_client *h = arg;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
	if (ms < 0)
		evtimer_del(h->timer);
	else
		evtimer_add(h->timer, &tv);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct call *call = arg;
	size_t len = size * count;
	if (len > ANSWER_MAX - call->answer.len) {
		call->too_large = true;
		return 0;
	}
	buf_append(&call->answer, data, len);
	return len;
}

struct http_client *http_client_new(struct loop *l)
{
	struct http_client *h = xcalloc(1, sizeof(*h));
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatal("event=http_client_failed part=curl");
	h->loop = l;
	h->multi = curl_multi_init();
	h->timer = evtimer_new(loop_base(l), on_timer, h);
	if (!h->multi || !h->timer)
		fatal("event=http_client_failed part=multi");
	LIST_INIT(&h->calls);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	return h;
}

void http_client_free(struct http_client *h)
{
	if (!h)
		return;
	h->freed_in_callback = h->reporting;
	if (!h->reporting)
		destroy(h);
}

static void set_headers(struct call *call, const char *const *headers)
{
	// Without this curl asks "Expect: 100-continue" before larger bodies and waits a second.
	call->headers = curl_slist_append(NULL, "Expect:");
	for (; headers && *headers; headers++)
		call->headers = curl_slist_append(call->headers, *headers);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void set_body(CURL *easy, const struct http_call *c)
{
	if (strcmp(c->method, "POST") == 0) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.len);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
		        c->body.len ? (const char *)c->body.data : "");
	} else if (strcmp(c->method, "GET") != 0) {
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, c->method);
	}
}

static void set_peer(CURL *easy, const struct http_call *c)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); // whatever the environment says
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (c->ca_file && *c->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca_file);
	if (c->unix_socket && *c->unix_socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket);
	if (c->user) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, c->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, c->password ? c->password : "");
	}
}

static void set_conduct(struct call *call, const struct http_call *c)
{
	curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	// On a kept connection that dies before it answers, curl sends the request again by itself;
	// a text could go out twice. A fresh connection for each call rules that out.
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
}

void http_client_call(struct http_client *h, const struct http_call *c, uint64_t tag,
        http_done_fn done, void *arg)
{
	struct call *call = xcalloc(1, sizeof(*call));
	call->client = h;
	call->tag = tag;
	call->done = done;
	call->arg = arg;
	call->easy = curl_easy_init();
	if (!call->easy)
		fatal("event=http_client_failed part=easy");
	curl_easy_setopt(call->easy, CURLOPT_URL, c->url);
	set_headers(call, c->headers);
	set_body(call->easy, c);
	set_peer(call->easy, c);
	set_conduct(call, c);
	LIST_INSERT_HEAD(&h->calls, call, link);
	h->open++;
	// It only arms the timer; all the work, failures too, happens on the loop.
	if (curl_multi_add_handle(h->multi, call->easy) != CURLM_OK)
		fatal("event=http_client_failed part=add");
}

size_t http_client_open(const struct http_client *h)
{
	return h->open;
}
