#include <libpq-fe.h>

// What Swift's Glibc module leaves out and a loop that owns connections needs.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <spawn.h>
#include <sys/prctl.h>

/// prctl takes a variable number of arguments, which Swift cannot call. Names the calling thread; 15 bytes are kept.
static inline void clibpq_name_thread(const char *name) {
    prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

/// Declared by <spawn.h> for _GNU_SOURCE only (glibc 2.29).
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
/// Likewise (glibc 2.34): closes every descriptor from this one on in the child.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// How much memory a long-running process keeps: <malloc.h> is not in Swift's Glibc module either.
#include <malloc.h>
