// SPDX-License-Identifier: MIT
// The service goes away and comes back: DISABLE, HELLO again, registrations, losses, ENABLE again; and a
// service that refuses the host.
#include "driver/wmi/test-host.h"

#include "cim/status.h"

enum {
        EX = IRP_MN_REGINFO_EX,
        ENABLE = IRP_MN_ENABLE_EVENTS,
        DISABLE = IRP_MN_DISABLE_EVENTS,
        TIMEOUT_MS = 300
};

static TestDevice *device_new(void)
{
        TestDevice *d = test_device();
        d->count = 1;
        d->blocks[0] = (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_BASENAME, 1, {L"Device"}, NULL};
        return d;
}

static const GUID *guid_of(const TestDevice *d)
{
        return &d->blocks[0].guid;
}

static void fires(TestDevice *d)
{
        assert_int_equal(test_fire(d, guid_of(d), 0, "data", 4), STATUS_SUCCESS);
}

// The reply to HELLO is on its way: the host is up again when it answers a table.
static void comes_back(void)
{
        assert_true(test_return(0, ""));
}

static void enabled_anew(void **state)
{
        (void)state;
        TestDevice *d = device_new();
        test_register(d);
        wmi_link_state(WIRE_HOST_REGISTERED, "here");
        test_want_done(guid_of(d), 1);
        fires(d);
        const TestMessage *m = test_next_of(WIRE_FIRE);
        uint64_t sequence = m->event.sequence;
        assert_int_equal(m->event.host, 42);

        test_leave(false);
        test_seen(d, DISABLE, 1);
        fires(d); // nobody wants it: it ends at once
        comes_back();
        m = test_next(); // registrations come first, the state behind them
        assert_int_equal(m->operation, WIRE_REGISTER);
        assert_int_equal(m->reg.provider_id, IoWMIDeviceObjectToProviderId(d->device));
        m = test_next();
        assert_int_equal(m->operation, WIRE_HOST_STATE);
        assert_int_equal(m->state.state, WIRE_HOST_REGISTERED);
        assert_true(str_eq(m->state.text, STR("here")));
        fires(d); // not before the table says so
        assert_int_equal(d->seen[ENABLE], 1);
        assert_int_equal(test_want_done(guid_of(d), 1)->done.late, 0);
        assert_int_equal(d->seen[ENABLE], 2);
        fires(d);
        m = test_next(); // and no HOST_LOST: nothing was lost
        assert_int_equal(m->operation, WIRE_FIRE);
        assert_int_equal(m->event.sequence, sequence + 1);
        assert_int_equal(m->event.host, 43);
        test_want_done(NULL, 0);
        test_deregister(d);
}

static bool socket_filled(void *unused)
{
        (void)unused;
        return test_unread() > 50000;
}

// Every fire was sent, or is told as lost afterwards: nothing is missing, nothing is counted twice.
static void losses_are_told(void **state)
{
        (void)state;
        enum { FIRES = 6000, BEFORE = 1000 };
        static const uint8_t data[900];
        TestDevice *d = device_new();
        test_register(d);
        test_want_done(guid_of(d), 1);
        for (int i = 0; i < FIRES; i++) // the last of them are refused: the queue is full
                test_fire(d, guid_of(d), 0, data, sizeof data);
        test_until(socket_filled, NULL, "the socket is full");
        Buf *out = wmi_out_begin(); // waits behind the events that the socket has no room for
        Wire_HOST_LOST before = {.count = BEFORE};
        memcpy(&before.guid, guid_of(d), 16);
        wire_put_HOST_LOST(out, 0, &before);
        wmi_out_end();
        test_leave(true);
        uint64_t sent = 0, lost = 0;
        while (test_next_try()) {
                const TestMessage *m = test_next();
                sent += m->operation == WIRE_FIRE ? 1 : m->operation == WIRE_HOST_LOST ? m->lost.count : 0;
        }
        assert_true(sent > 0 && sent < FIRES);
        test_seen(d, DISABLE, 1);
        comes_back();
        while (sent + lost < FIRES + BEFORE) {
                const TestMessage *m = test_next_of(WIRE_HOST_LOST);
                assert_memory_equal(&m->lost.guid, guid_of(d), 16);
                lost += m->lost.count;
        }
        assert_int_equal(sent + lost, FIRES + BEFORE);
        assert_true(test_silent());
        test_deregister(d);
}

// IRPs that are out when the service goes stay out, and count for the next one.
static void enable_is_kept(void **state)
{
        (void)state;
        TestDevice *d = device_new();
        test_register(d);
        d->pend[ENABLE] = true;
        test_want(guid_of(d), 1);
        test_seen(d, ENABLE, 1);
        test_leave(false); // WANTED_DONE was never answered: nobody waits for it now
        comes_back();
        assert_int_equal(test_want_done(guid_of(d), 1)->done.late, 1);
        assert_int_equal(d->seen[ENABLE], 1);
        d->pend[ENABLE] = false;
        test_complete(d, ENABLE, STATUS_SUCCESS);
        assert_int_equal(test_want_done(guid_of(d), 1)->done.late, 0);
        assert_int_equal(d->seen[ENABLE], 1); // it is what the new table asks for
        assert_int_equal(d->seen[DISABLE], 0);

        d->pend[DISABLE] = true;
        test_leave(false);
        test_seen(d, DISABLE, 1);
        comes_back();
        assert_int_equal(test_want_done(guid_of(d), 1)->done.late, 1);
        test_complete(d, DISABLE, STATUS_SUCCESS);
        test_seen(d, ENABLE, 2);
        d->pend[DISABLE] = false;
        test_want_done(NULL, 0);
        assert_int_equal(d->seen[DISABLE], 2);
        test_deregister(d);
}

static void reginfo_is_kept(void **state)
{
        (void)state;
        TestDevice *d = device_new();
        d->pend[EX] = true;
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        test_seen(d, EX, 1);
        test_leave(false);
        comes_back();
        assert_true(test_next()->operation == WIRE_HOST_STATE); // there is nothing to announce yet
        assert_true(test_silent());
        test_complete(d, EX, STATUS_SUCCESS);
        assert_int_equal(test_next()->operation, WIRE_REGISTER);
        test_deregister(d);
}

// What happens while there is no service is not piled up: a new one is told how things are, once.
static void changes_meanwhile(void **state)
{
        (void)state;
        TestDevice *gone = device_new(), *stays = device_new(), *comes = device_new();
        test_register(gone);
        test_register(stays);
        test_want_done(guid_of(stays), 1);
        test_leave(false);
        test_seen(stays, DISABLE, 1); // the host has noticed
        assert_int_equal(IoWMIRegistrationControl(gone->device, WMIREG_ACTION_DEREGISTER), STATUS_SUCCESS);
        assert_int_equal(IoWMIRegistrationControl(comes->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        for (int i = 0; i < 100; i++)
                assert_int_equal(IoWMIRegistrationControl(comes->device, WMIREG_ACTION_REREGISTER),
                                 STATUS_SUCCESS);
        wmi_link_state(WIRE_HOST_STARTED, "older");
        wmi_link_state(WIRE_HOST_UNLOADING, "newer");
        assert_false(wmi_out_waiting());
        comes_back();
        ULONG ids[2] = {IoWMIDeviceObjectToProviderId(stays->device),
                        IoWMIDeviceObjectToProviderId(comes->device)};
        for (int i = 0; i < 2; i++) {
                const TestMessage *m = test_next();
                assert_int_equal(m->operation, WIRE_REGISTER);
                assert_int_equal(m->reg.provider_id, ids[i]);
        }
        const TestMessage *m = test_next();
        assert_int_equal(m->operation, WIRE_HOST_STATE);
        assert_int_equal(m->state.state, WIRE_HOST_UNLOADING);
        assert_true(test_silent());
        test_deregister(stays);
        test_deregister(comes);
}

static void many_times(void **state)
{
        (void)state;
        TestDevice *d = device_new();
        test_register(d);
        for (int i = 1; i <= 5; i++) {
                test_want_done(guid_of(d), 1);
                assert_int_equal(d->seen[ENABLE], i);
                fires(d);
                test_next_of(WIRE_FIRE);
                test_leave(false);
                test_seen(d, DISABLE, i);
                comes_back();
        }
        test_want_done(NULL, 0);
        test_deregister(d);
}

static void refused(void **state)
{
        (void)state;
        TestDevice *d = device_new();
        test_register(d);
        test_log_clear();
        test_leave(false);
        for (int i = 0; i < 3; i++)
                assert_true(test_return((uint32_t)CIM_E_ALREADY_EXISTS,
                                        "a driver called test is hosted already"));
        assert_int_equal(test_log_count("refuses this host: a driver called test is hosted already"),
                         1); // said once
        comes_back();
        test_want_done(guid_of(d), 1);
        assert_int_equal(d->seen[ENABLE], 1);
        assert_int_equal(test_log_count("the service is back"), 1);
        assert_int_equal(atomic_load(&test_stops), 0);

        test_leave(false);
        while (test_return((uint32_t)CIM_E_ACCESS_DENIED, "no"))
                continue;
        assert_int_equal(atomic_load(&test_stops), 1);
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_DEREGISTER), STATUS_SUCCESS);
        wmi_link_close(60, WIRE_HOST_UNLOADED); // nobody is there to be told: it ends at once
}

int main(void)
{
        test_start(&(WmiOptions){.irp_timeout_ms = TIMEOUT_MS});
        return testkit_run((TestCase[]){TEST(enabled_anew), TEST(losses_are_told), TEST(enable_is_kept),
                                        TEST(reginfo_is_kept), TEST(changes_meanwhile), TEST(many_times),
                                        TEST(refused), TEST_END});
}
