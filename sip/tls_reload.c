#include "sip/tls_reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/log.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/tls.h"

struct tls_reload {
	struct loop *loop;
	struct net *net;
	const struct tls_settings *settings;
	struct loop_fd wake;
	atomic_bool asked, done; /* done: the thread has only to be joined */
	bool running;
	pthread_t thread;
	struct tls_context *made; /* the thread's result: NULL: why */
	char why[TLS_WHY_MAX];
};

static void *read_files(void *arg)
{
	struct tls_reload *r = arg;

	r->made = NULL;
	if (tls_context_new(&r->made, r->settings, r->why))
		r->made = NULL;
	atomic_store(&r->done, true);
	(void)eventfd_write(r->wake.fd, 1);
	return NULL;
}

static void start(struct tls_reload *r)
{
	int err;

	atomic_store(&r->done, false);
	err = pthread_create(&r->thread, NULL, read_files, r);
	if (err)
		log_error("tls", "the certificate cannot be read again: %s", strerror(err));
	r->running = !err;
}

static void finish(struct tls_reload *r)
{
	(void)pthread_join(r->thread, NULL);
	r->running = false;
	if (!r->made) {
		log_error("tls", "the certificate is not replaced: %s", r->why);
		return;
	}
	net_set_tls(r->net, r->made);
	r->made = NULL;
	log_info("tls", "the certificate was read again");
}

static void on_wake(uint32_t events, void *arg)
{
	struct tls_reload *r = arg;
	eventfd_t n;

	(void)events;
	(void)eventfd_read(r->wake.fd, &n);
	if (r->running && atomic_load(&r->done))
		finish(r);
	if (!r->running && atomic_exchange(&r->asked, false))
		start(r);
}

int tls_reload_new(struct tls_reload **rp, struct loop *loop, struct net *net,
	const struct tls_settings *settings)
{
	struct tls_reload *r = calloc(1, sizeof(*r));
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), err = fd < 0 ? errno : 0;

	if (!r)
		err = ENOMEM;
	if (!err) {
		r->loop = loop;
		r->net = net;
		r->settings = settings;
		err = loop_add(loop, &r->wake, fd, EPOLLIN, on_wake, r);
	}
	if (err) {
		if (fd >= 0)
			close(fd);
		free(r);
		return err;
	}
	*rp = r;
	return 0;
}

void tls_reload_free(struct tls_reload *r)
{
	if (!r)
		return;
	if (r->running)
		(void)pthread_join(r->thread, NULL);
	tls_context_free(r->made);
	loop_del(r->loop, &r->wake);
	close(r->wake.fd);
	free(r);
}

void tls_reload_ask(struct tls_reload *r)
{
	int saved = errno;

	atomic_store(&r->asked, true);
	(void)eventfd_write(r->wake.fd, 1);
	errno = saved;
}
