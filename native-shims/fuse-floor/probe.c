/*
 * A client with next to no cost of its own. Each mode prints microseconds per operation, the best of several rounds:
 *   probe stat FILE           stat(2) of one name
 *   probe walk DIR            readdir and fstatat of every entry below
 *   probe find DIR            readdir alone, types from d_type
 *   probe files DIR           open, read, close of every file below
 *   probe stream FILE         sequential read, per MiB
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 5
#define STATS 20000

static char buffer[1 << 20];
static long operations;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void below(int parent, const char *name, int stats, int reads)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!reads)
			operations++;
		if (stats)
			fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
		if (entry->d_type == DT_DIR)
			below(fd, entry->d_name, stats, reads);
		else if (reads && entry->d_type == DT_REG) {
			int file = openat(fd, entry->d_name, O_RDONLY);

			operations++;
			while (read(file, buffer, sizeof(buffer)) > 0)
				;
			close(file);
		}
	}
	if (dir)
		closedir(dir);
}

static void once(const char *mode, const char *path)
{
	struct stat st;
	ssize_t length;
	long bytes = 0;

	if (strcmp(mode, "stat") == 0) {
		for (operations = 0; operations < STATS; operations++)
			if (stat(path, &st) < 0)
				exit(1);
	} else if (strcmp(mode, "stream") == 0) {
		int fd = open(path, O_RDONLY);

		while ((length = read(fd, buffer, sizeof(buffer))) > 0)
			bytes += length;
		operations = bytes >> 20;
		close(fd);
	} else {
		below(AT_FDCWD, path, strcmp(mode, "walk") == 0, strcmp(mode, "files") == 0);
	}
}

int main(int argc, char **argv)
{
	double best = 1e18;

	if (argc != 3)
		return 2;
	for (int round = 0; round < ROUNDS; round++) {
		double start = now(), each;

		operations = 0;
		once(argv[1], argv[2]);
		each = (now() - start) / (operations ? operations : 1);
		if (each < best)
			best = each;
	}
	printf("%.3f\n", best);
	return 0;
}
