#include "bench/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"Usage: loadgen [options]\n"
	"Calls through a SIP proxy over UDP, as the carrier that calls and as the two PBXs that "
	"are called:\n"
	"INVITE, 100, 180, 200, ACK, BYE, 200, at a fixed rate, each to a number picked at "
	"random.\n"
	"\n"
	"  --server A:P      the proxy                               (127.0.1.1:15300)\n"
	"  --carrier A:P     calls come from here                    (127.0.1.2:15310)\n"
	"  --primary A:P     the primary PBX                         (127.0.1.3:15320)\n"
	"  --backup A:P      the backup PBX                          (127.0.1.4:15330)\n"
	"  --primary-takes X how the primary takes a call: 200, a code from 300 to 699, or none "
	"(200)\n"
	"  --backup-takes X  the same for the backup                 (200)\n"
	"  --rate N          calls per second                        (100)\n"
	"  --calls N         calls in all                            (1000)\n"
	"  --first-did N     first number, digits only               (14155000000)\n"
	"  --dids N          how many numbers follow from there      (100000)\n"
	"  --ring-ms N       from 180 to 200                         (0)\n"
	"  --hold-ms N       from ACK to BYE                         (0)\n"
	"  --give-up-ms N    a transaction without its answer is lost after this (32000)\n"
	"  --stop-on-loss    end as soon as a call failed or was lost\n"
	"  --seed N          of the random numbers                   (1)\n"
	"  --json            the report as one JSON object\n"
	"  --help            this text\n"
	"\n"
	"A lost datagram is sent again by RFC 3261's timers (T1 500 ms) and counted; only a call "
	"that does not\n"
	"reach its end is lost. With --server equal to --primary it calls itself: what the "
	"generator alone can do.\n"
	"\n"
	"SIGINT and SIGTERM end it at once, with its report.\n"
	"\n"
	"Exit status: 0 all calls completed as they should, 1 some did not, 2 usage, 3 system "
	"error,\n"
	"4 all calls completed but the generator could not keep its rate.\n";

__attribute__((noreturn)) static void refuse(const char *option, const char *value)
{
	fprintf(stderr, "loadgen: --%s: cannot use \"%s\"; see --help\n", option, value);
	exit(EXIT_USAGE);
}

static uint64_t number_read(const char *option, const char *value, uint64_t low, uint64_t high)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || number < low || number > high)
		refuse(option, value);
	return number;
}

static int64_t milliseconds_read(const char *option, const char *value, uint64_t low)
{
	return (int64_t)number_read(option, value, low, 3600000);
}

static struct sockaddr_in address_read(const char *option, const char *value)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	const char *colon = strchr(value, ':');
	char host[INET_ADDRSTRLEN];
	size_t len = colon ? (size_t)(colon - value) : 0;

	if (!colon || len >= sizeof(host))
		refuse(option, value);
	memcpy(host, value, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		refuse(option, value);
	address.sin_port = htons((uint16_t)number_read(option, colon + 1, 1, 65535));
	return address;
}

static int takes_read(const char *option, const char *value)
{
	if (!strcmp(value, "none"))
		return PBX_SILENT;
	if (!strcmp(value, "200"))
		return PBX_ANSWERS;
	return (int)number_read(option, value, 300, 699);
}

static double rate_read(const char *option, const char *value)
{
	char *end;
	double rate = strtod(value, &end);

	if (!*value || *end || !(rate > 0 && rate <= 1e6))
		refuse(option, value);
	return rate;
}

enum option_name {
	SERVER = 1,
	CARRIER,
	PRIMARY,
	BACKUP,
	PRIMARY_TAKES,
	BACKUP_TAKES,
	RATE,
	CALLS,
	FIRST_DID,
	DIDS,
	RING,
	HOLD,
	GIVE_UP,
	STOP_ON_LOSS,
	SEED,
	JSON,
	HELP
};

static const struct option known[] = {
	{"server", required_argument, NULL, SERVER},
	{"carrier", required_argument, NULL, CARRIER},
	{"primary", required_argument, NULL, PRIMARY},
	{"backup", required_argument, NULL, BACKUP},
	{"primary-takes", required_argument, NULL, PRIMARY_TAKES},
	{"backup-takes", required_argument, NULL, BACKUP_TAKES},
	{"rate", required_argument, NULL, RATE},
	{"calls", required_argument, NULL, CALLS},
	{"first-did", required_argument, NULL, FIRST_DID},
	{"dids", required_argument, NULL, DIDS},
	{"ring-ms", required_argument, NULL, RING},
	{"hold-ms", required_argument, NULL, HOLD},
	{"give-up-ms", required_argument, NULL, GIVE_UP},
	{"stop-on-loss", no_argument, NULL, STOP_ON_LOSS},
	{"seed", required_argument, NULL, SEED},
	{"json", no_argument, NULL, JSON},
	{"help", no_argument, NULL, HELP},
	{NULL, 0, NULL, 0},
};

static void addresses_default(struct options *options)
{
	options->server = address_read("server", "127.0.1.1:15300");
	options->carrier = address_read("carrier", "127.0.1.2:15310");
	options->pbx[0] = address_read("primary", "127.0.1.3:15320");
	options->pbx[1] = address_read("backup", "127.0.1.4:15330");
}

static void option_take(struct options *options, int which, const char *name, const char *value)
{
	switch (which) {
	case SERVER:
		options->server = address_read(name, value);
		break;
	case CARRIER:
		options->carrier = address_read(name, value);
		break;
	case PRIMARY:
	case BACKUP:
		options->pbx[which - PRIMARY] = address_read(name, value);
		break;
	case PRIMARY_TAKES:
	case BACKUP_TAKES:
		options->pbx_takes[which - PRIMARY_TAKES] = takes_read(name, value);
		break;
	case RATE:
		options->rate = rate_read(name, value);
		break;
	case CALLS:
		options->calls = number_read(name, value, 1, 100000000);
		break;
	case FIRST_DID:
		options->first_did = number_read(name, value, 1, 999999999999999);
		break;
	case DIDS:
		options->dids = number_read(name, value, 1, 100000000);
		break;
	case RING:
		options->ring_ms = milliseconds_read(name, value, 0);
		break;
	case HOLD:
		options->hold_ms = milliseconds_read(name, value, 0);
		break;
	case GIVE_UP:
		options->give_up_ms = milliseconds_read(name, value, 1);
		break;
	case STOP_ON_LOSS:
		options->stop_on_loss = true;
		break;
	case SEED:
		options->seed = number_read(name, value, 1, UINT64_MAX);
		break;
	case JSON:
		options->json = true;
		break;
	}
}

void options_read(struct options *options, int argc, char **argv)
{
	int which, index = 0;

	*options = (struct options){
		.pbx_takes = {PBX_ANSWERS, PBX_ANSWERS},
		.rate = 100,
		.calls = 1000,
		.first_did = 14155000000,
		.dids = 100000,
		.seed = 1,
		.give_up_ms = 32000,
	};
	addresses_default(options);
	while ((which = getopt_long(argc, argv, "", known, &index)) != -1) {
		if (which == '?') {
			fputs("see --help\n", stderr);
			exit(EXIT_USAGE);
		}
		if (which == HELP) {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		option_take(options, which, known[index].name, optarg);
	}
	if (optind < argc) {
		fprintf(stderr, "loadgen: \"%s\" is not an option; see --help\n", argv[optind]);
		exit(EXIT_USAGE);
	}
}
