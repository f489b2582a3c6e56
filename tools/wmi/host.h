// SPDX-License-Identifier: MIT
// A driver host as the child of this process: start it, read what it reports, see how it ends.
#ifndef WMI_HOST_H
#define WMI_HOST_H

#include <sys/types.h>

#include "base/buf.h"
#include "verb.h"

typedef struct HostStart {
        const char *driver; // path of the file
        const char *name;
        const char *device;
        const Options *options; // registry, deadline, irp_timeout, no_wmi, log
        int take_fd;            // connected to the service; closed here, even on failure; -1
        const char *socket;     // used when take_fd is -1
        bool detached; // a session of its own, away from the terminal; else a process group of its own
} HostStart;

typedef struct Host {
        const char *name; // as in HostStart
        pid_t pid;
        bool heard; // it says itself on standard error what it reports; here it is only noted
        int report; // read end, does not block; -1 when at its end
        Buf line;
        bool loading, started, registered, unloading, unloaded; // what was reported
        bool crashed, hung, failed;
        size_t missing; // symbols
        bool ended;     // the process is gone, status says how
        int status;     // as waitpid gives it
} Host;

// The driver's name: the file name without ".so", a malloced copy. NULL: out of memory.
char *host_name(const char *driver);
// Its default device instance path: ROOT\NAME IN UPPER CASE\0000, malloced; '_' for what such a path may not
// hold.
char *host_device(const char *name);

// Starts wmi-driver-host, which is found relative to this program. 0; WMI_FAILED after a message.
int host_start(const HostStart *how, Host *ret);
// Reads the report lines that are there and tells the user what matters. `report` is -1 at its end.
void host_read(Host *h);
// Has it ended? With `wait` waits until it has.
bool host_reap(Host *h, bool wait);
// Tells how it ended, unless it reported that itself; asked: its end was wanted. The exit code: WMI_DONE,
// WMI_FAILED, WMI_GONE.
int host_verdict(const Host *h, bool asked);
void host_deinit(Host *h); // does not end it

#endif
