// SPDX-License-Identifier: MIT
// Subscribes and unsubscribes CYCLES times over one connection, each time to another of the given queries.
//
//   subscribe-cycles CYCLES PAUSES QUERY...
//
// PAUSES times, at equal distances, it prints the cycles done and the bytes that it has allocated, and waits for a line
// on standard input.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"

enum { WAIT_MS = 60000 };

static int failed(const char *what, int r, const Diag *d)
{
        fprintf(stderr, "%s: %d %s\n", what, r, r == E_DIAG ? d->message : "");
        return 1;
}

static int pause_here(unsigned long done)
{
        char line[16];
        printf("%lu %zu\n", done, mallinfo2().uordblks);
        fflush(stdout);
        return fgets(line, sizeof(line), stdin) ? 0 : 1;
}

static int cycle(Client *c, const char *query)
{
        Diag d = {0};
        uint32_t subscription;
        int r = client_subscribe(c, STR("root\\wmi"), str_of(query), 0, WAIT_MS, &subscription, NULL, &d);
        if (r)
                return failed("subscribe", r, &d);
        r = client_cancel(c, subscription, WAIT_MS, &d);
        if (r)
                return failed("cancel", r, &d);
        ClientItem i;
        while ((r = client_next(c, 0, &i)) == 0) { // events that came meanwhile; of no other subscription
                if (i.kind != CLIENT_EVENT || i.subscription_count != 1 || i.subscriptions[0] != subscription)
                        return failed("an item that is not of this cycle", (int)i.kind, &d);
                client_item_deinit(&i);
        }
        return r == -EAGAIN ? 0 : failed("next", r, &d);
}

int main(int argc, char **argv)
{
        Client *c;
        Diag d = {0};
        if (argc < 4)
                return failed("usage: CYCLES PAUSES QUERY...", 0, &d);
        unsigned long cycles = strtoul(argv[1], NULL, 10), pauses = strtoul(argv[2], NULL, 10);
        int r = client_connect(NULL, "cycles", &c, &d);
        if (r)
                return failed("connect", r, &d);
        int code = 0;
        for (unsigned long i = 1; i <= cycles && !code; i++) {
                code = cycle(c, argv[3 + i % (unsigned long)(argc - 3)]);
                if (!code && i % (cycles / pauses) == 0)
                        code = pause_here(i);
        }
        client_free(c);
        return code;
}
