// SPDX-License-Identifier: MIT
// What the tests of this room share: a driver whose answers are scripted, and a service at the other end of a
// socketpair.
#ifndef DRIVER_WMI_TEST_HOST_H
#define DRIVER_WMI_TEST_HOST_H

#include "driver/wmi/wmi-internal.h"

#include "base/testkit.h"
#include "wire/envelope.h"
#include "wire/message.h"

// --- the driver -----------------------------------------------------------------------------------

enum { TEST_MINORS = 16, TEST_BLOCKS = 8 };

typedef struct TestBlock {
        GUID guid;
        ULONG flags, instances;
        const WCHAR *names[4]; // base name, or the list
        PDEVICE_OBJECT pdo;
} TestBlock;

// A device object; what it answers is set before it registers.
typedef struct TestDevice {
        PDEVICE_OBJECT device;
        TestBlock blocks[TEST_BLOCKS];
        ULONG count;
        const WCHAR *registry_path, *mof;
        NTSTATUS ex_status;                             // of REGINFO_EX; success: it is answered
        NTSTATUS minor_status[TEST_MINORS];             // of the others
        bool small_as_success;                          // "too small" as success with Information 4
        ULONG small_need;                               // asks for that many bytes first
        void (*spoil)(uint8_t *reply, ULONG_PTR *size); // makes the reply malformed
        bool pend[TEST_MINORS];                         // keep the IRP
        bool block_dispatch[TEST_MINORS];               // stay inside the dispatch routine until `go`
        KEVENT go;
        PIRP pended[TEST_MINORS];
        PDEVICE_OBJECT reference; // referenced for each block in a reply to REGINFO_EX
        // what was seen
        atomic_int seen[TEST_MINORS], inside[TEST_MINORS], most_inside[TEST_MINORS];
        GUID last_guid;
        WNODE_HEADER last_header;
        ULONG last_size;
        ULONG_PTR last_path;
        NTSTATUS last_preset;
        pthread_t last_thread;
        void (*on_enable)(struct TestDevice *d);
        NTSTATUS (*dispatch)(struct TestDevice *d, PIRP irp); // instead of all the above
} TestDevice;

// Starts NT, WMI, the driver with one device of its own, and the link. Once a program.
void test_start(const WmiOptions *options);
TestDevice *test_device(void);                                   // a device object without a stack below it
TestDevice *test_function(void);                                 // the one that is attached to the PDO
void test_complete(TestDevice *d, UCHAR minor, NTSTATUS status); // a pended IRP
GUID test_guid(void);                                            // a new one
void test_until(bool (*condition)(void *), void *arg, const char *what);
void test_seen(TestDevice *d, UCHAR minor, int times); // waits
WmiRegistration *test_registration(const TestDevice *d);
void test_register(TestDevice *d); // and waits for the announcement
void test_deregister(TestDevice *d);
NTSTATUS test_fire(TestDevice *d, const GUID *guid, ULONG index, const void *data,
                   ULONG size); // a static name, by hand
WNODE_SINGLE_INSTANCE *test_wnode(const TestDevice *d, const GUID *guid, const char *name, ULONG size);

// What nt_log has said.
unsigned test_log_count(const char *part);
void test_log_wait(const char *part, unsigned times);
void test_log_clear(void);

// --- the service ----------------------------------------------------------------------------------

typedef struct TestMessage {
        uint16_t operation;
        Buf payload;
        Arena arena;
        CimEnvelope event;     // FIRE
        Wire_REGISTER reg;     // REGISTER
        Wire_WANTED_DONE done; // WANTED_DONE
        Wire_HOST_LOST lost;   // HOST_LOST
        Wire_DEREGISTER dereg;
        Wire_HOST_STATE state; // HOST_STATE
} TestMessage;

// The next message, waiting for it. Valid until the next call.
const TestMessage *test_next(void);
// The next message of that kind; others are skipped.
const TestMessage *test_next_of(uint16_t operation);
bool test_silent(void);                      // nothing comes: a round trip with an empty change shows it
void test_want(const GUID *guids, size_t n); // sends WANTED
const TestMessage *test_want_done(const GUID *guids, size_t n); // and waits for its answer
// The service goes away: first, without `whole`, what lies unread in the socket is thrown away with it. `whole`: no more can
// be sent, but what was sent can still be read; test_next_try ends with false behind the last whole message.
void test_leave(bool whole);
int test_unread(void);    // bytes that the service has not read
bool test_next_try(void); // true: test_next has a message, waiting for it
// Comes back: waits for HELLO and answers with `status`, a failure with `text`; then the connection is closed. False: the
// host does not come any more, its owner was told to end.
bool test_return(uint32_t status, const char *text);
extern atomic_int test_stops; // how often the link's owner was told to end
char *test_name(const TestMessage *m, char out[256]);           // instance name as ASCII

#endif
