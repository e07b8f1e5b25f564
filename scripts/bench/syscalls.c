/*
 * Times system calls over the files whose paths stand in a list, one per line, in several passes over all of them; prints the nanoseconds of one operation in
 * the median pass. A pass is timed as a whole: a clock around each call would cost a good part of it.
 *
 *   syscalls stat LIST PASSES     lstat
 *   syscalls read LIST PASSES     open, read to the end with 64 KiB, close
 *   syscalls stream FILE PASSES   open, read to the end with 1 MiB, close; nanoseconds of the whole file
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PATHS = 1 << 20, MAX_PASSES = 1000 };

static char *paths[MAX_PATHS];
static double passes[MAX_PASSES];
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

static int ascending(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static int load(const char *list)
{
    FILE *file = fopen(list, "r");
    if (!file) die(list);
    int count = 0;
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

int main(int argc, char **argv)
{
    if (argc != 4) { fprintf(stderr, "usage: syscalls stat|read|stream LIST|FILE PASSES\n"); return 2; }
    int stream = strcmp(argv[1], "stream") == 0, reads = strcmp(argv[1], "read") == 0;
    int rounds = atoi(argv[3]);
    if (rounds < 1 || rounds > MAX_PASSES) { fprintf(stderr, "syscalls: 1 to %d passes\n", MAX_PASSES); return 2; }
    int count = 1;
    if (stream) paths[0] = argv[2];
    else count = load(argv[2]);
    if (count == 0) { fprintf(stderr, "syscalls: %s lists nothing\n", argv[2]); return 1; }

    for (int pass = 0; pass < rounds; pass++)
    {
        double start = now();
        for (int i = 0; i < count; i++)
        {
            struct stat status;
            if (stream) read_whole(paths[i], sizeof buffer);
            else if (reads) read_whole(paths[i], 64 << 10);
            else if (lstat(paths[i], &status) != 0) die(paths[i]);
        }
        passes[pass] = (now() - start) / count;
    }
    qsort(passes, rounds, sizeof passes[0], ascending);
    printf("%.0f\n", passes[rounds / 2]);
    return 0;
}
