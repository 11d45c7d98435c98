/* What /proc says about the processes that are measured: CPU per thread, context switches, memory.
 * Reading it costs some milliseconds, so only between phases. */
#ifndef BENCH_PROCFS_H
#define BENCH_PROCFS_H

#include <stdint.h>
#include <sys/types.h>

#define SAMPLE_THREADS_MAX 32

struct thread_sample {
	pid_t tid;
	char name[32];
	uint64_t cpu_ns;
	uint64_t switches; /* voluntary: how often it went to sleep */
	uint64_t preempted;
};

/* A process with all that descend from it; threads are those of the process itself. */
struct sample {
	uint64_t cpu_ns;
	uint64_t rss_kb;
	uint64_t pss_kb;
	int processes;
	int threads;
	struct thread_sample thread[SAMPLE_THREADS_MAX];
};

void procfs_sample(pid_t pid, struct sample *sample);

/* What all CPUs have worked since the start, and what the host took from them. */
void procfs_machine(uint64_t *busy_ns, uint64_t *steal_ns);

#endif
