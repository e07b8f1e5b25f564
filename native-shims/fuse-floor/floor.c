/*
 * The floor of a FUSE round trip: the least a server can do, in C, on one thread and one descriptor.
 * It serves one file, /file, of 4 KiB, with timeouts of 0, until it is unmounted:  floor MOUNTPOINT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int device;
static char request[8192];
static char page[4096];

static void answer(__u64 unique, int error, const void *body, size_t length)
{
	struct fuse_out_header header = { sizeof(header) + length, error, unique };
	struct iovec parts[2] = { { &header, sizeof(header) }, { (void *)body, length } };

	if (writev(device, parts, length ? 2 : 1) < 0 && errno != ENOENT)
		perror("writev");
}

static struct fuse_attr attributes(__u64 node)
{
	struct fuse_attr attr = { .ino = node, .nlink = 1, .blksize = 4096 };

	attr.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
	attr.size = node == FUSE_ROOT_ID ? 0 : sizeof(page);
	return attr;
}

static void serve(const struct fuse_in_header *in)
{
	const void *arguments = in + 1;

	switch (in->opcode) {
	case FUSE_INIT: {
		const struct fuse_init_in *theirs = arguments;
		struct fuse_init_out ours = { .major = 7, .minor = 31, .max_readahead = theirs->max_readahead, .max_write = 4096, .time_gran = 1,
					      .flags = theirs->flags & (FUSE_ASYNC_READ | FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT) };
		answer(in->unique, 0, &ours, sizeof(ours));
		break;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out entry = { .nodeid = 2, .attr = attributes(2) };
		int known = strcmp(arguments, "file") == 0;
		answer(in->unique, known ? 0 : -ENOENT, &entry, known ? sizeof(entry) : 0);
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = attributes(in->nodeid) };
		answer(in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_READ: {
		const struct fuse_read_in *read = arguments;
		size_t left = read->offset < sizeof(page) ? sizeof(page) - read->offset : 0;
		answer(in->unique, 0, page, read->size < left ? read->size : left);
		break;
	}
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(in->unique, -ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	char options[128];

	if (argc != 2 || (device = open("/dev/fuse", O_RDWR | O_CLOEXEC)) < 0) {
		perror("floor MOUNTPOINT");
		return 1;
	}
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,default_permissions", device);
	if (mount("floor", argv[1], "fuse.floor", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME, options) < 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		ssize_t length = read(device, request, sizeof(request));
		if (length < 0 && errno == ENODEV)
			return 0;
		if (length >= (ssize_t)sizeof(struct fuse_in_header))
			serve((const struct fuse_in_header *)request);
	}
}
