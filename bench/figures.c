#include "bench/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int figures_init(struct figures *figures, uint64_t calls)
{
	memset(figures, 0, sizeof(*figures));
	figures->ring.ns = calloc(calls, sizeof(*figures->ring.ns));
	figures->added.ns = calloc(calls, sizeof(*figures->added.ns));
	figures->ring.size = figures->added.size = calls;
	if (figures->ring.ns && figures->added.ns)
		return 0;
	figures_fini(figures);
	return ENOMEM;
}

void figures_fini(struct figures *figures)
{
	free(figures->ring.ns);
	free(figures->added.ns);
	figures->ring.ns = figures->added.ns = NULL;
}

void series_add(struct series *series, int64_t ns)
{
	if (series->count == series->size)
		return;
	if (ns < 0)
		ns = 0;
	series->ns[series->count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int ns_compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* In microseconds; the series must be sorted. */
static double series_quantile(const struct series *series, double part)
{
	if (!series->count)
		return 0;
	return series->ns[(size_t)(part * (double)(series->count - 1) + 0.5)] / 1e3;
}

double figures_rate(const struct figures *figures)
{
	if (figures->started < 2 || figures->starting_ns <= 0)
		return 0;
	return (double)(figures->started - 1) * 1e9 / (double)figures->starting_ns;
}

static void series_print(const char *name, struct series *series, bool json)
{
	qsort(series->ns, series->count, sizeof(*series->ns), ns_compare);
	printf(json ? ", \"%s_us\": {\"count\": %zu, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
		      "\"p999\": %.1f, \"max\": %.1f}"
		    : "%-15s %zu times, us: p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  max %.1f\n",
		name, series->count, series_quantile(series, 0.5), series_quantile(series, 0.9),
		series_quantile(series, 0.99), series_quantile(series, 0.999),
		series_quantile(series, 1));
}

void figures_print(struct figures *figures, bool json)
{
	const struct {
		const char *name;
		uint64_t count;
	} counts[] = {
		{"started", figures->started},
		{"answered", figures->answered},
		{"ok", figures->ok},
		{"failed", figures->failed},
		{"lost", figures->lost},
		{"cut", figures->cut},
		{"wrong", figures->wrong},
		{"stray", figures->stray},
		{"malformed", figures->malformed},
		{"primary_invites", figures->invites[0]},
		{"backup_invites", figures->invites[1]},
		{"resent_invite", figures->resent_invite},
		{"resent_bye", figures->resent_bye},
		{"resent_answer", figures->resent_answer},
		{"heard_again", figures->heard_again},
		{"probes", figures->probes},
		{"last_failure", (uint64_t)figures->last_failure},
	};

	printf(json ? "{\"rate\": %.1f, \"seconds\": %.3f" : "rate reached    %.1f in %.3f s\n",
		figures_rate(figures), (double)figures->total_ns / 1e9);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		printf(json ? ", \"%s\": %" PRIu64 : "%-15s %" PRIu64 "\n", counts[i].name,
			counts[i].count);
	series_print("ring", &figures->ring, json);
	series_print("added", &figures->added, json);
	if (json)
		puts("}");
}
