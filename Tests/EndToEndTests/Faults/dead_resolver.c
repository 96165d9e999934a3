/* Preloaded into a daemon, makes names that end in .dead hang in the resolver for DEAD_RESOLVER_SECONDS and then fail as a
   resolver fails that nobody answers. Every other name is resolved as it would be. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found) {
    static const char end[] = ".dead";
    size_t length = name ? strlen(name) : 0;
    if (length >= sizeof end && strcmp(name + length - (sizeof end - 1), end) == 0) {
        const char *seconds = getenv("DEAD_RESOLVER_SECONDS");
        sleep(seconds ? (unsigned)atoi(seconds) : 10);
        return EAI_AGAIN;
    }
    return ((resolve *)dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
}
