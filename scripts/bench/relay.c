/*
 * Makes a server on this machine a distant one: relays TCP connections and hands on each byte a fixed time after it came, in both directions, at any rate.
 *
 *   relay PORT SERVER_PORT MILLISECONDS   takes connections at 127.0.0.1:PORT until it is killed; a round trip costs twice the time
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* 128 MiB under way in each direction: what 80 ms hold at 1.6 GB/s. */
enum { PIECE = 1 << 16, PIECES = 2048 };

struct piece {
    ssize_t length;
    struct timespec due;
};

struct direction {
    int from, to;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned long read, written;
    struct piece pieces[PIECES];
    char bytes[PIECES][PIECE];
};

static long delay;

static void change(struct direction *way, unsigned long *counter)
{
    pthread_mutex_lock(&way->lock);
    ++*counter;
    pthread_cond_signal(&way->changed);
    pthread_mutex_unlock(&way->lock);
}

static void *reader(void *argument)
{
    struct direction *way = argument;
    for (;;) {
        pthread_mutex_lock(&way->lock);
        while (way->read - way->written == PIECES) pthread_cond_wait(&way->changed, &way->lock);
        pthread_mutex_unlock(&way->lock);
        unsigned long slot = way->read % PIECES;
        struct piece *piece = &way->pieces[slot];
        piece->length = read(way->from, way->bytes[slot], PIECE);
        clock_gettime(CLOCK_MONOTONIC, &piece->due);
        piece->due.tv_nsec += delay % 1000 * 1000000;
        piece->due.tv_sec += delay / 1000 + piece->due.tv_nsec / 1000000000;
        piece->due.tv_nsec %= 1000000000;
        int ended = piece->length <= 0;
        change(way, &way->read);
        if (ended) return NULL;
    }
}

static void *writer(void *argument)
{
    struct direction *way = argument;
    for (;;) {
        pthread_mutex_lock(&way->lock);
        while (way->read == way->written) pthread_cond_wait(&way->changed, &way->lock);
        pthread_mutex_unlock(&way->lock);
        unsigned long slot = way->written % PIECES;
        struct piece *piece = &way->pieces[slot];
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &piece->due, NULL);
        if (piece->length <= 0) {
            shutdown(way->to, SHUT_WR);
            return NULL;
        }
        for (ssize_t done = 0, sent; done < piece->length; done += sent) {
            sent = send(way->to, way->bytes[slot] + done, piece->length - done, MSG_NOSIGNAL);
            /* Whoever does not read any more is not written to: the reader finds its end as well. */
            if (sent <= 0) {
                shutdown(way->from, SHUT_RD);
                break;
            }
        }
        change(way, &way->written);
    }
}

static struct direction *direction(int from, int to)
{
    struct direction *way = calloc(1, sizeof *way);
    int one = 1;
    if (!way) exit(1);
    way->from = from;
    way->to = to;
    pthread_mutex_init(&way->lock, NULL);
    pthread_cond_init(&way->changed, NULL);
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return way;
}

static pthread_t start(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, argument)) exit(1);
    return thread;
}

/* One connection, from its two sockets to the end of both directions. */
static void *relay(void *argument)
{
    int *ends = argument, client = ends[0], server = ends[1];
    struct direction *ways[] = { direction(client, server), direction(server, client) };
    pthread_t threads[] = { start(reader, ways[0]), start(writer, ways[0]), start(reader, ways[1]), start(writer, ways[1]) };
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        free(ways[i]);
    }
    free(ends);
    return NULL;
}

int main(int count, char **arguments)
{
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int door = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (count != 4) {
        fprintf(stderr, "usage: relay PORT SERVER_PORT MILLISECONDS\n");
        return 2;
    }
    delay = atol(arguments[3]);
    place.sin_port = htons(atoi(arguments[1]));
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&place, sizeof place) || listen(door, 16)) {
        perror("relay");
        return 1;
    }
    place.sin_port = htons(atoi(arguments[2]));
    for (;;) {
        int client = accept(door, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0), *ends = malloc(2 * sizeof *ends);
        if (client < 0 || server < 0 || !ends || connect(server, (struct sockaddr *)&place, sizeof place)) {
            perror("relay");
            return 1;
        }
        ends[0] = client;
        ends[1] = server;
        pthread_detach(start(relay, ends));
    }
}
