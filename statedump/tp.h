/* The container record: the fields that analyses of namespaces expect, and those that distinguish more containers. */

#undef TRACEPOINT_PROVIDER
#define TRACEPOINT_PROVIDER ust_container_statedump

#undef TRACEPOINT_INCLUDE
#define TRACEPOINT_INCLUDE "tp.h"

#if !defined(TRACEWIRE_STATEDUMP_TP_H) || defined(TRACEPOINT_HEADER_MULTI_READ)
#define TRACEWIRE_STATEDUMP_TP_H

#include <lttng/tracepoint.h>

#include "record.h"

TRACEPOINT_EVENT(
	ust_container_statedump, lttng_statedump_container,
	TP_ARGS(const struct container_record *, record),
	TP_FIELDS(
		ctf_string(container_name, record->name)
		ctf_string(container_type, record->type)
		ctf_integer(uint32_t, pid_ns, record->pid_ns)
		ctf_integer(uint32_t, mnt_ns, record->mnt_ns)
		ctf_integer(uint32_t, net_ns, record->net_ns)
		ctf_integer(uint32_t, cgroup_ns, record->cgroup_ns)
		ctf_string(id, record->id)
		ctf_string(image, record->image)
		ctf_integer(int32_t, init_pid, record->init_pid)
		ctf_string(pod, record->pod)
		ctf_string(namespace, record->pod_namespace)
		ctf_integer(int32_t, init_vpid, record->init_vpid)
		ctf_integer(uint64_t, start_ns, record->start_ns)
		ctf_integer(uint64_t, end_ns, record->end_ns)
		ctf_string(cgroup, record->cgroup)
		ctf_integer(uint32_t, cpu_max, record->cpu_max)
		ctf_integer(uint64_t, memory_max, record->memory_max)
		ctf_integer(uint32_t, pids_max, record->pids_max)
	)
)

#endif

#include <lttng/tracepoint-event.h>
