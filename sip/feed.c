#include "sip/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "sip/feed_private.h"

static int copy_texts(struct feed *f, const struct feed_config *config)
{
	f->url = strdup(config->url);
	f->worker = strdup(config->worker);
	if (!f->url || !f->worker)
		return ENOMEM;
	if (config->data_dir) {
		f->data_dir = strdup(config->data_dir);
		if (!f->data_dir)
			return ENOMEM;
	}
	return 0;
}

static int make_instance(struct feed *f)
{
	struct uuid id;

	if (getrandom(id.b, sizeof(id.b), 0) != sizeof(id.b))
		return EIO;
	id.b[6] = (uint8_t)(0x40 | (id.b[6] & 0x0f));
	id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
	uuid_format(&id, f->instance);
	return 0;
}

static void feed_free(struct feed *f)
{
	feed_batch_free(atomic_load(&f->inbox));
	feed_batch_free(atomic_load(&f->outbox));
	feed_batch_free(f->current);
	if (f->cfg)
		cfg_free(f->cfg);
	db_position_fini(&f->applied);
	feed_rejects_fini(&f->rejects);
	if (f->fd >= 0)
		close(f->fd);
	if (f->wake_fd >= 0)
		close(f->wake_fd);
	pthread_mutex_destroy(&f->health_lock);
	free(f->url);
	free(f->worker);
	free(f->data_dir);
	mem_free(f);
}

int feed_start(struct feed **feed, const struct feed_config *config)
{
	struct feed *f = mem_zalloc(1, sizeof(*f));
	int err;

	if (!f)
		return ENOMEM;
	err = feed_rejects_init(&f->rejects);
	if (err) {
		mem_free(f);
		return err;
	}
	pthread_mutex_init(&f->health_lock, NULL);
	f->started_ms = clock_ms();
	f->wake_fd = -1;
	atomic_init(&f->draining, -1);
	f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->fd >= 0)
		f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->wake_fd < 0)
		err = errno;
	if (!err)
		err = copy_texts(f, config);
	if (!err)
		err = make_instance(f);
	if (!err)
		err = pthread_create(&f->thread, NULL, feed_main, f);
	if (err) {
		feed_free(f);
		return err;
	}
	*feed = f;
	return 0;
}

void feed_stop(struct feed *feed)
{
	if (!feed)
		return;
	atomic_store(&feed->stop, true);
	(void)eventfd_write(feed->wake_fd, 1);
	pthread_join(feed->thread, NULL);
	feed_free(feed);
}

int feed_fd(const struct feed *feed)
{
	return feed->fd;
}

bool feed_poll(struct feed *feed)
{
	eventfd_t ignored;

	(void)eventfd_read(feed->fd, &ignored);
	if (!feed->current)
		feed->current = atomic_exchange(&feed->inbox, NULL);
	if (!feed->current)
		return false;
	if (!feed_batch_apply(feed->current, &feed->cfg)) {
		(void)eventfd_write(feed->fd, 1);
		return true;
	}
	memcpy(feed->revision, feed->current->revision, sizeof(feed->revision));
	atomic_store(&feed->outbox, feed->current);
	feed->current = NULL;
	(void)eventfd_write(feed->wake_fd, 1);
	return true;
}

const struct cfg *feed_cfg(const struct feed *feed)
{
	return feed->cfg;
}

const char *feed_revision(const struct feed *feed)
{
	return feed->revision;
}

int feed_draining(const struct feed *feed)
{
	return atomic_load(&feed->draining);
}

void feed_health(struct feed *feed, struct feed_health *health)
{
	int64_t now_ms = clock_ms();

	pthread_mutex_lock(&feed->health_lock);
	*health = feed->health;
	health->age_ms = feed->confirmed ? now_ms - feed->confirmed_ms : -1;
	pthread_mutex_unlock(&feed->health_lock);
}
