/* Loaded before a program's own libraries: disturbs the n-th call that changes something below a folder. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *below, *calls;
static long at, error, seen;
static int record = -1;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("DISTURB_AT");
    at = text ? atol(text) : 0;
    text = getenv("DISTURB_ERROR");
    error = text ? atol(text) : 0;
    calls = getenv("DISTURB_CALLS");
    text = getenv("DISTURB_LOG");
    if (text) record = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    below = getenv("DISTURB_BELOW");
}

static int inside(const char *path) { return path && below && !strncmp(path, below, strlen(below)); }

static const char *path_of(int fd, char *path) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, name, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether this is the one; every call is recorded, those that are meant with their number. */
static int strikes(const char *call, const char *path, const char *to) {
    if (!inside(path) && !inside(to)) return 0;
    long n = 0;
    if (!calls || strstr(calls, call)) n = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    char line[2 * PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld\t%s\t%s\t%s\n", n, call, path, to ? to : "");
    if (record >= 0) syscall(SYS_write, record, line, length);
    return n && n == at;
}

static int disturbs(const char *call, const char *path, const char *to) {
    if (!strikes(call, path, to)) return 0;
    if (!error) die();
    errno = (int)error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) {
    char path[PATH_MAX];
    return disturbs("fsync", path_of(fd, path), 0) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    char path[PATH_MAX];
    return disturbs("fdatasync", path_of(fd, path), 0) ? -1 : REAL(fdatasync)(fd);
}

int rename(const char *from, const char *to) { return disturbs("rename", from, to) ? -1 : REAL(rename)(from, to); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    return disturbs("linkat", from, to) ? -1 : REAL(linkat)(from_folder, from, to_folder, to, flags);
}

int unlink(const char *path) { return disturbs("unlink", path, 0) ? -1 : REAL(unlink)(path); }

int rmdir(const char *path) { return disturbs("rmdir", path, 0) ? -1 : REAL(rmdir)(path); }

int mkdir(const char *path, mode_t mode) { return disturbs("mkdir", path, 0) ? -1 : REAL(mkdir)(path, mode); }

int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    return disturbs("unlinkat", path_of(folder, path), 0) ? -1 : REAL(unlinkat)(folder, name, flags);
}

/* Locks as some network file systems have them: an error, or a success that keeps nobody out. */
int flock(int fd, int operation) {
    const char *locks = getenv("DISTURB_LOCKS");
    if (!locks) return REAL(flock)(fd, operation);
    if (!strcmp(locks, "idle")) return 0;
    errno = ENOLCK;
    return -1;
}

/* Of the last bytes a process writes only half arrive. */
ssize_t write(int fd, const void *bytes, size_t count) {
    char path[PATH_MAX];
    if (strikes("write", path_of(fd, path), 0)) {
        REAL(write)(fd, bytes, count / 2);
        if (!error) die();
        errno = (int)error;
        return -1;
    }
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    char path[PATH_MAX];
    if (strikes("pwrite", path_of(fd, path), 0)) {
        REAL(pwrite64)(fd, bytes, count / 2 / 4096 * 4096, offset);
        if (!error) die();
        errno = (int)error;
        return -1;
    }
    return REAL(pwrite64)(fd, bytes, count, offset);
}
