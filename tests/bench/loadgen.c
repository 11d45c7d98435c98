/* A load generator for one-on-one chat over MQTT: against a bare broker, which relays, or against
 * the plugin, which stores; or over Socket.IO against a server that does what the plugin does.  See
 * README.md for what it does and prints. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "procfs.h"
#include "worker.h"

#define THREADS_MAX 16
#define PROCS_MAX 10
#define DRAIN_QUIET_NS UINT64_C(20000000000) /* without any progress: what is not here is lost */

/* When the processes are looked at. */
enum moment {
	BEFORE_CONNECT,
	ALL_READY,
	SETTLED,
	WINDOW_BEGIN,
	WINDOW_END,
	MOMENTS,
};

struct proc {
	const char *name;
	pid_t pid;
	struct sample at[MOMENTS];
};

struct totals {
	uint64_t sent;
	uint64_t echoed;
	uint64_t delivered;
};

struct run {
	struct plan plan;
	double warm_s;
	double window_s;
	double settle_s;
	double patience_s; /* for all to get ready */
	const char *json;
	struct proc procs[PROCS_MAX];
	size_t proc_count;
	struct worker *workers;
	_Atomic enum phase phase;
	/* What came out. */
	unsigned ready;
	double subscribed_s; /* from the first connect() to the last SUBACK */
	double ready_s;
	double measured_s;
	double others_cores;
	double steal_cores;
	double thread_load[THREADS_MAX]; /* of one core, in the window */
	double own_cpu_s;
	struct totals window;
	struct totals whole;
	struct faults faults;
	uint64_t failed_attempts;
	uint64_t lost_connections;
	uint64_t other_events;
	uint64_t held_back;
	struct hist connect;
	struct hist echo;
	struct hist peer;
};

static void pause_s(double seconds)
{
	struct timespec left = {.tv_sec = (time_t)seconds};
	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	while (nanosleep(&left, &left) != 0 && errno == EINTR) {
	}
}

static double seconds_since(uint64_t ns)
{
	return (double)(steady_ns() - ns) / 1e9;
}

/* Options. */

static const char usage[] =
	"loadgen --port PORT [options]\n"
	"  --port PORT               of a further broker: users go to all in turn (up to 8)\n"
	"  --kind plain|chat         what is spoken to (plain)\n"
	"  --mode closed|rate|storm|idle  (closed)\n"
	"  --ws                      WebSockets instead of TCP\n"
	"  --socketio                instead of MQTT, with --ws and --kind chat\n"
	"  --mqtt5                   instead of 3.1.1\n"
	"  --users N  --first ID     N users (100), the first of them odd (1)\n"
	"  --threads N               (2)\n"
	"  --at-once N               connects on their way, 0 all (100)\n"
	"  --rate N                  messages a second in all (1000)\n"
	"  --size N  --qos N         of a message (100 bytes, 1)\n"
	"  --react                   to the first message of each chat, instead of messages\n"
	"  --spin                    never sleep: the broker has no thread of ours to wake\n"
	"  --warm S  --seconds S  --settle S   (1, 5, 1)\n"
	"  --patience S              until those who did not get in are given up (120)\n"
	"  --secret TEXT             signs the logins of --kind chat; or environment CHAT_SECRET\n"
	"  --proc NAME:PID           a process to report about, with its children (up to 10)\n"
	"  --json FILE               the report as one JSON object\n";

static void bad_usage(const char *what)
{
	fprintf(stderr, "loadgen: %s\n%s", what, usage);
	exit(2);
}

static unsigned number_of(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*text == '\0' || *end != '\0' || number > 100000000) {
		bad_usage(text);
	}
	return (unsigned)number;
}

static enum mode mode_of(const char *text)
{
	static const char *const names[] = {"closed", "rate", "storm", "idle"};
	for (size_t i = 0; i < 4; i++) {
		if (strcmp(text, names[i]) == 0) {
			return (enum mode)i;
		}
	}
	bad_usage("what mode?");
	return MODE_CLOSED;
}

static bool kind_of(const char *text)
{
	if (strcmp(text, "chat") != 0 && strcmp(text, "plain") != 0) {
		bad_usage("what kind?");
	}
	return text[0] == 'c';
}

static void add_proc(struct run *run, char *text)
{
	char *colon = strchr(text, ':');
	if (colon == NULL || run->proc_count == PROCS_MAX) {
		bad_usage("--proc NAME:PID, up to 10 times");
	}
	*colon = '\0';
	run->procs[run->proc_count].name = text;
	run->procs[run->proc_count++].pid = (pid_t)number_of(colon + 1);
}

enum option_id {
	OPTION_PORT = 1,
	OPTION_KIND,
	OPTION_MODE,
	OPTION_WS,
	OPTION_SOCKETIO,
	OPTION_MQTT5,
	OPTION_USERS,
	OPTION_FIRST,
	OPTION_THREADS,
	OPTION_AT_ONCE,
	OPTION_RATE,
	OPTION_SIZE,
	OPTION_QOS,
	OPTION_REACT,
	OPTION_SPIN,
	OPTION_WARM,
	OPTION_SECONDS,
	OPTION_SETTLE,
	OPTION_PATIENCE,
	OPTION_SECRET,
	OPTION_PROC,
	OPTION_JSON,
};

static const struct option options[] = {
	{"port", required_argument, NULL, OPTION_PORT},
	{"kind", required_argument, NULL, OPTION_KIND},
	{"mode", required_argument, NULL, OPTION_MODE},
	{"ws", no_argument, NULL, OPTION_WS},
	{"socketio", no_argument, NULL, OPTION_SOCKETIO},
	{"mqtt5", no_argument, NULL, OPTION_MQTT5},
	{"users", required_argument, NULL, OPTION_USERS},
	{"first", required_argument, NULL, OPTION_FIRST},
	{"threads", required_argument, NULL, OPTION_THREADS},
	{"at-once", required_argument, NULL, OPTION_AT_ONCE},
	{"rate", required_argument, NULL, OPTION_RATE},
	{"size", required_argument, NULL, OPTION_SIZE},
	{"qos", required_argument, NULL, OPTION_QOS},
	{"react", no_argument, NULL, OPTION_REACT},
	{"spin", no_argument, NULL, OPTION_SPIN},
	{"warm", required_argument, NULL, OPTION_WARM},
	{"seconds", required_argument, NULL, OPTION_SECONDS},
	{"settle", required_argument, NULL, OPTION_SETTLE},
	{"patience", required_argument, NULL, OPTION_PATIENCE},
	{"secret", required_argument, NULL, OPTION_SECRET},
	{"proc", required_argument, NULL, OPTION_PROC},
	{"json", required_argument, NULL, OPTION_JSON},
	{NULL, 0, NULL, 0},
};

static void take_option(struct run *run, int option)
{
	struct plan *plan = &run->plan;
	switch (option) {
	case OPTION_PORT:
		if (plan->brokers == BROKERS_MAX) {
			bad_usage("--port, up to 8 times");
		}
		plan->ports[plan->brokers++] = htons((uint16_t)number_of(optarg));
		break;
	case OPTION_KIND:
		plan->chat = kind_of(optarg);
		break;
	case OPTION_MODE:
		plan->mode = mode_of(optarg);
		break;
	case OPTION_WS:
		plan->dialect.ws = true;
		break;
	case OPTION_SOCKETIO:
		plan->dialect.socketio = true;
		break;
	case OPTION_MQTT5:
		plan->dialect.mqtt5 = true;
		break;
	case OPTION_USERS:
		plan->users = number_of(optarg);
		break;
	case OPTION_FIRST:
		plan->first = number_of(optarg);
		break;
	case OPTION_THREADS:
		plan->threads = number_of(optarg);
		break;
	case OPTION_AT_ONCE:
		plan->at_once = number_of(optarg);
		break;
	case OPTION_RATE:
		plan->rate = number_of(optarg);
		break;
	case OPTION_SIZE:
		plan->size = number_of(optarg);
		break;
	case OPTION_QOS:
		plan->qos = (int)number_of(optarg);
		break;
	case OPTION_REACT:
		plan->react = true;
		break;
	case OPTION_SPIN:
		plan->spin = true;
		break;
	case OPTION_WARM:
		run->warm_s = atof(optarg);
		break;
	case OPTION_SECONDS:
		run->window_s = atof(optarg);
		break;
	case OPTION_SETTLE:
		run->settle_s = atof(optarg);
		break;
	case OPTION_PATIENCE:
		run->patience_s = atof(optarg);
		break;
	case OPTION_SECRET:
		plan->secret = optarg;
		break;
	case OPTION_PROC:
		add_proc(run, optarg);
		break;
	case OPTION_JSON:
		run->json = optarg;
		break;
	default:
		bad_usage("unknown option");
	}
}

static void check(struct plan *plan)
{
	if (plan->brokers == 0) {
		bad_usage("which port?");
	}
	if (plan->users == 0 || plan->users % 2 != 0 || plan->first % 2 != 1) {
		bad_usage("users come in pairs, and the first is odd");
	}
	if (plan->threads == 0 || plan->threads > THREADS_MAX || plan->rate == 0 || plan->qos > 1 ||
		plan->size > 16384) {
		bad_usage("out of range: threads 1 to 16, rate above 0, QoS 0 or 1, size up to "
			  "16384");
	}
	if (plan->threads > plan->users / 2) {
		plan->threads = plan->users / 2;
	}
	if (plan->dialect.socketio && (!plan->dialect.ws || !plan->chat)) {
		bad_usage("--socketio needs --ws and --kind chat");
	}
	if (plan->chat && plan->secret == NULL) {
		bad_usage("--kind chat needs the secret");
	}
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < (rlim_t)plan->users + 64) {
		fprintf(stderr, "loadgen: %u users need more than the %lu files of ulimit -n\n",
			plan->users, (unsigned long)files.rlim_cur);
		exit(2);
	}
}

/* The run. */

static void look(struct run *run, enum moment moment)
{
	for (size_t i = 0; i < run->proc_count; i++) {
		procfs_sample(run->procs[i].pid, &run->procs[i].at[moment]);
	}
}

static uint64_t sum_of(const struct run *run, size_t offset)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < run->plan.threads; i++) {
		const char *worker = (const char *)&run->workers[i];
		sum += atomic_load((const _Atomic uint64_t *)(const void *)(worker + offset));
	}
	return sum;
}

static struct totals totals_now(const struct run *run)
{
	return (struct totals){
		.sent = sum_of(run, offsetof(struct worker, sent)),
		.echoed = sum_of(run, offsetof(struct worker, echoed)),
		.delivered = sum_of(run, offsetof(struct worker, delivered)),
	};
}

static unsigned ready_now(const struct run *run)
{
	unsigned ready = 0;
	for (unsigned i = 0; i < run->plan.threads; i++) {
		ready += atomic_load(&run->workers[i].ready);
	}
	return ready;
}

static double latest_s(const struct run *run, size_t offset, uint64_t begun)
{
	uint64_t latest = begun;
	for (unsigned i = 0; i < run->plan.threads; i++) {
		const char *worker = (const char *)&run->workers[i];
		uint64_t at =
			atomic_load((const _Atomic uint64_t *)(const void *)(worker + offset));
		latest = at > latest ? at : latest;
	}
	return (double)(latest - begun) / 1e9;
}

static bool wait_for_ready(struct run *run)
{
	uint64_t begun = steady_ns();
	while ((run->ready = ready_now(run)) < run->plan.users) {
		if (seconds_since(begun) > run->patience_s) {
			break;
		}
		pause_s(0.002);
	}
	run->subscribed_s = latest_s(run, offsetof(struct worker, last_subscribed), begun);
	run->ready_s = latest_s(run, offsetof(struct worker, last_ready), begun);
	return run->ready == run->plan.users;
}

/* The measured window: what happens between its two ends. */
static void measure(struct run *run)
{
	uint64_t busy[2];
	uint64_t steal[2];
	uint64_t own[2] = {0};
	uint64_t cpu[THREADS_MAX];
	look(run, WINDOW_BEGIN);
	procfs_machine(&busy[0], &steal[0]);
	for (unsigned i = 0; i < run->plan.threads; i++) {
		cpu[i] = atomic_load(&run->workers[i].cpu_ns);
	}
	struct totals before = totals_now(run);
	uint64_t begun = steady_ns();
	pause_s(run->window_s);
	struct totals after = totals_now(run);
	run->measured_s = seconds_since(begun);
	for (unsigned i = 0; i < run->plan.threads; i++) {
		uint64_t used = atomic_load(&run->workers[i].cpu_ns) - cpu[i];
		own[1] += used;
		run->thread_load[i] = (double)used / 1e9 / run->measured_s;
	}
	procfs_machine(&busy[1], &steal[1]);
	look(run, WINDOW_END);
	run->own_cpu_s = (double)own[1] / 1e9;
	run->window = (struct totals){after.sent - before.sent, after.echoed - before.echoed,
		after.delivered - before.delivered};
	double others = (double)(busy[1] - busy[0]) / 1e9 - run->own_cpu_s;
	for (size_t i = 0; i < run->proc_count; i++) {
		const struct sample *at = run->procs[i].at;
		others -= (double)(at[WINDOW_END].cpu_ns - at[WINDOW_BEGIN].cpu_ns) / 1e9;
	}
	run->others_cores = others > 0 ? others / run->measured_s : 0;
	run->steal_cores = (double)(steal[1] - steal[0]) / 1e9 / run->measured_s;
}

/* Until everything that was sent has been heard by both, or nothing comes any more. */
static void drain(struct run *run)
{
	struct totals last = totals_now(run);
	uint64_t moved = steady_ns();
	while (steady_ns() - moved < DRAIN_QUIET_NS) {
		pause_s(0.02);
		struct totals now = totals_now(run);
		if (now.echoed == now.sent && now.delivered == now.sent) {
			/* What comes twice comes late. */
			pause_s(0.1);
			break;
		}
		if (memcmp(&now, &last, sizeof(now)) != 0) {
			moved = steady_ns();
			last = now;
		}
	}
	run->whole = totals_now(run);
}

static void go_through(struct run *run)
{
	bool speaks = run->plan.mode == MODE_CLOSED || run->plan.mode == MODE_RATE;
	if (!wait_for_ready(run)) {
		fprintf(stderr, "loadgen: only %u of %u users got ready\n", run->ready,
			run->plan.users);
	}
	look(run, ALL_READY);
	atomic_store(&run->phase, PHASE_QUIET);
	pause_s(run->settle_s);
	look(run, SETTLED);
	if (speaks) {
		atomic_store(&run->phase, PHASE_WARM);
		pause_s(run->warm_s);
		atomic_store(&run->phase, PHASE_MEASURE);
	}
	if (run->plan.mode != MODE_STORM) {
		measure(run);
	}
	if (speaks) {
		atomic_store(&run->phase, PHASE_DRAIN);
		drain(run);
	}
	run->lost_connections = sum_of(run, offsetof(struct worker, lost_connections));
}

static void gather(struct run *run, const struct worker *worker)
{
	run->faults.duplicated += worker->faults.duplicated;
	run->faults.out_of_order += worker->faults.out_of_order;
	run->faults.gaps += worker->faults.gaps;
	run->faults.errors += worker->faults.errors;
	run->faults.foreign += worker->faults.foreign;
	run->failed_attempts += worker->failed_attempts;
	run->other_events += worker->other_events;
	run->held_back += worker->held_back;
	hist_merge(&run->connect, &worker->connect);
	hist_merge(&run->echo, &worker->echo);
	hist_merge(&run->peer, &worker->peer);
}

static void perform(struct run *run)
{
	pthread_t threads[THREADS_MAX];
	run->workers = calloc(run->plan.threads, sizeof(*run->workers));
	if (run->workers == NULL) {
		perror("loadgen");
		exit(2);
	}
	for (unsigned i = 0; i < run->plan.threads; i++) {
		worker_init(&run->workers[i], &run->plan, &run->phase, i);
	}
	look(run, BEFORE_CONNECT);
	for (unsigned i = 0; i < run->plan.threads; i++) {
		if (pthread_create(&threads[i], NULL, worker_run, &run->workers[i]) != 0) {
			perror("loadgen: thread");
			exit(2);
		}
	}
	go_through(run);
	atomic_store(&run->phase, PHASE_LEAVE);
	for (unsigned i = 0; i < run->plan.threads; i++) {
		pthread_join(threads[i], NULL);
		gather(run, &run->workers[i]);
		worker_finish(&run->workers[i]);
	}
	free(run->workers);
}

/* The report: one JSON object, and some lines to read. */

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void put_hist(FILE *file, const char *name, const struct hist *hist)
{
	fprintf(file,
		"\"%s_ms\":{\"count\":%llu,\"p50\":%.4f,\"p95\":%.4f,\"p99\":%.4f,\"p999\":%.4f,"
		"\"max\":%.4f},",
		name, (unsigned long long)hist->count, ms(hist_percentile(hist, 0.5)),
		ms(hist_percentile(hist, 0.95)), ms(hist_percentile(hist, 0.99)),
		ms(hist_percentile(hist, 0.999)), ms(hist->max));
}

static void put_totals(FILE *file, const char *name, const struct totals *totals)
{
	fprintf(file, "\"%s\":{\"sent\":%llu,\"echoed\":%llu,\"delivered\":%llu},", name,
		(unsigned long long)totals->sent, (unsigned long long)totals->echoed,
		(unsigned long long)totals->delivered);
}

static double cpu_s(const struct sample *from, const struct sample *to)
{
	return (double)(to->cpu_ns - from->cpu_ns) / 1e9;
}

/* What a thread did since an earlier look; new threads count from nothing. */
static struct thread_sample thread_since(
	const struct sample *from, const struct thread_sample *thread)
{
	struct thread_sample since = *thread;
	for (int i = 0; i < from->threads; i++) {
		if (from->thread[i].tid == thread->tid) {
			since.cpu_ns -= from->thread[i].cpu_ns;
			since.switches -= from->thread[i].switches;
			since.preempted -= from->thread[i].preempted;
		}
	}
	return since;
}

static void put_threads(FILE *file, const struct proc *proc)
{
	const struct sample *to = &proc->at[WINDOW_END];
	fputs("\"threads\":[", file);
	for (int i = 0; i < to->threads; i++) {
		struct thread_sample t = thread_since(&proc->at[WINDOW_BEGIN], &to->thread[i]);
		fprintf(file,
			"%s{\"main\":%s,\"name\":\"%s\",\"cpu_s\":%.6f,\"switches\":%llu,"
			"\"preempted\":%llu}",
			i == 0 ? "" : ",", t.tid == proc->pid ? "true" : "false", t.name,
			(double)t.cpu_ns / 1e9, (unsigned long long)t.switches,
			(unsigned long long)t.preempted);
	}
	fputs("]", file);
}

static void put_memory(FILE *file, const char *name, const struct sample *sample)
{
	fprintf(file, "\"%s\":{\"rss_kb\":%llu,\"pss_kb\":%llu},", name,
		(unsigned long long)sample->rss_kb, (unsigned long long)sample->pss_kb);
}

static void put_proc(FILE *file, const struct proc *proc)
{
	const struct sample *at = proc->at;
	fprintf(file, "\"%s\":{\"connect_cpu_s\":%.6f,\"cpu_s\":%.6f,", proc->name,
		cpu_s(&at[BEFORE_CONNECT], &at[ALL_READY]),
		cpu_s(&at[WINDOW_BEGIN], &at[WINDOW_END]));
	put_memory(file, "before", &at[BEFORE_CONNECT]);
	put_memory(file, "settled", &at[SETTLED]);
	put_memory(file, "end", &at[WINDOW_END]);
	put_threads(file, proc);
	fputs("}", file);
}

static void put_faults(FILE *file, const struct run *run)
{
	fprintf(file,
		"\"faults\":{\"duplicated\":%llu,\"out_of_order\":%llu,\"gaps\":%llu,"
		"\"errors\":%llu,\"foreign\":%llu,\"lost_connections\":%llu,\"lost\":%llu},",
		(unsigned long long)run->faults.duplicated,
		(unsigned long long)run->faults.out_of_order, (unsigned long long)run->faults.gaps,
		(unsigned long long)run->faults.errors, (unsigned long long)run->faults.foreign,
		(unsigned long long)run->lost_connections,
		(unsigned long long)(2 * run->whole.sent - run->whole.echoed -
				     run->whole.delivered));
}

static void put_json(FILE *file, const struct run *run)
{
	fprintf(file,
		"{\"users\":%u,\"ready\":%u,\"subscribed_s\":%.4f,\"ready_s\":%.4f,"
		"\"failed_attempts\":%llu,\"held_back\":%llu,\"other_events\":%llu,"
		"\"seconds\":%.4f,",
		run->plan.users, run->ready, run->subscribed_s, run->ready_s,
		(unsigned long long)run->failed_attempts, (unsigned long long)run->held_back,
		(unsigned long long)run->other_events, run->measured_s);
	put_totals(file, "window", &run->window);
	put_totals(file, "whole", &run->whole);
	put_faults(file, run);
	put_hist(file, "connect", &run->connect);
	put_hist(file, "echo", &run->echo);
	put_hist(file, "peer", &run->peer);
	fputs("\"own_load\":[", file);
	for (unsigned i = 0; i < run->plan.threads; i++) {
		fprintf(file, "%s%.3f", i == 0 ? "" : ",", run->thread_load[i]);
	}
	fprintf(file, "],\"own_cpu_s\":%.4f,\"others_cores\":%.3f,\"steal_cores\":%.3f,\"procs\":{",
		run->own_cpu_s, run->others_cores, run->steal_cores);
	for (size_t i = 0; i < run->proc_count; i++) {
		fputs(i == 0 ? "" : ",", file);
		put_proc(file, &run->procs[i]);
	}
	fputs("}}\n", file);
}

static void print_hist(const char *name, const struct hist *hist)
{
	if (hist->count > 0) {
		printf("%-8s p50 %.3f  p95 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms\n", name,
			ms(hist_percentile(hist, 0.5)), ms(hist_percentile(hist, 0.95)),
			ms(hist_percentile(hist, 0.99)), ms(hist_percentile(hist, 0.999)),
			ms(hist->max));
	}
}

static void print_proc(const struct run *run, const struct proc *proc)
{
	const struct sample *at = proc->at;
	double messages = (double)run->window.echoed;
	printf("%s: connect %.3f cpu-s; pss %llu -> %llu -> %llu KB\n", proc->name,
		cpu_s(&at[BEFORE_CONNECT], &at[ALL_READY]),
		(unsigned long long)at[BEFORE_CONNECT].pss_kb,
		(unsigned long long)at[SETTLED].pss_kb, (unsigned long long)at[WINDOW_END].pss_kb);
	for (int i = 0; run->measured_s > 0 && i < at[WINDOW_END].threads; i++) {
		struct thread_sample t = thread_since(&at[WINDOW_BEGIN], &at[WINDOW_END].thread[i]);
		printf("  thread %-16s %5.1f %%  %.0f switches/s", t.name,
			(double)t.cpu_ns / 1e7 / run->measured_s,
			(double)t.switches / run->measured_s);
		if (messages > 0) {
			printf("  %.2f us/message", (double)t.cpu_ns / 1e3 / messages);
		}
		putchar('\n');
	}
	if (messages > 0) {
		printf("  all %.4f cpu-s per 1000 messages\n",
			cpu_s(&at[WINDOW_BEGIN], &at[WINDOW_END]) * 1000 / messages);
	}
}

static void print(const struct run *run)
{
	printf("connect: %u of %u ready in %.3f s (all subscribed %.3f s), %llu failed attempts\n",
		run->ready, run->plan.users, run->ready_s, run->subscribed_s,
		(unsigned long long)run->failed_attempts);
	print_hist("connect", &run->connect);
	if (run->measured_s > 0) {
		printf("window %.2f s: sent %llu, echoed %llu (%.0f/s), delivered %llu\n",
			run->measured_s, (unsigned long long)run->window.sent,
			(unsigned long long)run->window.echoed,
			(double)run->window.echoed / run->measured_s,
			(unsigned long long)run->window.delivered);
	}
	print_hist("echo", &run->echo);
	print_hist("peer", &run->peer);
	printf("whole: sent %llu, echoed %llu, delivered %llu; duplicated %llu, out of order %llu, "
	       "gaps %llu, errors %llu, foreign %llu, lost connections %llu\n",
		(unsigned long long)run->whole.sent, (unsigned long long)run->whole.echoed,
		(unsigned long long)run->whole.delivered,
		(unsigned long long)run->faults.duplicated,
		(unsigned long long)run->faults.out_of_order, (unsigned long long)run->faults.gaps,
		(unsigned long long)run->faults.errors, (unsigned long long)run->faults.foreign,
		(unsigned long long)run->lost_connections);
	for (size_t i = 0; i < run->proc_count; i++) {
		print_proc(run, &run->procs[i]);
	}
	printf("load generator:");
	for (unsigned i = 0; i < run->plan.threads; i++) {
		printf(" %.0f%%", run->thread_load[i] * 100);
	}
	printf(" of a core; others on this machine %.2f cores, stolen %.2f\n", run->others_cores,
		run->steal_cores);
}

int main(int argc, char **argv)
{
	static struct run run = {
		.plan = {.address = {.sin_family = AF_INET},
			.users = 100,
			.first = 1,
			.threads = 2,
			.at_once = 100,
			.rate = 1000,
			.size = 100,
			.qos = 1},
		.warm_s = 1,
		.window_s = 5,
		.settle_s = 1,
		.patience_s = 120,
	};
	run.plan.secret = getenv("CHAT_SECRET");
	run.plan.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		take_option(&run, option);
	}
	check(&run.plan);
	char host[64];
	snprintf(host, sizeof(host), "127.0.0.1:%u", ntohs(run.plan.ports[0]));
	run.plan.host = host;
	perform(&run);
	print(&run);
	FILE *json = run.json == NULL ? NULL : fopen(run.json, "w");
	if (run.json != NULL && json == NULL) {
		perror(run.json);
		return 2;
	}
	if (json != NULL) {
		put_json(json, &run);
		fclose(json);
	}
	return run.ready == run.plan.users ? 0 : 1;
}
