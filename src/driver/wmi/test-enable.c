// SPDX-License-Identifier: MIT
// Enable counts: ENABLE at the first consumer, DISABLE at the last, and what happens while a driver keeps an
// IRP.
#include "driver/wmi/test-host.h"

#include "base/filetime.h"

enum {
        EX = IRP_MN_REGINFO_EX,
        ENABLE = IRP_MN_ENABLE_EVENTS,
        DISABLE = IRP_MN_DISABLE_EVENTS,
        TIMEOUT_MS = 300
};

static TestDevice *device_of(ULONG blocks)
{
        TestDevice *d = test_device();
        d->count = blocks;
        for (ULONG i = 0; i < blocks; i++)
                d->blocks[i] = (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_BASENAME, 1, {L"Device"}, NULL};
        return d;
}

static const GUID *guid_of(const TestDevice *d, int block)
{
        return &d->blocks[block].guid;
}

static void delivers(TestDevice *d, int block)
{
        assert_int_equal(test_fire(d, guid_of(d, block), 0, "data", 4), STATUS_SUCCESS);
        const TestMessage *m = test_next_of(WIRE_FIRE);
        assert_memory_equal(&m->event.guid, guid_of(d, block), 16);
}

static void first_and_last(void **state)
{
        (void)state;
        TestDevice *d = device_of(2);
        GUID both[] = {*guid_of(d, 0), *guid_of(d, 1)};
        test_want_done(NULL, 0);
        test_register(d);
        assert_int_equal(test_want_done(both, 1)->done.late, 0);
        assert_int_equal(d->seen[ENABLE], 1);
        assert_int_equal(test_want_done(both, 1)->done.late, 0); // another consumer: nothing
        assert_int_equal(d->seen[ENABLE], 1);
        test_want_done(both, 2);
        assert_int_equal(d->seen[ENABLE], 2);
        test_want_done(both + 1, 1);
        assert_int_equal(d->seen[DISABLE], 1);
        assert_memory_equal(&d->last_guid, &both[0], 16);
        test_want_done(NULL, 0);
        assert_int_equal(d->seen[DISABLE], 2);
        test_deregister(d);
}

static void what_the_driver_gets(void **state)
{
        (void)state;
        TestDevice *d = device_of(1);
        test_register(d);
        test_want_done(guid_of(d, 0), 1);
        assert_int_equal((ULONG)d->last_preset, (ULONG)STATUS_NOT_SUPPORTED);
        assert_int_equal(d->last_size, sizeof(WNODE_HEADER));
        assert_memory_equal(&d->last_guid, guid_of(d, 0), 16);
        assert_memory_equal(&d->last_header.Guid, guid_of(d, 0), 16);
        assert_int_equal(d->last_header.BufferSize, sizeof(WNODE_HEADER));
        memset(&d->last_header, 0xff, sizeof d->last_header);
        test_want_done(NULL, 0); // the same for DISABLE
        assert_int_equal(d->last_size, sizeof(WNODE_HEADER));
        assert_int_equal(d->last_header.BufferSize, sizeof(WNODE_HEADER));
        test_deregister(d);
}

static void failed_enable(void **state)
{
        (void)state;
        TestDevice *d = device_of(1);
        d->minor_status[ENABLE] = STATUS_NOT_SUPPORTED;
        test_register(d);
        test_log_clear();
        assert_int_equal(test_want_done(guid_of(d, 0), 1)->done.late, 0);
        assert_int_equal(d->seen[ENABLE], 1);
        test_log_wait("IRP_MN_ENABLE_EVENTS", 1);
        delivers(d, 0);
        test_want_done(NULL, 0); // there is nothing to take back
        assert_int_equal(d->seen[DISABLE], 0);
        test_want_done(guid_of(d, 0), 1);
        assert_int_equal(d->seen[ENABLE], 2);
        assert_int_equal(test_log_count("IRP_MN_ENABLE_EVENTS"), 1); // said once
        test_want_done(NULL, 0);
        test_deregister(d);
}

static void late_provider(void **state)
{
        (void)state;
        TestDevice *d = device_of(2);
        assert_int_equal(test_want_done(guid_of(d, 0), 1)->done.late, 0); // nobody has it yet
        test_register(d);
        test_seen(d, ENABLE, 1);
        assert_memory_equal(&d->last_guid, guid_of(d, 0), 16);
        test_deregister(d);
        assert_int_equal(d->seen[DISABLE], 0); // deregistration sends none
        test_register(d);
        test_seen(d, ENABLE, 2); // the registration is new, so is the enabling
        test_deregister(d);
        test_want_done(NULL, 0);
}

static void added_and_removed(void **state)
{
        (void)state;
        TestDevice *d = device_of(2);
        GUID wanted[] = {*guid_of(d, 0), *guid_of(d, 1)};
        test_want_done(wanted, 2);
        d->count = 1;
        test_register(d);
        test_seen(d, ENABLE, 1);
        d->count = 2; // an update that adds a wanted GUID
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS), STATUS_SUCCESS);
        test_seen(d, ENABLE, 2);
        assert_memory_equal(&d->last_guid, &wanted[1], 16);
        d->blocks[0].flags = WMIREG_FLAG_REMOVE_GUID;
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS), STATUS_SUCCESS);
        assert_int_equal(test_want_done(wanted, 2)->done.late, 0);
        assert_int_equal(d->seen[DISABLE], 0);
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REREGISTER), STATUS_SUCCESS);
        test_seen(d, ENABLE, 3); // consumers remain
        assert_int_equal(test_want_done(wanted, 2)->done.late, 0);
        assert_int_equal(d->seen[ENABLE], 3);
        test_want_done(NULL, 0);
        assert_int_equal(d->seen[DISABLE], 1);
        test_deregister(d);
}

static void fires_from_enable(TestDevice *d)
{
        assert_int_equal(test_fire(d, guid_of(d, 0), 0, "in", 2), STATUS_SUCCESS);
}

static void fired_while_enabling(void **state)
{
        (void)state;
        TestDevice *d = device_of(1);
        test_want_done(NULL, 0);
        test_register(d);
        d->on_enable = fires_from_enable;
        test_want(guid_of(d, 0), 1);
        bool fired = false, done = false; // in either order
        while (!fired || !done) {
                uint16_t operation = test_next()->operation;
                fired = fired || operation == WIRE_FIRE;
                done = done || operation == WIRE_WANTED_DONE;
        }
        d->on_enable = NULL;
        test_want_done(NULL, 0);
        test_deregister(d);
}

static void pended_enable(void **state)
{
        (void)state;
        TestDevice *d = device_of(2), *other = device_of(1);
        GUID all[] = {*guid_of(d, 0), *guid_of(d, 1), *guid_of(other, 0)};
        test_want_done(NULL, 0);
        test_register(d);
        test_register(other);
        d->pend[ENABLE] = true;
        uint64_t begun = monotonic_ms();
        test_want(all, 1);
        test_seen(d, ENABLE, 1);
        d->pend[ENABLE] = false;
        const TestMessage *m = test_next_of(WIRE_WANTED_DONE); // at the deadline, and saying so
        assert_int_equal(m->done.late, 1);
        assert_true(monotonic_ms() - begun >= TIMEOUT_MS);
        // Everything else goes on: the GUID itself, another of the device, another device.
        delivers(d, 0);
        assert_int_equal(test_want_done(all, 3)->done.late, 1);
        assert_int_equal(d->seen[ENABLE], 2);
        assert_int_equal(other->seen[ENABLE], 1);
        delivers(d, 1);
        delivers(other, 0);
        // No DISABLE while the ENABLE is out; then the pair is completed.
        assert_int_equal(test_want_done(all + 1, 2)->done.late, 1);
        assert_int_equal(d->seen[DISABLE], 0);
        test_complete(d, ENABLE, STATUS_SUCCESS);
        test_seen(d, DISABLE, 1);
        assert_int_equal(test_want_done(NULL, 0)->done.late, 0);
        assert_int_equal(d->most_inside[ENABLE], 2);
        test_deregister(d);
        test_deregister(other);
}

static void pended_disable(void **state)
{
        (void)state;
        TestDevice *d = device_of(2);
        GUID both[] = {*guid_of(d, 0), *guid_of(d, 1)};
        test_register(d);
        test_want_done(both, 1);
        d->pend[DISABLE] = true;
        assert_int_equal(test_want_done(both + 1, 1)->done.late, 1);
        assert_int_equal(d->seen[ENABLE], 2);
        delivers(d, 1);
        assert_int_equal(test_want_done(both, 2)->done.late, 1); // wanted again: not before the answer
        assert_int_equal(d->seen[ENABLE], 2);
        delivers(d, 0); // but its events come
        d->pend[DISABLE] = false;
        test_complete(d, DISABLE, STATUS_SUCCESS);
        test_seen(d, ENABLE, 3);
        assert_int_equal(test_want_done(both, 2)->done.late, 0);
        test_want_done(NULL, 0);
        test_deregister(d);
}

// A transition that is asked for and taken back while the IRP is out never shows two IRPs of one GUID at
// once.
static void changes_of_mind(void **state)
{
        (void)state;
        TestDevice *d = device_of(1);
        test_want_done(NULL, 0);
        test_register(d);
        d->pend[ENABLE] = d->pend[DISABLE] = true;
        test_want(guid_of(d, 0), 1);
        test_seen(d, ENABLE, 1);
        for (int i = 0; i < 5; i++) {
                test_want(NULL, 0);
                test_want(guid_of(d, 0), 1);
        }
        test_want(NULL, 0);
        while (test_next_of(WIRE_WANTED_DONE)->done.late != 1) // all of them: the deadline
                continue;
        test_complete(d, ENABLE, STATUS_SUCCESS);
        test_seen(d, DISABLE, 1);
        assert_int_equal(d->seen[ENABLE], 1);
        assert_int_equal(d->most_inside[ENABLE] + d->most_inside[DISABLE], 2);
        test_complete(d, DISABLE, STATUS_SUCCESS);
        test_want_done(NULL, 0);
        test_deregister(d);
}

// A dispatch routine that does not return keeps one thread, not the others' requests.
static void blocked_dispatch(void **state)
{
        (void)state;
        TestDevice *d = device_of(1), *other = device_of(1);
        GUID both[] = {*guid_of(d, 0), *guid_of(other, 0)};
        test_want_done(NULL, 0);
        test_register(d);
        test_register(other);
        d->block_dispatch[ENABLE] = true;
        test_want(both, 2);
        test_seen(d, ENABLE, 1);
        test_seen(other, ENABLE, 1);
        delivers(other, 0);
        KeSetEvent(&d->go, 0, FALSE);
        test_want_done(both, 2);
        d->block_dispatch[ENABLE] = false;
        test_want_done(NULL, 0);
        test_deregister(d);
        test_deregister(other);
}

static void pended_reginfo(void **state)
{
        (void)state;
        for (int ex = 0; ex < 2; ex++) {
                TestDevice *d = device_of(1), *other = device_of(1);
                UCHAR minor = ex ? EX : IRP_MN_REGINFO;
                d->ex_status = ex ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
                d->pend[minor] = true;
                assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
                test_seen(d, minor, 1);
                assert_int_equal(test_want_done(guid_of(other, 0), 1)->done.late, 0);
                test_register(other);
                test_seen(other, ENABLE, 1);
                delivers(other, 0);
                d->pend[minor] = false;
                test_complete(d, minor, STATUS_SUCCESS);
                assert_int_equal(test_next_of(WIRE_REGISTER)->reg.count, 1);
                test_want_done(NULL, 0);
                test_deregister(d);
                test_deregister(other);
        }
}

static void *deregister_thread(void *arg)
{
        TestDevice *d = arg;
        return IoWMIRegistrationControl(d->device, WMIREG_ACTION_DEREGISTER) == STATUS_SUCCESS ? NULL : arg;
}

static void deregister_waits(void **state)
{
        (void)state;
        static const UCHAR minors[] = {EX, IRP_MN_REGINFO, ENABLE, DISABLE};
        for (size_t i = 0; i < 4; i++) {
                UCHAR minor = minors[i];
                TestDevice *d = device_of(1), *other = device_of(1);
                test_want_done(NULL, 0);
                test_register(other);
                d->ex_status = minor == IRP_MN_REGINFO ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
                d->pend[minor] = true;
                assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
                if (minor == ENABLE || minor == DISABLE) {
                        test_next_of(WIRE_REGISTER);
                        test_want_done(guid_of(d, 0), 1);
                        if (minor == DISABLE)
                                test_want_done(NULL, 0);
                }
                test_seen(d, minor, 1);
                test_log_clear();
                pthread_t thread;
                pthread_create(&thread, NULL, deregister_thread, d);
                char line[128];
                snprintf(line, sizeof line, "WMIREG_ACTION_DEREGISTER waits for %s", wmi_minor_name(minor));
                test_log_wait(line, 2);               // and says so again
                test_want_done(guid_of(other, 0), 1); // others go on
                delivers(other, 0);
                int before = d->seen[ENABLE];
                GUID both[] = {*guid_of(d, 0), *guid_of(other, 0)};
                test_want_done(both, 2); // no further IRP once it has begun
                assert_int_equal(d->seen[ENABLE], before);
                test_complete(d, minor, STATUS_SUCCESS);
                void *failed;
                pthread_join(thread, &failed);
                assert_null(failed);
                assert_null(test_registration(d));
                test_want_done(NULL, 0);
                test_deregister(other);
        }
}

// A GUID that comes and goes while its ENABLE fails: the answer finds its control, and what is logged is the
// answer.
static void removed_while_it_fails(void **state)
{
        (void)state;
        TestDevice *d = device_of(2);
        GUID both[] = {*guid_of(d, 0), *guid_of(d, 1)};
        test_want_done(both, 2);
        d->minor_status[ENABLE] = STATUS_DEVICE_BUSY;
        test_register(d);
        test_log_clear();
        for (int i = 0; i < 300; i++) {
                d->blocks[1].flags = i % 2 ? WMIREG_FLAG_INSTANCE_BASENAME : WMIREG_FLAG_REMOVE_GUID;
                assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS),
                                 STATUS_SUCCESS);
        }
        WmiRegistration *reg = test_registration(d);
        test_want_done(NULL, 0);
        assert_int_equal(test_log_count("IRP_MN_ENABLE_EVENTS"), test_log_count("ended with 0x80000011"));
        pthread_mutex_lock(&wmi.apply);
        assert_true(IsListEmpty(&reg->orphans)); // none is left behind
        pthread_mutex_unlock(&wmi.apply);
        test_deregister(d);
}

int main(void)
{
        test_start(&(WmiOptions){.report_ms = 50, .irp_timeout_ms = TIMEOUT_MS});
        return testkit_run((TestCase[]){TEST(first_and_last), TEST(what_the_driver_gets), TEST(failed_enable),
                                        TEST(late_provider), TEST(added_and_removed),
                                        TEST(fired_while_enabling), TEST(pended_enable), TEST(pended_disable),
                                        TEST(changes_of_mind), TEST(blocked_dispatch), TEST(pended_reginfo),
                                        TEST(deregister_waits), TEST(removed_while_it_fails), TEST_END});
}
