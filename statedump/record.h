/* Apart from tp.h, which LTTng includes many times. */

#ifndef TRACEWIRE_STATEDUMP_RECORD_H
#define TRACEWIRE_STATEDUMP_RECORD_H

#include <stdint.h>

struct container_record {
	const char *name, *type, *id, *image, *pod, *pod_namespace;
	/* Inode numbers; net_ns and cgroup_ns are 0 where the kernel has no such namespaces. */
	uint32_t pid_ns, mnt_ns, net_ns, cgroup_ns;
	/* First process: its id on the host, and in its own pid namespace. */
	int32_t init_pid, init_vpid;
	/* Nanoseconds since the Unix epoch; the end is 0 while the container runs. */
	uint64_t start_ns, end_ns;
	/* Its control group, and what that may use: thousandths of a processor, bytes, tasks; 0 for no limit. */
	const char *cgroup;
	uint32_t cpu_max;
	uint64_t memory_max;
	uint32_t pids_max;
};

#endif
