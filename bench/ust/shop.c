/* Emits three events a round: a request with a path, an item, a summary with a short sequence. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "shop.h"
#include <stdlib.h>

static const char *const paths[] = { "/", "/cart", "/api/items", "/api/items/17/reviews", "/static/main.css" };

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1000;
	int sizes[3] = { 1, 2, 3 };
	for (int i = 0; i < rounds; i++) {
		lttng_ust_tracepoint(shop, request, i, paths[i % 5], i % 977u, i % 50 ? 200 : 404);
		lttng_ust_tracepoint(shop, item, i, i * 7L - 1000, i / 8.0);
		lttng_ust_tracepoint(shop, done, i, i * 1000UL, i % 4, sizes);
	}
	return 0;
}
