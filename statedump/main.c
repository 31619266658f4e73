/*
 * Emits container records into LTTng's user-space traces; `tracewire statedump` runs it.
 *
 * Each line of its input is a record, its fields with tabs between them in the order of the event. An empty line ends a
 * round: it is answered by `listening 1` if some session records the event, `listening 0` if none does. A line that is no
 * record is told on stderr and passed over. It ends with its input.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp.h"

enum { FIELDS = 14, MAX_LINE = 64 * 1024, MAX_TEXT = 1023 };

/* Cuts a text that is too long for a small sub-buffer, between two UTF-8 characters. */
static const char *text(char *value)
{
	size_t end = strlen(value);

	if (end > MAX_TEXT) {
		end = MAX_TEXT;
		while (end > 0 && ((unsigned char) value[end] & 0xc0) == 0x80) end--;
		value[end] = '\0';
	}
	return value;
}

/* Reads a number of digits alone; clears `ok` if it is anything else, or more than `max`. */
static uint64_t number(const char *value, uint64_t max, int *ok)
{
	char *end;
	unsigned long long result;

	errno = 0;
	result = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || result > max) *ok = 0;
	return result;
}

static void emit(char *line, unsigned long at)
{
	char *field[FIELDS];
	int count = 0;
	int ok = 1;

	for (char *rest = line; rest != NULL && count < FIELDS; count++) field[count] = strsep(&rest, "\t");
	if (count < FIELDS) {
		fprintf(stderr, "line %lu: expected %d fields, got %d\n", at, FIELDS, count);
		return;
	}
	const struct container_record record = {
		.name = text(field[0]),
		.type = text(field[1]),
		.pid_ns = number(field[2], UINT32_MAX, &ok),
		.mnt_ns = number(field[3], UINT32_MAX, &ok),
		.net_ns = number(field[4], UINT32_MAX, &ok),
		.cgroup_ns = number(field[5], UINT32_MAX, &ok),
		.id = text(field[6]),
		.image = text(field[7]),
		.init_pid = number(field[8], INT32_MAX, &ok),
		.pod = text(field[9]),
		.pod_namespace = text(field[10]),
		.init_vpid = number(field[11], INT32_MAX, &ok),
		.start_ns = number(field[12], UINT64_MAX, &ok),
		.end_ns = number(field[13], UINT64_MAX, &ok),
	};
	if (ok) tracepoint(ust_container_statedump, lttng_statedump_container, &record);
	else fprintf(stderr, "line %lu: expected numbers in fields 3 to 6, 9 and 12 to 14\n", at);
}

int main(void)
{
	static char line[MAX_LINE];
	unsigned long at = 0;

	/* Ctrl-C reaches the whole group; the input ends when the agent has said its last. */
	signal(SIGINT, SIG_IGN);
	while (fgets(line, sizeof(line), stdin)) {
		size_t length = strlen(line);

		at++;
		if (length == sizeof(line) - 1 && line[length - 1] != '\n') {
			int c;

			while ((c = getchar()) != EOF && c != '\n') continue;
			fprintf(stderr, "line %lu: expected at most %d bytes, got more\n", at, MAX_LINE - 1);
			continue;
		}
		if (length > 0 && line[length - 1] == '\n') line[length - 1] = '\0';
		if (line[0] != '\0') {
			emit(line, at);
			continue;
		}
		printf("listening %d\n", tracepoint_enabled(ust_container_statedump, lttng_statedump_container) ? 1 : 0);
		fflush(stdout);
	}
	return 0;
}
