/*
 * Times system calls over the files whose paths stand in lists, one per line: list after list, as often as there are rounds, and prints for each list the nanoseconds of one
 * operation in the fastest of its passes. Processors of a virtual machine are slower by half for a tenth of a second or several, whenever something else runs beside them: what is
 * compared has to be measured by turns, and only the passes that nothing disturbed say what the calls cost. Before each pass goes one that is not timed, so that no list pays for
 * what the one before has displaced from the processor's caches. A pass is timed as a whole: a clock around each call would cost a good part of it.
 *
 *   syscalls stat ROUNDS LIST...     lstat
 *   syscalls read ROUNDS LIST...     open, read to the end with 64 KiB, close
 *   syscalls stream ROUNDS FILE...   open, read to the end with 1 MiB, close; nanoseconds of the whole file
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PATHS = 1 << 20, MAX_LISTS = 16 };

static char *paths[MAX_PATHS];
static char buffer[1 << 20];

static void die(const char *path)
{
    fprintf(stderr, "syscalls: %s: %s\n", path, strerror(errno));
    exit(1);
}

static void read_whole(const char *path, size_t piece)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) die(path);
    ssize_t got;
    while ((got = read(fd, buffer, piece)) > 0) { }
    if (got < 0) die(path);
    close(fd);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Appends the paths of a list; returns how many stand there then. */
static int load(const char *list, int count)
{
    FILE *file = fopen(list, "r");
    if (!file) die(list);
    size_t room = 0;
    ssize_t length;
    while (count < MAX_PATHS && (length = getline(&paths[count], &room, file)) > 0)
    {
        paths[count][length - 1] = 0;
        count++;
        room = 0;
    }
    fclose(file);
    return count;
}

static void pass(const char *what, int from, int to)
{
    for (int i = from; i < to; i++)
    {
        struct stat status;
        if (strcmp(what, "stream") == 0) read_whole(paths[i], sizeof buffer);
        else if (strcmp(what, "read") == 0) read_whole(paths[i], 64 << 10);
        else if (lstat(paths[i], &status) != 0) die(paths[i]);
    }
}

int main(int argc, char **argv)
{
    int lists = argc - 3, rounds = argc < 4 ? 0 : atoi(argv[2]);
    if (rounds < 1 || lists > MAX_LISTS) { fprintf(stderr, "usage: syscalls stat|read|stream ROUNDS LIST|FILE...\n"); return 2; }
    int ends[MAX_LISTS + 1] = { 0 };
    double least[MAX_LISTS] = { 0 };
    for (int list = 0; list < lists; list++)
    {
        int end = ends[list];
        if (strcmp(argv[1], "stream") == 0) paths[end++] = argv[3 + list];
        else end = load(argv[3 + list], end);
        if (end == ends[list]) { fprintf(stderr, "syscalls: %s lists nothing\n", argv[3 + list]); return 1; }
        ends[list + 1] = end;
    }
    for (int round = 0; round < rounds; round++)
        for (int list = 0; list < lists; list++)
        {
            pass(argv[1], ends[list], ends[list + 1]);
            double start = now();
            pass(argv[1], ends[list], ends[list + 1]);
            double took = (now() - start) / (ends[list + 1] - ends[list]);
            if (round == 0 || took < least[list]) least[list] = took;
        }
    for (int list = 0; list < lists; list++) printf("%.0f\n", least[list]);
    return 0;
}
