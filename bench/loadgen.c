/* The load generator of scripts/bench: one thread that starts calls by the clock and answers what comes in. */
#include "bench/call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Calls started before the sockets are looked at again, when the generator is late. */
enum { BURST = 16, PORTS = 1 + PBXS };

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

static void body_write(
	char *body, size_t size, const char *name, const struct sockaddr_in *address, int port)
{
	char text[32];
	struct writer host = {.at = text, .size = sizeof(text) - 1};

	put_host(&host, address);
	text[host.len] = '\0';
	snprintf(body, size,
		"v=0\r\no=%s 21372 18426 IN IP4 %s\r\ns=SIP Media Capabilities\r\n"
		"c=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8 18 101\r\n"
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\n"
		"a=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
		"a=sendrecv\r\na=maxptime:20\r\n",
		name, text, text, port);
}

static int load_open(struct load *load)
{
	const struct options *options = &load->options;
	int err = port_open(&load->carrier, &options->carrier);

	for (unsigned i = 0; i < PBXS && !err; i++)
		err = port_open(&load->pbx[i], &options->pbx[i]);
	if (err)
		return err;
	load->direct = address_equal(&options->server, &options->pbx[0]);
	load->run = (uint32_t)clock_ns(CLOCK_REALTIME) ^ (uint32_t)getpid() << 16;
	load->random = options->seed;
	wheel_init(&load->wheel, clock_ns(CLOCK_MONOTONIC) / 1000000);
	body_write(load->offer, sizeof(load->offer), "Carrier", &options->carrier, 17342);
	body_write(load->answer, sizeof(load->answer), "PBX", &options->pbx[0], 11006);
	return figures_init(&load->figures, options->calls);
}

static void load_datagram(void *arg, const struct datagram *datagram)
{
	struct load *load = arg;

	if (datagram->port == &load->carrier)
		carrier_datagram(load, datagram);
	else
		pbx_datagram(load, (unsigned)(datagram->port - load->pbx), datagram);
}

static int poll_open(struct load *load, int *poll)
{
	*poll = epoll_create1(EPOLL_CLOEXEC);
	if (*poll < 0)
		return errno;
	for (int i = 0; i < PORTS; i++) {
		struct port *port = i ? &load->pbx[i - 1] : &load->carrier;
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = port};

		if (epoll_ctl(*poll, EPOLL_CTL_ADD, port->fd, &event))
			return errno;
	}
	return 0;
}

static int64_t call_due_ns(const struct load *load, int64_t start_ns)
{
	return start_ns + (int64_t)((double)load->figures.started * 1e9 / load->options.rate);
}

/* Starts what is due; *wait_ns is how long nothing will be. */
static int calls_start(struct load *load, int64_t start_ns, int64_t *wait_ns)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	int err;

	wheel_advance(&load->wheel, now_ns / 1000000);
	*wait_ns = 1000000;
	for (int i = 0; load->figures.started < load->options.calls; i++) {
		int64_t due_ns = call_due_ns(load, start_ns) - now_ns;

		if (due_ns > 0 || i == BURST) {
			*wait_ns = due_ns > 0 ? (due_ns < *wait_ns ? due_ns : *wait_ns) : 0;
			break;
		}
		err = carrier_call(load);
		if (err)
			return err;
		load->figures.starting_ns = now_ns - start_ns;
	}
	return 0;
}

static bool load_over(const struct load *load)
{
	const struct figures *figures = &load->figures;

	if (stopped || (load->options.stop_on_loss && figures->failed + figures->lost))
		return true;
	return figures->started == load->options.calls && !load->live;
}

static int load_run(struct load *load, int poll)
{
	int64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	struct epoll_event events[PORTS];

	while (!load_over(load)) {
		struct timespec wait = {0, 0};
		int64_t wait_ns;
		int ready, err = calls_start(load, start_ns, &wait_ns);

		if (err)
			return err;
		wait.tv_nsec = wait_ns;
		ready = epoll_pwait2(poll, events, PORTS, &wait, NULL);
		if (ready < 0 && errno != EINTR)
			return errno;
		for (int i = 0; i < ready; i++)
			port_receive(events[i].data.ptr, load_datagram, load);
	}
	load->figures.total_ns = clock_ns(CLOCK_MONOTONIC) - start_ns;
	return 0;
}

static int verdict(const struct load *load)
{
	const struct figures *figures = &load->figures;

	if (figures->ok != figures->started || figures->wrong)
		return EXIT_CALLS;
	if (figures->started > 1 && figures_rate(figures) < 0.97 * load->options.rate)
		return EXIT_PACE;
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct load load;
	int poll, err;

	options_read(&load.options, argc, argv);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	/* The default slack of 50 us would make bursts of calls that are meant to be apart. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	err = load_open(&load);
	if (!err)
		err = poll_open(&load, &poll);
	if (!err)
		err = load_run(&load, poll);
	if (err) {
		fprintf(stderr, "loadgen: %s\n", strerror(err));
		return EXIT_SYSTEM;
	}
	figures_print(&load.figures, load.options.json);
	load_free_calls(&load);
	figures_fini(&load.figures);
	return verdict(&load);
}
