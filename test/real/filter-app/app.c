/*
 * Emits records for filters to choose from, and ends: `app COUNT`.
 *
 * Record `k` of `tracewire_filter:ev` has a value of each kind; some repeat after a few records, so that filters find
 * what is equal. Every fourth record is followed by one of `tracewire_filter:few`, which lacks most of the fields.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tp.h"

static const int64_t integers[] = {
	0, 1, -1, 2, 3, 127, -128, 255, 256, 65535, INT32_MAX, INT32_MIN,
	UINT32_MAX, INT64_MAX, INT64_MIN, 0x0123456789abcdefLL, -5, 7,
};
static const double floats[] = { 0.0, -0.0, 0.5, 1.0, 1.5, -2.25, 0.1, 3.0, 1e-7, 1e18, 1e19, 1e300, -1e300, 2.0 };
static const char *texts[] = {
	"", "a", "abc", "a*b", "a\\b", "a**", "ab", "abcabc", "zzz", "\xe9" "a", "foo bar", "ABC", "*", "\\", "aXbXc",
};

#define PICK(table, i) ((table)[(i) % (sizeof(table) / sizeof((table)[0]))])

int main(int argc, char **argv)
{
	const int count = argc > 1 ? atoi(argv[1]) : 0;

	for (int k = 0; k < count; k++) {
		const char *text = PICK(texts, k);
		const size_t length = strlen(text) + (size_t) (k % 2);
		char padded[16] = { 0 };
		int32_t signed_list[6];
		uint16_t unsigned_list[6];
		memcpy(padded, text, strlen(text));
		for (int i = 0; i < 6; i++) {
			signed_list[i] = (int32_t) PICK(integers, k + i);
			unsigned_list[i] = (uint16_t) (k * i);
		}
		tracepoint(tracewire_filter, ev, k, PICK(integers, k), PICK(floats, k), padded, length, signed_list,
			   unsigned_list, (size_t) (3 + k % 4));
		if (k % 4 == 3) tracepoint(tracewire_filter, few, k, padded);
	}
	return 0;
}
