#include "server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Sanitizers preloaded for the test are none of the server's business. */
static void become_server_user(void)
{
	unsetenv("LD_PRELOAD");
	if (geteuid() == 0) {
		const struct passwd *user = getpwnam("postgres");
		if (user == NULL || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
			fprintf(stderr, "there is no user postgres to run the server as\n");
			_exit(127);
		}
	}
}

/* PostgreSQL's programs are seldom in the path: the newest version's folder. */
static const char *program(const char *name)
{
	static char path[4096];
	glob_t found;
	char pattern[128];
	snprintf(pattern, sizeof(pattern), "/usr/lib/postgresql/*/bin/%s", name);
	snprintf(path, sizeof(path), "%s", name);
	if (glob(pattern, 0, NULL, &found) == 0) {
		int newest = 0;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			int version = atoi(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"));
			if (version > newest) {
				newest = version;
				snprintf(path, sizeof(path), "%s", found.gl_pathv[i]);
			}
		}
		globfree(&found);
	}
	return path;
}

static int wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -1;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void silence(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
	}
}

/* What server_run waits for, so that a signal to end this process ends that too. */
static volatile pid_t running;

static void pass_on(int signal)
{
	if (running > 0) {
		kill(running, signal);
	}
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = pass_on};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

int server_run(const char *const argv[], bool quiet)
{
	catch_signals();
	pid_t pid = fork();
	running = pid;
	if (pid == 0) {
		if (quiet) {
			silence();
		}
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	int status = pid < 0 ? -1 : wait_for(pid);
	running = 0;
	return status;
}

static int make_cluster(const char *folder)
{
	char data[128];
	snprintf(data, sizeof(data), "%s/data", folder);
	const char *initdb = program("initdb");
	pid_t pid = fork();
	if (pid == 0) {
		silence();
		become_server_user();
		execlp(initdb, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
			"--locale=C", "--no-sync", (char *)NULL);
		fprintf(stderr, "cannot run %s\n", initdb);
		_exit(127);
	}
	return pid < 0 ? -1 : wait_for(pid);
}

static bool make_folder(struct server *server)
{
	*server = (struct server){0};
	snprintf(server->folder, sizeof(server->folder), "/tmp/chat-sql-XXXXXX");
	if (mkdtemp(server->folder) == NULL) {
		perror("mkdtemp");
		return false;
	}
	if (geteuid() == 0) {
		const struct passwd *user = getpwnam("postgres");
		if (user == NULL || chown(server->folder, user->pw_uid, user->pw_gid) != 0) {
			fprintf(stderr, "cannot give %s to the user postgres\n", server->folder);
			return false;
		}
	}
	return true;
}

bool server_create(struct server *server)
{
	return make_folder(server) && make_cluster(server->folder) == 0 && server_start(server);
}

static int copy_cluster(const struct server *standby, const struct server *primary)
{
	char data[128];
	snprintf(data, sizeof(data), "%s/data", standby->folder);
	const char *basebackup = program("pg_basebackup");
	pid_t pid = fork();
	if (pid == 0) {
		become_server_user();
		execlp(basebackup, "pg_basebackup", "-h", primary->folder, "-p", SERVER_PORT, "-U",
			"postgres", "-D", data, "-R", "-c", "fast", (char *)NULL);
		fprintf(stderr, "cannot run %s\n", basebackup);
		_exit(127);
	}
	return pid < 0 ? -1 : wait_for(pid);
}

bool server_create_standby(struct server *standby, const struct server *primary)
{
	return make_folder(standby) && copy_cluster(standby, primary) == 0 && server_start(standby);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static bool takes_connections(const struct server *server)
{
	const char *const argv[] = {"psql", "-XAtq", "-h", server->folder, "-p", SERVER_PORT, "-U",
		"postgres", "-d", "postgres", "-c", "select 1", NULL};
	char socket[128];
	struct stat found;
	snprintf(socket, sizeof(socket), "%s/.s.PGSQL." SERVER_PORT, server->folder);
	if (stat(socket, &found) != 0) {
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		silence();
		dup2(STDOUT_FILENO, STDERR_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid > 0 && wait_for(pid) == 0;
}

static void run_postgres(const struct server *server)
{
	char data[128];
	char log[128];
	char sockets[128];
	const char *postgres = program("postgres");
	snprintf(data, sizeof(data), "%s/data", server->folder);
	snprintf(log, sizeof(log), "%s/log", server->folder);
	snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", server->folder);
	pid_t parent = getppid();
	become_server_user();
	/* Set last: a change of user would clear it. */
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (getppid() != parent) {
		_exit(127);
	}
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execlp(postgres, "postgres", "-D", data, "-c", "listen_addresses=", "-c",
		"port=" SERVER_PORT, "-c", sockets, "-c", "max_connections=40", "-c",
		"max_prepared_transactions=2", "-c", "shared_buffers=64MB", (char *)NULL);
	_exit(127);
}

bool server_start(struct server *server)
{
	server->pid = fork();
	if (server->pid == 0) {
		run_postgres(server);
	}
	for (int i = 0; i < 3000 && server->pid > 0; i++) {
		if (takes_connections(server)) {
			return true;
		}
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = 0;
			break;
		}
		pause_ms(10);
	}
	fprintf(stderr, "the server does not start, see %s/log\n", server->folder);
	return false;
}

void server_stop(struct server *server, int signal)
{
	if (server->pid > 0) {
		kill(server->pid, signal);
		wait_for(server->pid);
	}
	server->pid = 0;
}

static bool write_pooler_settings(const struct server *server, const char *path)
{
	FILE *file = fopen(path, "w");
	if (file == NULL) {
		return false;
	}
	fprintf(file,
		"[databases]\n* = host=%s port=" SERVER_PORT " user=chat_plugin\n[pgbouncer]\n"
		"pool_mode = transaction\nauth_type = any\nlisten_port = " SERVER_PORT "\n"
		"unix_socket_dir = %s/pool\nignore_startup_parameters = extra_float_digits\n"
		"default_pool_size = 2\n",
		server->folder, server->folder);
	return fclose(file) == 0;
}

pid_t server_start_pooler(const struct server *server)
{
	char path[128];
	char socket[128];
	struct stat found;
	snprintf(path, sizeof(path), "%s/pool", server->folder);
	mkdir(path, 0777);
	chmod(path, 0777);
	snprintf(path, sizeof(path), "%s/pool.ini", server->folder);
	snprintf(socket, sizeof(socket), "%s/pool/.s.PGSQL." SERVER_PORT, server->folder);
	if (!write_pooler_settings(server, path)) {
		return -1;
	}
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		become_server_user();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent) {
			_exit(127);
		}
		execl("/usr/sbin/pgbouncer", "pgbouncer", "-q", path, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 1000 && pid > 0; i++) {
		if (stat(socket, &found) == 0) {
			return pid;
		}
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			break;
		}
		pause_ms(10);
	}
	fprintf(stderr, "pgbouncer does not start\n");
	return -1;
}

void server_stop_pooler(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static pid_t parent_of(const char *pid)
{
	char path[64];
	char line[512];
	int parent = 0;
	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		return 0;
	}
	if (fgets(line, sizeof(line), file) != NULL) {
		/* The name in parentheses may hold anything. */
		const char *end = strrchr(line, ')');
		if (end == NULL || sscanf(end, ") %*c %d", &parent) != 1) {
			parent = 0;
		}
	}
	fclose(file);
	return parent;
}

void server_signal_all(const struct server *server, int signal)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	kill(server->pid, signal);
	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			parent_of(entry->d_name) == server->pid) {
			kill((pid_t)atoi(entry->d_name), signal);
		}
	}
	if (proc != NULL) {
		closedir(proc);
	}
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *ftw)
{
	(void)found;
	(void)type;
	(void)ftw;
	return remove(path);
}

void server_destroy(struct server *server)
{
	server_stop(server, SIGINT);
	if (getenv("CHAT_KEEP") == NULL) {
		nftw(server->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	} else {
		fprintf(stderr, "kept %s\n", server->folder);
	}
}
