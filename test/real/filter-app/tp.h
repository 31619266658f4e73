/* One event with a field of every kind that a filter can name, and one that lacks most of them. */

#undef TRACEPOINT_PROVIDER
#define TRACEPOINT_PROVIDER tracewire_filter

#undef TRACEPOINT_INCLUDE
#define TRACEPOINT_INCLUDE "tp.h"

#if !defined(TP_H) || defined(TRACEPOINT_HEADER_MULTI_READ)
#define TP_H

#include <stddef.h>
#include <stdint.h>

#include <lttng/tracepoint.h>

TRACEPOINT_ENUM(
	tracewire_filter, color,
	TP_ENUM_VALUES(
		ctf_enum_value("RED", 0)
		ctf_enum_value("GREEN", 1)
		ctf_enum_range("OTHER", 2, 10)
	)
)

TRACEPOINT_EVENT(
	tracewire_filter, ev,
	TP_ARGS(
		int, k, int64_t, value, double, number, const char *, text, size_t, length,
		const int32_t *, list, const uint16_t *, unsigned_list, size_t, count
	),
	TP_FIELDS(
		ctf_integer(int, k, k)
		ctf_integer(int8_t, i8, value)
		ctf_integer(uint8_t, u8, value)
		ctf_integer(int16_t, i16, value)
		ctf_integer(uint32_t, u32, value)
		ctf_integer(int64_t, i64, value)
		ctf_integer(uint64_t, u64, value)
		ctf_integer_network(uint16_t, n16, k)
		ctf_integer_network(int32_t, n32, value)
		ctf_integer_hex(uint64_t, x64, value)
		ctf_float(float, f32, number)
		ctf_float(double, f64, number)
		ctf_string(s, text)
		ctf_array_text(char, ta, text, 8)
		ctf_sequence_text(char, ts, text, size_t, length)
		ctf_array(int32_t, ai, list, 4)
		ctf_array(uint16_t, au, unsigned_list, 4)
		ctf_array_network(uint16_t, an, unsigned_list, 4)
		ctf_sequence(int32_t, sq, list, uint8_t, count)
		ctf_sequence(uint16_t, su, unsigned_list, uint32_t, count)
		ctf_enum(tracewire_filter, color, int, en, k % 5)
	)
)

TRACEPOINT_EVENT(
	tracewire_filter, few,
	TP_ARGS(int, k, const char *, text),
	TP_FIELDS(
		ctf_integer(int, k, k)
		ctf_string(s, text)
	)
)

#endif

#include <lttng/tracepoint-event.h>
