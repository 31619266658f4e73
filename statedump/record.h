/* Apart from tp.h, which LTTng reads many times. */

#ifndef TRACEWIRE_STATEDUMP_RECORD_H
#define TRACEWIRE_STATEDUMP_RECORD_H

#include <stdint.h>

struct container_record {
	const char *name, *type, *id, *image, *pod, *pod_namespace;
	/* Inode numbers; 0 where it is not known. */
	uint32_t pid_ns, mnt_ns, net_ns, cgroup_ns;
	/* First process: its id on the host, and in its own pid namespace. */
	int32_t init_pid, init_vpid;
	/* Nanoseconds since the Unix epoch; the end is 0 while it runs. */
	uint64_t start_ns, end_ns;
};

#endif
