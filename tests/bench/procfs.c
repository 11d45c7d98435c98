#include "procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_MAX 256

/* The whole file as a string; empty when it is gone. */
static void slurp(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t len = file == NULL ? 0 : fread(text, 1, size - 1, file);
	text[len] = '\0';
	if (file != NULL) {
		fclose(file);
	}
}

static uint64_t number_after(const char *text, const char *label)
{
	const char *at = strstr(text, label);
	return at == NULL ? 0 : strtoull(at + strlen(label), NULL, 10);
}

static pid_t parent_of(pid_t pid)
{
	char path[64];
	char text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	slurp(path, text, sizeof(text));
	/* The name before the last parenthesis may hold anything. */
	const char *at = strrchr(text, ')');
	int parent = 0;
	if (at == NULL || sscanf(at + 1, " %*c %d", &parent) != 1) {
		return 0;
	}
	return parent;
}

static bool contains(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++) {
		if (pids[i] == pid) {
			return true;
		}
	}
	return false;
}

/* One generation after the other, until nobody is added. */
static size_t tree_of(pid_t root, pid_t tree[TREE_MAX])
{
	size_t count = 0;
	size_t before;
	tree[count++] = root;
	do {
		before = count;
		DIR *proc = opendir("/proc");
		struct dirent *entry;
		while (proc != NULL && (entry = readdir(proc)) != NULL) {
			if (!isdigit((unsigned char)entry->d_name[0])) {
				continue;
			}
			pid_t pid = (pid_t)atoi(entry->d_name);
			if (count < TREE_MAX && !contains(tree, count, pid) &&
				contains(tree, count, parent_of(pid))) {
				tree[count++] = pid;
			}
		}
		if (proc != NULL) {
			closedir(proc);
		}
	} while (count > before);
	return count;
}

static void sample_thread(pid_t pid, pid_t tid, struct thread_sample *sample)
{
	char path[96];
	char text[4096];
	sample->tid = tid;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, (int)tid);
	slurp(path, text, sizeof(text));
	sample->cpu_ns = strtoull(text, NULL, 10);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
	slurp(path, text, sizeof(text));
	if (sscanf(text, "Name: %31[^\n]", sample->name) != 1) {
		sample->name[0] = '\0';
	}
	sample->switches = number_after(text, "\nvoluntary_ctxt_switches:");
	sample->preempted = number_after(text, "nonvoluntary_ctxt_switches:");
}

/* Returns the CPU of all threads; notes them when it is the first process. */
static uint64_t sample_threads(pid_t pid, struct sample *sample, bool note)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	struct dirent *entry;
	uint64_t cpu_ns = 0;
	while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0])) {
			continue;
		}
		struct thread_sample thread;
		sample_thread(pid, (pid_t)atoi(entry->d_name), &thread);
		cpu_ns += thread.cpu_ns;
		if (note && sample->threads < SAMPLE_THREADS_MAX) {
			sample->thread[sample->threads++] = thread;
		}
	}
	if (tasks != NULL) {
		closedir(tasks);
	}
	return cpu_ns;
}

/* What children have used that have ended since, so that the sum of a tree never falls. */
static uint64_t ended_children_ns(pid_t pid)
{
	char path[64];
	char text[1024];
	unsigned long long user = 0, system = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	slurp(path, text, sizeof(text));
	/* The name in parentheses may hold anything. */
	const char *end = strrchr(text, ')');
	if (end == NULL ||
		sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %llu %llu",
			&user, &system) != 2) {
		return 0;
	}
	return (user + system) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

void procfs_sample(pid_t pid, struct sample *sample)
{
	pid_t tree[TREE_MAX];
	size_t count = tree_of(pid, tree);
	*sample = (struct sample){.processes = (int)count};
	for (size_t i = 0; i < count; i++) {
		char path[64];
		char text[4096];
		sample->cpu_ns += sample_threads(tree[i], sample, i == 0);
		sample->cpu_ns += ended_children_ns(tree[i]);
		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)tree[i]);
		slurp(path, text, sizeof(text));
		sample->rss_kb += number_after(text, "\nRss:");
		sample->pss_kb += number_after(text, "\nPss:");
	}
}

void procfs_machine(uint64_t *busy_ns, uint64_t *steal_ns)
{
	char text[1024];
	unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;
	slurp("/proc/stat", text, sizeof(text));
	*busy_ns = *steal_ns = 0;
	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
		    &idle, &iowait, &irq, &softirq, &steal) != 8) {
		return;
	}
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	*busy_ns = (user + nice + system + irq + softirq) * tick_ns;
	*steal_ns = steal * tick_ns;
}
