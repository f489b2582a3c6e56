// SPDX-License-Identifier: MIT
// Who may do what: one value type for identities, one function that judges.
#include <sys/types.h>
#include <sys/socket.h>

#include "service/internal.h"

bool access_may(const Service *s, const Identity *who, Right right)
{
        if (!who->known)
                return false;
        bool owner = who->uid == 0 || who->uid == s->uid;
        switch (right) {
        case RIGHT_NONE:
        case RIGHT_ENABLE:
        case RIGHT_SUBSCRIBE:
        case RIGHT_FULL_WRITE:
        case RIGHT_METHOD_EXECUTE:
        case RIGHT_PARTIAL_WRITE:
        case RIGHT_PUBLISH:
        case RIGHT_HOST:
                return owner;
        }
        return false;
}

From access_from(uint16_t operation, Right *ret)
{
        *ret = RIGHT_HOST;
        switch (operation) {
#define OPERATION(NAME, number, from, right, help, fields, reply)                                            \
        case number:                                                                                         \
                *ret = RIGHT_##right;                                                                        \
                return FROM_##from;
#include "wire/operations.def"
#undef OPERATION
        default:
                return FROM_NOBODY;
        }
}

int access_identify(int fd, Identity *ret)
{
        struct ucred u;
        socklen_t n = sizeof(u);
        *ret = (Identity){0};
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) < 0)
                return -errno;
        // A peer that is not on a Unix socket gives (uid_t)-1: nobody.
        if (n == sizeof(u) && u.uid != (uid_t)-1)
                *ret = (Identity){true, u.uid, u.gid, u.pid};
        return 0;
}
