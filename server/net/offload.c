// SPDX-License-Identifier: Apache-2.0
// Two threads for work that would hold the loop up; an eventfd brings the finished jobs back.

#include "offload.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

enum {
	THREADS = 2,
	MAX_WAITING = 256,
};

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
	pthread_t threads[THREADS];
	pthread_mutex_t lock;
	pthread_cond_t wake;
	// Under the lock:
	struct job_queue waiting;
	struct job_queue finished;
	size_t waiting_count;
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
	return queue_pop(&o->waiting);
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

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct offload *o = arg;
	eventfd_t count;
	eventfd_read(fd, &count);
	for (struct job *j; (j = pop_finished(o));) {
		j->done(j->arg);
		free(j);
	}
}

// Signals are the loop's: the threads block them all.
static void start_threads(struct offload *o)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&o->threads[i], NULL, thread_main, o) != 0)
			fatal("event=loop_failed part=thread");
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct offload *offload_new(struct event_base *base)
{
	struct offload *o = xcalloc(1, sizeof(*o));
	queue_init(&o->waiting);
	queue_init(&o->finished);
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->wake, NULL);
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
	for (int i = 0; i < THREADS; i++)
		pthread_join(o->threads[i], NULL);
	free_jobs(&o->waiting);
	free_jobs(&o->finished);
	event_free(o->done_event);
	close(o->done_fd);
	pthread_cond_destroy(&o->wake);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

bool offload_add(struct offload *o, loop_fn work, loop_fn done, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));
	*j = (struct job){.work = work, .done = done, .arg = arg};
	pthread_mutex_lock(&o->lock);
	bool room = o->waiting_count < MAX_WAITING;
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
