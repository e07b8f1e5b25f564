// Asks one question of a file and says what came back: "RESULT ERRNO SIGNALS". Usage: caller stat|read|thread PATH; "thread" reads in a second thread, which alone
// takes the signals. SIGALRM, SIGCHLD and SIGWINCH are handled and restart nothing; SIGINT and SIGQUIT have their default action.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t taken;

static void take(int signal)
{
    (void)signal;
    taken++;
}

static void *ask(void *path)
{
    void *page;
    int fd = open(path, O_RDONLY | O_DIRECT);
    if (fd < 0 || posix_memalign(&page, 4096, 4096) != 0) return NULL;
    errno = 0;
    long result = pread(fd, page, 4096, 0);
    printf("%ld %d %d\n", result, errno, taken);
    return NULL;
}

static void look(const char *path)
{
    struct stat status;
    errno = 0;
    int result = stat(path, &status);
    printf("%d %d %d\n", result, errno, taken);
}

static void ask_in_thread(char *path)
{
    pthread_t asking;
    sigset_t all;
    pthread_create(&asking, NULL, ask, path);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_join(asking, NULL);
}

int main(int argc, char **argv)
{
    struct sigaction handled = { .sa_handler = take }, plain = { .sa_handler = SIG_DFL };
    struct rlimit no_core = { 0, 0 };
    int signals[] = { SIGALRM, SIGCHLD, SIGWINCH };
    if (argc != 3) return 2;
    for (int i = 0; i < 3; i++) sigaction(signals[i], &handled, NULL);
    sigaction(SIGINT, &plain, NULL);
    sigaction(SIGQUIT, &plain, NULL);
    setrlimit(RLIMIT_CORE, &no_core);
    if (strcmp(argv[1], "stat") == 0) look(argv[2]);
    else if (strcmp(argv[1], "thread") == 0) ask_in_thread(argv[2]);
    else ask(argv[2]);
    return 0;
}
