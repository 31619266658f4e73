/*
 * Emits events on request: `app TAG DELAY_US`.
 *
 * First it prints `pid_ns INODE`. Then it reads lines `KIND COUNT`, emits, and prints the line again when done:
 * `tick` numbers on from 0 with its tag, `kinds` emits one event of each field kind, `empty` one with an empty string,
 * `bare` one without fields, `request` a begin and an end that lie some microseconds apart, one in 64 much more.
 * DELAY_US is a pause before each tick. At the end of its input it prints `emitted TOTAL`.
 */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tp.h"

static const int64_t integers[] = {
	0, 1, -1, 127, -128, 255, 32767, -32768, 65535, INT32_MAX, INT32_MIN,
	UINT32_MAX, INT64_MAX, INT64_MIN, 0x0123456789abcdefLL,
};
static const double floats[] = { 0.0, -0.0, 1.5, -2.25, 0.1, 1e-7, 3.4e38, 123456789.125, 1e300, -1e-300 };
static const char *texts[] = { "a", "two words", "\"quoted\"", "tab\tand\\", "gr\xc3\xbc\xc3\x9f", "0123456789abcdef" };

#define PICK(table, i) ((table)[(i) % (sizeof(table) / sizeof((table)[0]))])

static long emit_kinds(int i)
{
	int32_t values[8];
	for (int k = 0; k < 8; k++) values[k] = (int32_t) PICK(integers, i + k);
	const char *text = PICK(texts, i);
	char padded[32] = { 0 };
	strncpy(padded, text, sizeof(padded) - 1);

	tracepoint(tracewire_test, integers, PICK(integers, i));
	tracepoint(tracewire_test, network, (uint64_t) PICK(integers, i));
	tracepoint(tracewire_test, floats, PICK(floats, i));
	tracepoint(tracewire_test, texts, padded, strlen(padded));
	tracepoint(tracewire_test, lists, values, (size_t) (i % 9));
	tracepoint(tracewire_test, enums, i % 8 - 2);
	return 6;
}

/* Busy, since a sleep as short as this would take far longer. */
static void work_ns(long ns)
{
	struct timespec now, since;
	clock_gettime(CLOCK_MONOTONIC, &since);
	do clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - since.tv_sec) * 1000000000L + now.tv_nsec - since.tv_nsec < ns);
}

static void emit_request(int id)
{
	tracepoint(tracewire_test, request_begin, id, PICK(texts, id));
	work_ns(id % 64 ? id % 8 * 1000 : 200000);
	tracepoint(tracewire_test, request_end, id, id % 100 ? 200 : 500);
}

int main(int argc, char **argv)
{
	const char *tag = argc > 1 ? argv[1] : "none";
	const useconds_t delay = argc > 2 ? (useconds_t) atoi(argv[2]) : 0;
	char link[64] = { 0 };
	char line[64];
	char kind[16];
	int count;
	int ticks = 0;
	int kinds = 0;
	int requests = 0;
	long total = 0;

	if (readlink("/proc/self/ns/pid", link, sizeof(link) - 1) < 0) return 1;
	printf("pid_ns %s\n", strtok(link + strlen("pid:["), "]"));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %d", kind, &count) != 2) return 2;
		for (int i = 0; i < count; i++) {
			if (!strcmp(kind, "tick")) {
				if (delay) usleep(delay);
				tracepoint(tracewire_test, tick, ticks++, tag);
				total++;
			} else if (!strcmp(kind, "kinds")) {
				total += emit_kinds(kinds++);
			} else if (!strcmp(kind, "request")) {
				emit_request(requests++);
				total += 2;
			} else if (!strcmp(kind, "empty")) {
				tracepoint(tracewire_test, empty, i, "", "something");
				total++;
			} else if (!strcmp(kind, "bare")) {
				tracepoint(tracewire_test, bare);
				total++;
			}
		}
		printf("%s", line);
		fflush(stdout);
	}
	printf("emitted %ld\n", total);
	return 0;
}
