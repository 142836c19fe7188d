// SPDX-License-Identifier: Apache-2.0
// Threads for work that would hold the loop up; an eventfd brings the finished jobs back.

#include "offload.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

#define MAX_THREADS 2

struct job {
	loop_fn work;
	loop_fn done;
	void *arg;
	struct job *next;
};

struct job_queue {
	struct job *first;
	struct job **end;
};

struct offload {
	pthread_t threads[MAX_THREADS];
	size_t thread_count;
	size_t max_waiting;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t idle; // nothing waits and nothing runs
	// Under the lock:
	struct job_queue waiting;
	struct job_queue finished;
	size_t waiting_count;
	size_t running_count;
	bool stopping;
	// The loop's:
	int done_fd;
	struct event *done_event;
};

static void queue_init(struct job_queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_push(struct job_queue *q, struct job *j)
{
	j->next = NULL;
	*q->end = j;
	q->end = &j->next;
}

static struct job *queue_pop(struct job_queue *q)
{
	struct job *j = q->first;
	if (!j)
		return NULL;
	q->first = j->next;
	if (!q->first)
		q->end = &q->first;
	return j;
}

static struct job *next_job(struct offload *o)
{
	while (!o->stopping && !o->waiting.first)
		pthread_cond_wait(&o->wake, &o->lock);
	if (o->stopping)
		return NULL;
	o->waiting_count--;
	o->running_count++;
	return queue_pop(&o->waiting);
}

static bool is_idle(const struct offload *o)
{
	return o->waiting_count + o->running_count == 0;
}

static void *thread_main(void *arg)
{
	struct offload *o = arg;
	pthread_mutex_lock(&o->lock);
	for (struct job *j; (j = next_job(o));) {
		pthread_mutex_unlock(&o->lock);
		j->work(j->arg);
		pthread_mutex_lock(&o->lock);
		queue_push(&o->finished, j);
		eventfd_write(o->done_fd, 1);
		o->running_count--;
		if (is_idle(o))
			pthread_cond_signal(&o->idle);
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

static struct job *pop_finished(struct offload *o)
{
	pthread_mutex_lock(&o->lock);
	struct job *j = queue_pop(&o->finished);
	pthread_mutex_unlock(&o->lock);
	return j;
}

static bool tell_finished(struct offload *o)
{
	bool any = false;
	for (struct job *j; (j = pop_finished(o)); any = true) {
		j->done(j->arg);
		free(j);
	}
	return any;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	eventfd_t count;
	eventfd_read(fd, &count);
	tell_finished(arg);
}

// Signals are the loop's: the threads block them all.
static void start_threads(struct offload *o)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (size_t i = 0; i < o->thread_count; i++) {
		if (pthread_create(&o->threads[i], NULL, thread_main, o) != 0)
			fatal("event=loop_failed part=thread");
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct offload *offload_new(struct event_base *base, size_t threads, size_t max_waiting)
{
	struct offload *o = xcalloc(1, sizeof(*o));
	o->thread_count = threads < MAX_THREADS ? threads : MAX_THREADS;
	o->max_waiting = max_waiting;
	queue_init(&o->waiting);
	queue_init(&o->finished);
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->wake, NULL);
	pthread_cond_init(&o->idle, NULL);
	o->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	o->done_event = event_new(base, o->done_fd, EV_READ | EV_PERSIST, on_done, o);
	if (o->done_fd < 0 || !o->done_event || event_add(o->done_event, NULL) < 0)
		fatal("event=loop_failed part=eventfd");
	start_threads(o);
	return o;
}

static void free_jobs(struct job_queue *q)
{
	for (struct job *j; (j = queue_pop(q));)
		free(j);
}

void offload_free(struct offload *o)
{
	if (!o)
		return;
	pthread_mutex_lock(&o->lock);
	o->stopping = true;
	pthread_cond_broadcast(&o->wake);
	pthread_mutex_unlock(&o->lock);
	for (size_t i = 0; i < o->thread_count; i++)
		pthread_join(o->threads[i], NULL);
	free_jobs(&o->waiting);
	free_jobs(&o->finished);
	event_free(o->done_event);
	close(o->done_fd);
	pthread_cond_destroy(&o->wake);
	pthread_cond_destroy(&o->idle);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

void offload_drain(struct offload *o)
{
	do {
		pthread_mutex_lock(&o->lock);
		while (!is_idle(o))
			pthread_cond_wait(&o->idle, &o->lock);
		pthread_mutex_unlock(&o->lock);
	} while (tell_finished(o));
}

bool offload_add(struct offload *o, loop_fn work, loop_fn done, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));
	*j = (struct job){.work = work, .done = done, .arg = arg};
	pthread_mutex_lock(&o->lock);
	bool room = o->waiting_count < o->max_waiting;
	if (room) {
		o->waiting_count++;
		queue_push(&o->waiting, j);
		pthread_cond_signal(&o->wake);
	}
	pthread_mutex_unlock(&o->lock);
	if (!room)
		free(j);
	return room;
}
