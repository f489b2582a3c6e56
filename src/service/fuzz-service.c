// SPDX-License-Identifier: MIT
// Fuzz target: what a peer may say to a service. The first byte says as whom: 0 before any HELLO, 1 a client,
// 2 a driver host, 3 a client behind whom a driver host fires. Whatever it says, the bystanders keep their
// connections, and nothing of it is left when it goes but what it put into the store.
#include <sys/types.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fuzzkit.h"
#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

static void fuzz_dispatch(Service *s)
{
        int n;
        do
                n = service_dispatch(s);
        while (n > 0);
        REQUIRE(n == 0);
}

static void fuzz_say(Service *s, int fd, const uint8_t *p, size_t n)
{
        char sink[65536];
        while (n) {
                ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (sent < 0 && errno != EAGAIN)
                        break;
                p += sent > 0 ? sent : 0;
                n -= sent > 0 ? (size_t)sent : 0;
                fuzz_dispatch(s);
                while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
                        fuzz_dispatch(s);
        }
        fuzz_dispatch(s);
}

static int fuzz_peer(Service *s, uint32_t role, const char *name)
{
        int fd[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
        REQUIRE(service_adopt(s, fd[1]) == 0);
        Buf b = {0};
        if (role)
                wire_put_HELLO(&b, 1,
                               &(Wire_HELLO){.version = WIRE_VERSION, .role = role, .name = str_of(name)});
        fuzz_say(s, fd[0], b.p, b.n);
        buf_deinit(&b);
        return fd[0];
}

static void fuzz_import(Service *s, int fd)
{
        Buf b = {0};
        wire_put_IMPORT_MOF(
                &b, 2,
                &(Wire_IMPORT_MOF){
                        .namespace = STR("root\\wmi"),
                        .text = STR(
                                "[guid(\"00000000-0000-0000-0000-0000000000a1\")] class Alpha : WMIEvent\n"
                                "{ [WmiDataId(1)] uint32 Number; [WmiDataId(2)] string Text; };\n"
                                "class Thing { [key] string Name; uint32 Size; };\n"
                                "class Part : Thing { Thing Inside; };\n"
                                "class AppEvent : __ExtrinsicEvent { uint32 Number; Thing What; };\n"
                                "[dynamic] class Provided { [key] string Name; uint32 Turn([in] uint32 Angle); };")});
        fuzz_say(s, fd, b.p, b.n);
        buf_deinit(&b);
}

static void fuzz_subscribe(Service *s, int fd)
{
        Buf b = {0};
        wire_put_EXEC_NOTIFICATION_QUERY(&b, 2,
                           &(Wire_EXEC_NOTIFICATION_QUERY){.namespace = STR("root\\wmi"),
                                             .language = STR("WQL"),
                                             .query = STR("SELECT * FROM __Event")});
        fuzz_say(s, fd, b.p, b.n);
        buf_deinit(&b);
}

// A service with its bystanders. It serves many inputs, until one has changed its classes or a bystander is
// gone.
typedef struct Fuzz {
        Service *s;
        int client, host;
        uint64_t generation;
} Fuzz;

static void fuzz_start(Fuzz *z)
{
        REQUIRE(service_new(NULL, &z->s, NULL) == 0);
        z->client = fuzz_peer(z->s, WIRE_ROLE_CLIENT, "");
        z->host = fuzz_peer(z->s, WIRE_ROLE_HOST, "bystander");
        fuzz_import(z->s, z->client);
        fuzz_subscribe(z->s, z->client);
        z->generation = cim_schema_generation(z->s->schema);
}

static void fuzz_stop(Fuzz *z)
{
        close(z->client);
        close(z->host);
        service_free(z->s);
        *z = (Fuzz){0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static Fuzz z;
        if (!size)
                return 0;
        if (!z.s)
                fuzz_start(&z);
        size_t before = z.s->connection_count;
        uint32_t role = *data % 4;
        int peer = fuzz_peer(z.s, role == 3 ? WIRE_ROLE_CLIENT : role, "peer");
        if (role == 3)
                fuzz_subscribe(z.s, peer);
        fuzz_say(z.s, peer, data + 1, size - 1);
        if (role == 3) // the same bytes, if they are a driver host's
                fuzz_say(z.s, z.host, data + 1, size - 1);
        close(peer);
        fuzz_dispatch(z.s);
        ServiceStats st;
        service_stats(z.s, &st);
        REQUIRE(z.s->connection_count == before - (role == 3 && !st.hosts));
        REQUIRE(st.sessions == 1 && (role == 3 || st.hosts == 1));
        REQUIRE(st.subscriptions <= 1);
        REQUIRE(repository_waiting(z.s->repository) == 0);
        if (role == 3 || !st.subscriptions || cim_schema_generation(z.s->schema) != z.generation || z.s->next_id > 2000)
                fuzz_stop(&z);
        return 0;
}
