#include "api/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/http_server.h"
#include "api/problem.h"
#include "api/rate.h"
#include "api/route.h"
#include "core/clock.h"

/* One more than there are routes: what matched none. */
enum { ROUTES_MAX = 64, CLASSES = 6, BUCKETS = 9 };

static const int64_t bucket_ms[BUCKETS] = {1, 2, 5, 10, 25, 100, 500, 2500, 10000};

static atomic_ullong requests[ROUTES_MAX][HTTP_METHOD_COUNT + 1][CLASSES];
static atomic_ullong buckets[BUCKETS + 1];
static atomic_ullong total_ms;

static unsigned row_of(const struct route *route)
{
	return route ? route_index(route) : route_count();
}

void metrics_request(const struct http_request *req)
{
	int64_t ms = clock_ms() - req->started_ms;
	unsigned class = req->res.status / 100, b = 0;

	requests[row_of(req->route)][req->method][class < CLASSES ? class : 0]++;
	total_ms += (unsigned long long)ms;
	while (b < BUCKETS && ms > bucket_ms[b])
		b++;
	buckets[b]++;
}

static void requests_write(FILE *out)
{
	fputs("# HELP trunkguard_http_requests_total Requests answered, by route, method and class "
	      "of "
	      "status.\n# TYPE trunkguard_http_requests_total counter\n",
		out);
	for (unsigned r = 0; r <= route_count(); r++) {
		for (enum http_method m = 0; m <= HTTP_METHOD_COUNT; m++) {
			for (unsigned c = 0; c < CLASSES; c++) {
				if (requests[r][m][c] == 0)
					continue;
				fprintf(out,
					"trunkguard_http_requests_total{route=\"%s%s\",method=\"%"
					"s\","
					"status=\"%uxx\"} %llu\n",
					r < route_count() ? "/" : "",
					r < route_count() ? route_at(r)->pattern : "none",
					http_method_word(m), c,
					(unsigned long long)requests[r][m][c]);
			}
		}
	}
}

static void durations_write(FILE *out)
{
	unsigned long long sum = 0;

	fputs("# HELP trunkguard_http_request_seconds From the request line to the end of the "
	      "answer.\n# TYPE trunkguard_http_request_seconds histogram\n",
		out);
	for (unsigned b = 0; b < BUCKETS; b++) {
		sum += buckets[b];
		fprintf(out, "trunkguard_http_request_seconds_bucket{le=\"%g\"} %llu\n",
			(double)bucket_ms[b] / 1000, sum);
	}
	sum += buckets[BUCKETS];
	fprintf(out,
		"trunkguard_http_request_seconds_bucket{le=\"+Inf\"} %llu\n"
		"trunkguard_http_request_seconds_sum %.3f\ntrunkguard_http_request_seconds_count "
		"%llu\n",
		sum, (double)total_ms / 1000, sum);
}

static void gauge(FILE *out, const char *name, const char *type, const char *help, double value)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name, value);
}

static void limited_write(FILE *out, const struct rate *rate)
{
	fputs("# HELP trunkguard_http_rate_limited_total Requests answered 429, by policy.\n"
	      "# TYPE trunkguard_http_rate_limited_total counter\n",
		out);
	for (enum rate_policy p = 0; p < RATE_POLICY_COUNT; p++)
		fprintf(out, "trunkguard_http_rate_limited_total{policy=\"%s\"} %" PRIu64 "\n",
			rate_policy_word(p), rate_limited(rate, p));
}

static void app_write(FILE *out, struct app *app)
{
	struct http_conn_counts conns;
	struct db_pool_state pool;

	http_server_count(app->server, &conns);
	db_pool_state(app->pool, &pool);
	gauge(out, "trunkguard_http_connections", "gauge", "Open connections.", conns.open);
	gauge(out, "trunkguard_http_requests_in_progress", "gauge",
		"Connections with a request under way.", conns.busy);
	gauge(out, "trunkguard_http_connections_accepted_total", "counter", "Connections accepted.",
		(double)conns.accepted);
	gauge(out, "trunkguard_http_connections_refused_total", "counter",
		"Connections refused: too many from one address.", (double)conns.refused);
	gauge(out, "trunkguard_http_connections_cut_total", "counter",
		"Connections cut: past a deadline.", (double)conns.cut);
	limited_write(out, app->rate);
	gauge(out, "trunkguard_database_connections", "gauge",
		"Connections to PostgreSQL that the pool may have.", pool.size);
	gauge(out, "trunkguard_database_connections_in_use", "gauge",
		"Connections to PostgreSQL in use.", pool.in_use);
	gauge(out, "trunkguard_database_up", "gauge",
		"1: the last attempt to reach PostgreSQL succeeded.", app->migrated && !pool.away);
	fprintf(out,
		"# HELP trunkguard_build_info The version that runs.\n"
		"# TYPE trunkguard_build_info gauge\n"
		"trunkguard_build_info{program=\"trunkguard-api\",version=\"" TRUNKGUARD_VERSION
		"\"} 1\n");
}

void handle_metrics(struct http_request *req)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		app_write(out, req->app);
		requests_write(out);
		durations_write(out);
	}
	if (!out || fclose(out) != 0) {
		free(text);
		problem_busy(req);
		return;
	}
	http_response_body(&req->res, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
}
