// SPDX-License-Identifier: MIT
// The Linux half of the uevent driver: a netlink socket and an eventfd that stops the wait.
#include "uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UEVENT_KERNEL_GROUP = 1, UEVENT_RECEIVE_BUFFER = 16 << 20 };

typedef struct Uevent {
        int socket, stop;
} Uevent;

static void *UeventFail(Uevent *u, int *Error)
{
        *Error = errno;
        if (u->socket >= 0)
                close(u->socket);
        if (u->stop >= 0)
                close(u->stop);
        free(u);
        return NULL;
}

void *UeventOpen(int *Error)
{
        Uevent *u = malloc(sizeof(*u));
        if (!u) {
                *Error = ENOMEM;
                return NULL;
        }
        u->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        u->socket = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
        if (u->stop < 0 || u->socket < 0)
                return UeventFail(u, Error);
        int size = UEVENT_RECEIVE_BUFFER; // a larger buffer is a wish: the second form needs no right
        if (setsockopt(u->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
                setsockopt(u->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_KERNEL_GROUP};
        if (bind(u->socket, (struct sockaddr *)&a, sizeof(a)) < 0)
                return UeventFail(u, Error);
        return u;
}

void UeventStop(void *Handle)
{
        uint64_t one = 1;
        ssize_t n = write(((Uevent *)Handle)->stop, &one, sizeof(one));
        (void)n; // cannot fail: the counter is far from full
}

// One message, if there is one from the kernel: anybody may send to a multicast group in principle, the kernel alone
// has port 0. Returns its length, 0 when there is none, -errno.
static long UeventReceive(Uevent *u, char *Buffer, unsigned long Size)
{
        struct sockaddr_nl from = {0};
        struct iovec io = {Buffer, Size};
        struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io, .msg_iovlen = 1};
        ssize_t n = recvmsg(u->socket, &m, MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        return from.nl_pid == 0 ? (long)n : 0;
}

long UeventRead(void *Handle, char *Buffer, unsigned long Size)
{
        Uevent *u = Handle;
        for (;;) {
                struct pollfd p[2] = {{u->stop, POLLIN, 0}, {u->socket, POLLIN, 0}};
                if (poll(p, 2, -1) < 0 && errno != EINTR)
                        break;
                if (p[0].revents)
                        break;
                if (!p[1].revents)
                        continue;
                long n = UeventReceive(u, Buffer, Size);
                if (n > 0 || n == -ENOBUFS)
                        return n;
                if (n < 0)
                        break;
        }
        close(u->socket);
        close(u->stop);
        free(u);
        return 0;
}
