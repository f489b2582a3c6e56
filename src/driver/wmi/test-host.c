// SPDX-License-Identifier: MIT
// The scripted driver and the service of the tests.
#include "driver/wmi/test-host.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/filetime.h"

enum { PATIENCE_MS = 60000 };

static int service = -1;
static TestDevice *function_device;
static uint64_t generation;

// What test and driver know of each other comes by way of the socket, which a thread sanitizer does not see: whoever says
// something there has written before, and whoever heard it reads behind.
static atomic_uint heard;

static void hear(void)
{
        (void)atomic_load(&heard);
}

static void say(void)
{
        atomic_fetch_add(&heard, 1);
}

// --- log ------------------------------------------------------------------------------------------

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static Buf log_text;

static void on_log(void *arg, NtLogLevel level, const char *line)
{
        (void)arg, (void)level;
        pthread_mutex_lock(&log_mutex);
        buf_text(&log_text, line);
        buf_u8(&log_text, '\n');
        pthread_mutex_unlock(&log_mutex);
        if (getenv("TEST_LOG"))
                fprintf(stderr, "# %s\n", line);
}

unsigned test_log_count(const char *part)
{
        unsigned n = 0;
        pthread_mutex_lock(&log_mutex);
        for (const char *p = buf_z(&log_text); p && (p = strstr(p, part)); p++)
                n++;
        pthread_mutex_unlock(&log_mutex);
        return n;
}

void test_log_clear(void)
{
        pthread_mutex_lock(&log_mutex);
        log_text.n = 0;
        pthread_mutex_unlock(&log_mutex);
}

void test_until(bool (*condition)(void *), void *arg, const char *what)
{
        uint64_t end = monotonic_ms() + PATIENCE_MS;
        while (!condition(arg)) {
                if (monotonic_ms() > end)
                        fail_msg("%s: did not happen", what);
                usleep(1000);
        }
}

typedef struct LogWait {
        const char *part;
        unsigned times;
} LogWait;

static bool log_has(void *arg)
{
        const LogWait *w = arg;
        return test_log_count(w->part) >= w->times;
}

void test_log_wait(const char *part, unsigned times)
{
        test_until(log_has, &(LogWait){part, times}, part);
}

// --- the driver -----------------------------------------------------------------------------------

static ULONG put_name(uint8_t *p, ULONG at, const WCHAR *name)
{
        USHORT n = 0;
        while (name[n])
                n++;
        n = (USHORT)(n * 2);
        memcpy(p + at, &n, 2);
        memcpy(p + at + 2, name, n);
        return at + 2 + n;
}

static ULONG build_reply(const TestDevice *d, uint8_t *p)
{
        WMIREGINFOW head = {.GuidCount = d->count};
        ULONG at = (ULONG)(24 + 32 * d->count);
        for (ULONG i = 0; i < d->count; i++) {
                const TestBlock *b = &d->blocks[i];
                WMIREGGUIDW g = {.Guid = b->guid, .Flags = b->flags, .InstanceCount = b->instances};
                if (b->flags & WMIREG_FLAG_INSTANCE_PDO)
                        g.Pdo = (ULONG_PTR)b->pdo;
                else if (b->flags & (WMIREG_FLAG_INSTANCE_BASENAME | WMIREG_FLAG_INSTANCE_LIST))
                        g.BaseNameOffset = at;
                for (int n = 0; n < 4 && b->names[n]; n++)
                        at = put_name(p, at, b->names[n]);
                memcpy(p + 24 + 32 * i, &g, sizeof g);
        }
        if (d->mof) {
                head.MofResourceName = at;
                at = put_name(p, at, d->mof);
        }
        if (d->registry_path) {
                head.RegistryPath = at;
                at = put_name(p, at, d->registry_path);
        }
        head.BufferSize = at;
        memcpy(p, &head, 24);
        return at;
}

static NTSTATUS answer_reginfo(TestDevice *d, PIO_STACK_LOCATION sp, ULONG_PTR *information)
{
        bool ex = sp->MinorFunction == IRP_MN_REGINFO_EX;
        NTSTATUS status = ex ? d->ex_status : d->minor_status[IRP_MN_REGINFO];
        if (!NT_SUCCESS(status))
                return status;
        uint8_t reply[8192] = {0};
        ULONG_PTR n = build_reply(d, reply);
        ULONG need = d->small_need > n ? d->small_need : (ULONG)n;
        if (sp->Parameters.WMI.BufferSize < need) {
                memcpy(sp->Parameters.WMI.Buffer, &need, sizeof need);
                *information = sizeof need;
                return d->small_as_success ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
        }
        if (ex && d->reference)
                for (ULONG i = 0; i < d->count; i++)
                        ObReferenceObject(d->reference);
        if (d->spoil)
                d->spoil(reply, &n);
        memcpy(sp->Parameters.WMI.Buffer, reply, n < need ? n : need);
        *information = n;
        return STATUS_SUCCESS;
}

static NTSTATUS finish(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
        irp->IoStatus.Status = status;
        irp->IoStatus.Information = information;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
        return status;
}

static NTSTATUS NTAPI system_control(PDEVICE_OBJECT device, PIRP irp)
{
        TestDevice *d = *(TestDevice **)device->DeviceExtension;
        PIO_STACK_LOCATION sp = IoGetCurrentIrpStackLocation(irp);
        UCHAR minor = sp->MinorFunction;
        if (d->dispatch)
                return d->dispatch(d, irp);
        hear();
        assert_true(minor < TEST_MINORS);
        assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
        assert_true(sp->Parameters.WMI.ProviderId == (ULONG_PTR)device);
        d->last_preset = irp->IoStatus.Status;
        d->last_size = sp->Parameters.WMI.BufferSize;
        d->last_path = (ULONG_PTR)sp->Parameters.WMI.DataPath;
        d->last_thread = pthread_self();
        bool reginfo = minor == IRP_MN_REGINFO || minor == IRP_MN_REGINFO_EX;
        if (!reginfo) {
                d->last_guid = *(GUID *)sp->Parameters.WMI.DataPath;
                memcpy(&d->last_header, sp->Parameters.WMI.Buffer, sizeof d->last_header);
        }
        say();
        int inside = atomic_fetch_add(&d->inside[minor], 1) + 1;
        if (inside > atomic_load(&d->most_inside[minor]))
                atomic_store(&d->most_inside[minor], inside);
        ULONG_PTR information = 0;
        NTSTATUS status = reginfo ? answer_reginfo(d, sp, &information) : d->minor_status[minor];
        if (minor == IRP_MN_ENABLE_EVENTS && d->on_enable)
                d->on_enable(d);
        if (d->block_dispatch[minor]) {
                atomic_fetch_add(&d->seen[minor], 1);
                KeWaitForSingleObject(&d->go, Executive, KernelMode, FALSE, NULL);
                atomic_fetch_sub(&d->inside[minor], 1);
                return finish(irp, status, information);
        }
        if (d->pend[minor]) {
                IoMarkIrpPending(irp);
                irp->IoStatus.Information = information;
                d->pended[minor] = irp;
                atomic_fetch_add(&d->seen[minor], 1);
                return STATUS_PENDING;
        }
        atomic_fetch_sub(&d->inside[minor], 1);
        atomic_fetch_add(&d->seen[minor], 1);
        return finish(irp, status, information);
}

void test_complete(TestDevice *d, UCHAR minor, NTSTATUS status)
{
        PIRP irp = d->pended[minor];
        d->pended[minor] = NULL;
        atomic_fetch_sub(&d->inside[minor], 1);
        KIRQL irql;
        KeRaiseIrql(DISPATCH_LEVEL, &irql); // as a driver's DPC would
        finish(irp, status, irp->IoStatus.Information);
        KeLowerIrql(irql);
}

static NTSTATUS NTAPI forward(PDEVICE_OBJECT device, PIRP irp)
{
        (void)device;
        return finish(irp, STATUS_SUCCESS, 0);
}

static TestDevice *device_new(PDRIVER_OBJECT driver)
{
        TestDevice *d = calloc(1, sizeof *d);
        assert_true(NT_SUCCESS(
                IoCreateDevice(driver, sizeof d, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &d->device)));
        *(TestDevice **)d->device->DeviceExtension = d;
        KeInitializeEvent(&d->go, NotificationEvent, FALSE);
        d->device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return d;
}

static NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo)
{
        function_device = device_new(driver);
        return IoAttachDeviceToDeviceStack(function_device->device, pdo) ? STATUS_SUCCESS
                                                                         : STATUS_UNSUCCESSFUL;
}

static VOID NTAPI unload(PDRIVER_OBJECT driver)
{
        (void)driver;
}

static NTSTATUS NTAPI driver_entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
        (void)path;
        for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                driver->MajorFunction[i] = forward;
        driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = system_control;
        driver->DriverExtension->AddDevice = add_device;
        driver->DriverUnload = unload;
        return STATUS_SUCCESS;
}

TestDevice *test_device(void)
{
        return device_new(nt_driver());
}

TestDevice *test_function(void)
{
        return function_device;
}

GUID test_guid(void)
{
        static atomic_uint n;
        GUID g = {atomic_fetch_add(&n, 1) + 1, 0x1111, 0x4222, {0x83, 0x33, 1, 2, 3, 4, 5, 6}};
        return g;
}

typedef struct SeenWait {
        TestDevice *d;
        UCHAR minor;
        int times;
} SeenWait;

static bool has_seen(void *arg)
{
        const SeenWait *w = arg;
        return atomic_load(&w->d->seen[w->minor]) >= w->times;
}

void test_seen(TestDevice *d, UCHAR minor, int times)
{
        test_until(has_seen, &(SeenWait){d, minor, times}, wmi_minor_name(minor));
}

WmiRegistration *test_registration(const TestDevice *d)
{
        for (LIST_ENTRY *e = wmi.registrations.Flink; e != &wmi.registrations; e = e->Flink) {
                WmiRegistration *reg = CONTAINING_RECORD(e, WmiRegistration, link);
                if (reg->device == d->device)
                        return reg;
        }
        return NULL;
}

void test_register(TestDevice *d)
{
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        const TestMessage *m = test_next_of(WIRE_REGISTER);
        assert_int_equal(m->reg.provider_id, IoWMIDeviceObjectToProviderId(d->device));
}

void test_deregister(TestDevice *d)
{
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_DEREGISTER), STATUS_SUCCESS);
        test_next_of(WIRE_DEREGISTER);
}

WNODE_SINGLE_INSTANCE *test_wnode(const TestDevice *d, const GUID *guid, const char *name, ULONG size)
{
        ULONG n = name ? (ULONG)strlen(name) * 2 + 2 : 0;
        WNODE_SINGLE_INSTANCE *w = ExAllocatePoolWithTag(NonPagedPool, 64 + n + size, 'tseT');
        memset(w, 0, 64 + n + size);
        w->WnodeHeader = (WNODE_HEADER){.BufferSize = 64 + n + size,
                                        .ProviderId = d ? IoWMIDeviceObjectToProviderId(d->device) : 0x7777,
                                        .Guid = *guid,
                                        .Flags = WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_EVENT_ITEM |
                                                 (name ? 0 : WNODE_FLAG_STATIC_INSTANCE_NAMES)};
        w->DataBlockOffset = 64 + n;
        w->SizeDataBlock = size;
        if (name) {
                w->OffsetInstanceName = 64;
                USHORT bytes = (USHORT)(n - 2);
                memcpy(w->VariableData, &bytes, 2);
                for (ULONG i = 0; i < n / 2 - 1; i++)
                        w->VariableData[2 + 2 * i] = (UCHAR)name[i];
        }
        return w;
}

NTSTATUS test_fire(TestDevice *d, const GUID *guid, ULONG index, const void *data, ULONG size)
{
        WNODE_SINGLE_INSTANCE *w = test_wnode(d, guid, NULL, size);
        w->InstanceIndex = index;
        if (size)
                memcpy(w->VariableData, data, size);
        NTSTATUS status = IoWMIWriteEvent(w);
        if (!NT_SUCCESS(status))
                ExFreePool(w);
        return status;
}

// --- the service ----------------------------------------------------------------------------------

static Buf received;
static TestMessage message;
static size_t used; // of `received`: the message that was returned last

static bool receive_frame(int timeout_ms)
{
        if (used) {
                memmove(received.p, received.p + used, received.n - used);
                received.n -= used;
                used = 0;
        }
        uint64_t end = monotonic_ms() + (uint64_t)timeout_ms;
        for (;;) {
                WireFrame f;
                ssize_t n = wire_frame(received.p, received.n, LIMIT_FRAME_BYTES, &f);
                assert_true(n >= 0);
                if (n > 0) {
                        used = (size_t)n;
                        message.operation = f.operation;
                        message.payload.n = 0;
                        buf_put(&message.payload, f.payload, f.size);
                        return true;
                }
                uint64_t now = monotonic_ms();
                struct pollfd p = {service, POLLIN, 0};
                if (now > end || poll(&p, 1, (int)(end - now)) <= 0)
                        return false;
                uint8_t *to = buf_reserve(&received, 65536);
                ssize_t r = recv(service, to, 65536, MSG_DONTWAIT);
                if (r <= 0)
                        return false;
                received.n += (size_t)r;
        }
}

int test_unread(void)
{
        int n = 0;
        return ioctl(service, FIONREAD, &n) < 0 ? -1 : n;
}

static bool looked; // test_next_try has received it

bool test_next_try(void)
{
        looked = looked || receive_frame(PATIENCE_MS);
        return looked;
}

const TestMessage *test_next(void)
{
        if (!test_next_try())
                fail_msg("no message came");
        looked = false;
        hear();
        const uint8_t *p = message.payload.p;
        size_t n = message.payload.n;
        arena_deinit(&message.arena);
        Wire_FIRE fire;
        switch (message.operation) {
        case WIRE_FIRE:
                assert_true(wire_get_FIRE(p, n, &fire));
                assert_int_equal(wire_envelope_read((const uint8_t *)fire.envelope.p, fire.envelope.n,
                                                    &message.arena, &message.event),
                                 0);
                break;
        case WIRE_REGISTER:
                assert_true(wire_get_REGISTER(p, n, &message.reg));
                break;
        case WIRE_WANTED_DONE:
                assert_true(wire_get_WANTED_DONE(p, n, &message.done));
                break;
        case WIRE_HOST_LOST:
                assert_true(wire_get_HOST_LOST(p, n, &message.lost));
                break;
        case WIRE_HOST_STATE:
                assert_true(wire_get_HOST_STATE(p, n, &message.state));
                break;
        case WIRE_DEREGISTER:
                assert_true(wire_get_DEREGISTER(p, n, &message.dereg));
                break;
        default:
                break;
        }
        return &message;
}

const TestMessage *test_next_of(uint16_t operation)
{
        for (;;) {
                const TestMessage *m = test_next();
                if (m->operation == operation)
                        return m;
        }
}

static GUID wanted_now[256];
static size_t wanted_count;

void test_want(const GUID *guids, size_t n)
{
        if (guids != wanted_now && n)
                memcpy(wanted_now, guids, n * sizeof *guids);
        wanted_count = n;
        Buf out = {0};
        wire_put_WANTED(&out, 0,
                        &(Wire_WANTED){.generation = ++generation,
                                       .guids = {(const char *)wanted_now, n * sizeof(GUID)}});
        say();
        assert_int_equal(send(service, out.p, out.n, MSG_NOSIGNAL), out.n);
        buf_deinit(&out);
}

const TestMessage *test_want_done(const GUID *guids, size_t n)
{
        test_want(guids, n);
        const TestMessage *m;
        do
                m = test_next_of(WIRE_WANTED_DONE);
        while (m->done.generation != generation);
        return m;
}

bool test_silent(void)
{
        test_want(wanted_now, wanted_count);
        const TestMessage *m = test_next();
        return m->operation == WIRE_WANTED_DONE && m->done.generation == generation;
}

char *test_name(const TestMessage *m, char out[256])
{
        size_t n = 0;
        for (; n < m->event.instance.n && n < 255; n++)
                out[n] = (char)m->event.instance.p[n];
        out[n] = '\0';
        return out;
}

static void *io_thread(void *unused)
{
        (void)unused;
        wmi_link_run();
        return NULL;
}

// --- a service that goes and comes ----------------------------------------------------------------

static atomic_bool there;
static atomic_int connected = -1; // the service's end of a connection that was not looked at yet
atomic_int test_stops;

static int on_connect(void *arg, int *ret, Diag *reterr)
{
        (void)arg, (void)reterr;
        int pair[2];
        if (!atomic_exchange(&there, false))
                return -ECONNREFUSED;
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                return -errno;
        *ret = pair[1];
        atomic_store(&connected, pair[0]);
        return 0;
}

static void on_stop(void *arg, bool gone, const char *reason)
{
        (void)arg, (void)gone, (void)reason;
        atomic_fetch_add(&test_stops, 1);
}

void test_leave(bool whole)
{
        say();
        if (whole) {
                shutdown(service, SHUT_RD);
                return;
        }
        close(service);
        service = -1;
        received.n = used = 0;
        wanted_count = 0;
}

static bool has_connected(void *unused)
{
        (void)unused;
        return atomic_load(&connected) >= 0 || atomic_load(&test_stops);
}

bool test_return(uint32_t status, const char *text)
{
        if (service >= 0)
                close(service);
        received.n = used = 0;
        wanted_count = 0;
        atomic_store(&there, true);
        test_until(has_connected, NULL, "the host connects");
        service = atomic_exchange(&connected, -1);
        if (service < 0)
                return false;
        assert_int_equal(test_next()->operation, WIRE_HELLO);
        Buf out = {0};
        Diag d = {0};
        diag_set(&d, status, "%s", text);
        if (cim_failed(status))
                wire_put_error(&out, WIRE_HELLO, 1, status, &d, (Str){"", 0}, (Str){"", 0});
        else
                wire_put_HELLO_reply(
                        &out, 1,
                        &(Wire_HELLO_Reply){.version = WIRE_VERSION, .id = 43, .server = STR("again")});
        assert_int_equal(send(service, out.p, out.n, MSG_NOSIGNAL), out.n);
        buf_deinit(&out);
        if (cim_failed(status)) {
                close(service);
                service = -1;
        }
        return true;
}

static void *greet(void *unused)
{
        (void)unused;
        if (!receive_frame(PATIENCE_MS) || message.operation != WIRE_HELLO)
                abort();
        Buf out = {0};
        wire_put_HELLO_reply(&out, 1,
                             &(Wire_HELLO_Reply){.version = WIRE_VERSION, .id = 42, .server = STR("test")});
        if (send(service, out.p, out.n, MSG_NOSIGNAL) < 0)
                abort();
        buf_deinit(&out);
        return NULL;
}

void test_start(const WmiOptions *options)
{
        if (service >= 0)
                return;
        NtOptions nt = {.log = on_log};
        int pair[2];
        pthread_t greeter, io;
        Diag d = {0};
        if (nt_init(&nt) < 0 || wmi_init(options) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                abort();
        service = pair[0];
        pthread_create(&greeter, NULL, greet, NULL);
        WmiLinkConfig config = {.program = "test",
                                .name = "test",
                                .device = "ROOT\\TEST\\0000",
                                .path = "/test",
                                .stop = on_stop,
                                .connect = on_connect,
                                .back_off_ms = 100,
                                .refused_ms = 1000};
        if (wmi_link_open(pair[1], &config, 10, &d) != 0)
                abort();
        pthread_join(greeter, NULL);
        pthread_create(&io, NULL, io_thread, NULL);
        pthread_detach(io);
        NtDriverConfig driver = {.entry = driver_entry, .service = "test"};
        if (!NT_SUCCESS(nt_driver_start_wait(&driver, NULL)))
                abort();
        test_log_clear();
}
