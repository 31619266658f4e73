/* Events of every field kind that LTTng's user space tracer has. */

#undef TRACEPOINT_PROVIDER
#define TRACEPOINT_PROVIDER tracewire_test

#undef TRACEPOINT_INCLUDE
#define TRACEPOINT_INCLUDE "tp.h"

#if !defined(TP_H) || defined(TRACEPOINT_HEADER_MULTI_READ)
#define TP_H

#include <stddef.h>
#include <stdint.h>

#include <lttng/tracepoint.h>

TRACEPOINT_EVENT(
	tracewire_test, tick,
	TP_ARGS(int, number, const char *, tag),
	TP_FIELDS(
		ctf_integer(int, number, number)
		ctf_string(tag, tag)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, request_begin,
	TP_ARGS(int, id, const char *, route),
	TP_FIELDS(
		ctf_integer(int, id, id)
		ctf_string(route, route)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, request_end,
	TP_ARGS(int, id, int, status),
	TP_FIELDS(
		ctf_integer(int, id, id)
		ctf_integer(int, status, status)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, bare,
	TP_ARGS(void),
	TP_FIELDS()
)

TRACEPOINT_EVENT(
	tracewire_test, empty,
	TP_ARGS(int, number, const char *, nothing, const char *, something),
	TP_FIELDS(
		ctf_string(nothing, nothing)
		ctf_integer(int, number, number)
		ctf_string(something, something)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, integers,
	TP_ARGS(int64_t, value),
	TP_FIELDS(
		ctf_integer(int8_t, i8, value)
		ctf_integer(int16_t, i16, value)
		ctf_integer(int32_t, i32, value)
		ctf_integer(int64_t, i64, value)
		ctf_integer(uint8_t, u8, value)
		ctf_integer(uint16_t, u16, value)
		ctf_integer(uint32_t, u32, value)
		ctf_integer(uint64_t, u64, value)
		ctf_integer_hex(uint8_t, x8, value)
		ctf_integer_hex(uint16_t, x16, value)
		ctf_integer_hex(uint32_t, x32, value)
		ctf_integer_hex(uint64_t, x64, value)
		ctf_integer_hex(int32_t, signed_hex, value)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, network,
	TP_ARGS(uint64_t, value),
	TP_FIELDS(
		ctf_integer_network(uint16_t, port, value)
		ctf_integer_network(int32_t, i32, value)
		ctf_integer_network(uint64_t, u64, value)
		ctf_integer_network_hex(uint32_t, address, value)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, floats,
	TP_ARGS(double, value),
	TP_FIELDS(
		ctf_float(float, single, value)
		ctf_float(double, twice, value)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, texts,
	TP_ARGS(const char *, text, size_t, length),
	TP_FIELDS(
		ctf_string(string, text)
		ctf_array_text(char, array, text, 8)
		ctf_sequence_text(char, sequence, text, size_t, length)
		ctf_integer(unsigned int, after, length)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, lists,
	TP_ARGS(const int32_t *, values, size_t, length),
	TP_FIELDS(
		ctf_array(int32_t, array, values, 4)
		ctf_array(uint8_t, bytes, (const uint8_t *) values, 5)
		ctf_sequence(int32_t, sequence, values, uint8_t, length)
		ctf_sequence(int64_t, wide, (const int64_t *) values, size_t, length / 2)
		ctf_array_hex(uint16_t, hex_array, (const uint16_t *) values, 3)
		ctf_sequence_hex(uint32_t, hex_sequence, (const uint32_t *) values, uint32_t, length)
		ctf_array_network(uint16_t, network_array, (const uint16_t *) values, 2)
		ctf_integer(uint8_t, after, length)
	)
)

TRACEPOINT_ENUM(
	tracewire_test, mood,
	TP_ENUM_VALUES(
		ctf_enum_value("BAD", -1)
		ctf_enum_value("FAIR", 0)
		ctf_enum_auto("GOOD")
		ctf_enum_range("GREAT", 2, 5)
	)
)

TRACEPOINT_EVENT(
	tracewire_test, enums,
	TP_ARGS(int, value),
	TP_FIELDS(
		ctf_enum(tracewire_test, mood, int, mood, value)
		ctf_enum(tracewire_test, mood, int8_t, small_mood, value)
		ctf_integer(int, value, value)
	)
)

#endif

#include <lttng/tracepoint-event.h>
