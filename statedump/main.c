/*
 * Emits container records into LTTng's user-space traces; `tracewire statedump` runs it.
 *
 * Each line of its input is a record: the fields of the event in their order, separated by tabs. An empty line ends a round
 * and is answered by `listening 1` if some session records the event, `listening 0` if none does. A line that is not a whole
 * record is reported on stderr and skipped. The program ends with its input.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp.h"

enum { FIELDS = 18, MAX_LINE = 64 * 1024, MAX_TEXT = 1023 };

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

/* Reads a decimal number; clears `ok` if it is anything else, or not from `min` to `max`. */
static uint64_t number(const char *value, uint64_t min, uint64_t max, int *ok)
{
	char *end;
	unsigned long long result;

	errno = 0;
	result = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || result < min || result > max) *ok = 0;
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
	/* Kernels may lack net and cgroup namespaces. Anything else that is 0 was not read: readers would take it for another container. */
	const struct container_record record = {
		.name = text(field[0]),
		.type = text(field[1]),
		.pid_ns = number(field[2], 1, UINT32_MAX, &ok),
		.mnt_ns = number(field[3], 1, UINT32_MAX, &ok),
		.net_ns = number(field[4], 0, UINT32_MAX, &ok),
		.cgroup_ns = number(field[5], 0, UINT32_MAX, &ok),
		.id = text(field[6]),
		.image = text(field[7]),
		.init_pid = number(field[8], 1, INT32_MAX, &ok),
		.pod = text(field[9]),
		.pod_namespace = text(field[10]),
		.init_vpid = number(field[11], 1, INT32_MAX, &ok),
		.start_ns = number(field[12], 1, UINT64_MAX, &ok),
		.end_ns = number(field[13], 0, UINT64_MAX, &ok),
		.cgroup = text(field[14]),
		.cpu_max = number(field[15], 0, UINT32_MAX, &ok),
		.memory_max = number(field[16], 0, UINT64_MAX, &ok),
		.pids_max = number(field[17], 0, UINT32_MAX, &ok),
	};
	if (record.name[0] == '\0') ok = 0;
	if (ok) tracepoint(ust_container_statedump, lttng_statedump_container, &record);
	else fprintf(stderr, "line %lu: expected a name in field 1, numbers in 5, 6, 14 and 16 to 18, numbers above 0 in 3, 4, 9, 12 and 13\n", at);
}

/*
 * Reads a line without its end into `line`. Gives its length, `MAX_LINE` for a longer one, which is skipped, and -1 at the end
 * of the input: also for a last line without an end, which may have been cut anywhere.
 */
static long next_line(char *line)
{
	long length = 0;
	int c;

	while ((c = getchar_unlocked()) != EOF && c != '\n')
		if (length < MAX_LINE) line[length++] = c;
	if (c == EOF) return -1;
	line[length < MAX_LINE ? length : 0] = '\0';
	return length;
}

int main(void)
{
	static char line[MAX_LINE];
	long length;

	/* Ctrl-C reaches the process group, a service manager's SIGTERM the service: the last records are still to come. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	for (unsigned long at = 1; (length = next_line(line)) >= 0; at++) {
		if (length == MAX_LINE) {
			fprintf(stderr, "line %lu: expected at most %d bytes, got more\n", at, MAX_LINE - 1);
		} else if (memchr(line, '\0', length)) {
			fprintf(stderr, "line %lu: expected text, got a NUL\n", at);
		} else if (length > 0) {
			emit(line, at);
		} else {
			printf("listening %d\n", tracepoint_enabled(ust_container_statedump, lttng_statedump_container) ? 1 : 0);
			fflush(stdout);
		}
	}
	return 0;
}
