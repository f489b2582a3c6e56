// SPDX-License-Identifier: MIT
// A service to talk to: the one that runs, or, with --repository, one inside this program that has only that file.
#ifndef WMI_SERVICE_HERE_H
#define WMI_SERVICE_HERE_H

#include "request.h"

typedef struct ServiceHere {
        struct freewmi_service *service; // of this program; NULL: it runs elsewhere
        Client *client;
} ServiceHere;

// 0, or the exit code after a message; service_here_close in any case.
int service_here_open(const Options *o, const char *program, ServiceHere *ret);
// What was accepted is in the file when it returns.
void service_here_close(ServiceHere *s);

#endif
