#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER shop
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./shop.h"
#if !defined(SHOP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define SHOP_H
#include <lttng/tracepoint.h>
LTTNG_UST_TRACEPOINT_EVENT(shop, request,
  LTTNG_UST_TP_ARGS(int, id, const char *, path, unsigned, user, int, status),
  LTTNG_UST_TP_FIELDS(
    lttng_ust_field_integer(int, id, id)
    lttng_ust_field_string(path, path)
    lttng_ust_field_integer(unsigned, user, user)
    lttng_ust_field_integer(int, status, status)))
LTTNG_UST_TRACEPOINT_EVENT(shop, item,
  LTTNG_UST_TP_ARGS(int, id, long, price, double, weight),
  LTTNG_UST_TP_FIELDS(
    lttng_ust_field_integer(int, id, id)
    lttng_ust_field_integer(long, price, price)
    lttng_ust_field_float(double, weight, weight)))
LTTNG_UST_TRACEPOINT_EVENT(shop, done,
  LTTNG_UST_TP_ARGS(int, id, unsigned long, ns, unsigned, n, const int *, sizes),
  LTTNG_UST_TP_FIELDS(
    lttng_ust_field_integer(int, id, id)
    lttng_ust_field_integer(unsigned long, ns, ns)
    lttng_ust_field_sequence(int, sizes, sizes, unsigned, n)))
#endif
#include <lttng/tracepoint-event.h>
