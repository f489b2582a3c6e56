// SPDX-License-Identifier: MIT
// Registration: what a driver answers to REGINFO, in all its dialects, and what becomes of it.
#include "driver/wmi/test-host.h"

#include <unistd.h>

static TestDevice *device_with(ULONG flags, ULONG instances, const WCHAR *name)
{
        TestDevice *d = test_device();
        d->count = 1;
        d->blocks[0] =
                (TestBlock){.guid = test_guid(), .flags = flags, .instances = instances, .names = {name}};
        return d;
}

static bool registry_is(const TestMessage *m, const char *path, const char *mof)
{
        return str_eq(m->reg.registry_path, str_of(path)) && str_eq(m->reg.mof_resource, str_of(mof));
}

static const TestMessage *registers(TestDevice *d)
{
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        return test_next_of(WIRE_REGISTER);
}

static void first_guid(const TestMessage *m, GUID *guid, ULONG *flags, ULONG *instances)
{
        assert_int_equal(m->reg.guids.n, m->reg.count * 24);
        memcpy(guid, m->reg.guids.p, 16);
        memcpy(flags, m->reg.guids.p + 16, 4);
        memcpy(instances, m->reg.guids.p + 20, 4);
}

static void register_is_asynchronous(void **state)
{
        (void)state;
        TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_BASENAME | WMIREG_FLAG_EVENT_ONLY_GUID, 3, L"Base");
        d->registry_path = L"\\Registry\\Machine\\x";
        d->mof = L"MofResource";
        d->block_dispatch[IRP_MN_REGINFO_EX] = true; // REGISTER returns although the answer is not there
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER | 0x40000),
                         STATUS_SUCCESS);
        test_seen(d, IRP_MN_REGINFO_EX, 1);
        assert_false(pthread_equal(d->last_thread, pthread_self()));
        assert_int_equal(d->last_path, WMIREGISTER);
        assert_int_equal((ULONG)d->last_preset, (ULONG)STATUS_NOT_SUPPORTED);
        KeSetEvent(&d->go, 0, FALSE);
        const TestMessage *m = test_next_of(WIRE_REGISTER);
        GUID g;
        ULONG flags, instances;
        first_guid(m, &g, &flags, &instances);
        assert_int_equal(m->reg.count, 1);
        assert_memory_equal(&g, &d->blocks[0].guid, 16);
        assert_int_equal(flags, d->blocks[0].flags);
        assert_int_equal(instances, 3);
        assert_true(registry_is(m, "\\Registry\\Machine\\x", "MofResource"));
        d->block_dispatch[IRP_MN_REGINFO_EX] = false;
        test_deregister(d);
}

static void falls_back_to_reginfo(void **state)
{
        (void)state;
        static const NTSTATUS refusals[] = {STATUS_NOT_SUPPORTED, STATUS_INVALID_DEVICE_REQUEST,
                                            STATUS_UNSUCCESSFUL};
        for (size_t i = 0; i < 3; i++) {
                TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_BASENAME, 1, L"Base");
                d->ex_status = refusals[i];
                test_register(d);
                assert_int_equal(d->seen[IRP_MN_REGINFO_EX], 1);
                assert_int_equal(d->seen[IRP_MN_REGINFO], 1);
                test_deregister(d);
        }
}

static void answers_neither(void **state)
{
        (void)state;
        TestDevice *d = device_with(0, 1, NULL);
        d->ex_status = d->minor_status[IRP_MN_REGINFO] = STATUS_NOT_SUPPORTED;
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        test_log_wait("answered neither", 1);
        d->ex_status = STATUS_SUCCESS; // the registration is there; an update fills it
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS), STATUS_SUCCESS);
        assert_int_equal(test_next_of(WIRE_REGISTER)->reg.count, 1);
        test_deregister(d);
}

static void both_dialects_of_too_small(void **state)
{
        (void)state;
        for (int ex = 0; ex < 2; ex++)
                for (int success = 0; success < 2; success++) {
                        TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_BASENAME, 1, L"Base");
                        d->ex_status = ex ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
                        d->small_as_success = success;
                        d->small_need = 6000;
                        test_register(d);
                        assert_int_equal(d->seen[ex ? IRP_MN_REGINFO_EX : IRP_MN_REGINFO], 2);
                        assert_int_equal(d->last_size, 6000);
                        test_deregister(d);
                }
}

static void too_small_without_end(void **state)
{
        (void)state;
        TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_BASENAME, 1, L"Base");
        d->small_need = LIMIT_REGINFO_BYTES + 1;
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        test_log_wait("asks for a buffer of 1048577 bytes", 1);
        test_deregister(d);
        d->small_need = LIMIT_REGINFO_BYTES;
        test_register(d);
        test_deregister(d);
}

static void pdo_references(void **state)
{
        (void)state;
        PDEVICE_OBJECT pdo = nt_driver_pdo();
        for (int ex = 0; ex < 2; ex++) {
                TestDevice *d = test_device();
                d->count = 3;
                for (ULONG i = 0; i < 3; i++)
                        d->blocks[i] = (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_PDO, 1, {NULL}, pdo};
                d->ex_status = ex ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
                d->reference = pdo; // taken in replies to REGINFO_EX only
                LONG before = nt_object_references(pdo);
                test_register(d);
                assert_int_equal(nt_object_references(pdo), before);
                test_deregister(d);
                assert_int_equal(nt_object_references(pdo), before);
        }
}

static void device_reference(void **state)
{
        (void)state;
        TestDevice *d = device_with(0, 1, NULL);
        LONG before = nt_object_references(d->device);
        test_register(d);
        assert_int_equal(nt_object_references(d->device), before + 1);
        test_deregister(d);
        assert_int_equal(nt_object_references(d->device), before);
}

// The names of the first n instances, by firing one event of each.
static void names_are(TestDevice *d, ULONG block, const char *const *names, ULONG n)
{
        char name[256];
        test_want_done(&d->blocks[block].guid, 1);
        for (ULONG i = 0; i < n; i++) {
                assert_int_equal(test_fire(d, &d->blocks[block].guid, i, "x", 1), STATUS_SUCCESS);
                assert_string_equal(test_name(test_next_of(WIRE_FIRE), name), names[i]);
        }
        assert_int_equal(test_fire(d, &d->blocks[block].guid, d->blocks[block].instances, "x", 1),
                         STATUS_WMI_INSTANCE_NOT_FOUND);
}

static void static_names(void **state)
{
        (void)state;
        TestDevice *d = test_device();
        d->count = 3;
        d->blocks[0] = (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_PDO, 2, {NULL}, nt_driver_pdo()};
        d->blocks[1] = (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_BASENAME, 12, {L"Base"}, NULL};
        d->blocks[2] = (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_LIST, 3, {L"one", L"two", L"ONE"}, NULL};
        test_register(d);
        names_are(d, 0, (const char *const[]){"ROOT\\TEST\\0000_0", "ROOT\\TEST\\0000_1"}, 2);
        names_are(d, 1,
                  (const char *const[]){"Base:0", "Base:1", "Base:2", "Base:3", "Base:4", "Base:5", "Base:6",
                                        "Base:7", "Base:8", "Base:9", "Base:10", "Base:11"},
                  12);
        names_are(d, 2, (const char *const[]){"one", "two", "ONE_1"}, 3); // the same name twice is kept apart
        test_deregister(d);
}

static void names_do_not_collide(void **state)
{
        (void)state;
        TestDevice *a = test_device(), *b = test_device(), *c = test_device(), *e = test_device();
        GUID g = test_guid();
        a->count = b->count = c->count = e->count = 1;
        a->blocks[0] = (TestBlock){g, WMIREG_FLAG_INSTANCE_BASENAME, 2, {L"Base"}, NULL};
        b->blocks[0] = (TestBlock){g, WMIREG_FLAG_INSTANCE_BASENAME, 2, {L"BASE"}, NULL};
        c->blocks[0] = (TestBlock){g, WMIREG_FLAG_INSTANCE_LIST, 2, {L"base:4", L"Base:1"}, NULL};
        e->blocks[0] = (TestBlock){g, WMIREG_FLAG_INSTANCE_BASENAME, 1, {L"Base"}, NULL};
        test_register(a);
        test_register(b);
        test_register(c);
        test_register(e);
        names_are(a, 0, (const char *const[]){"Base:0", "Base:1"}, 2);
        names_are(b, 0, (const char *const[]){"BASE:2", "BASE:3"}, 2);
        names_are(c, 0, (const char *const[]){"base:4", "Base:1_1"}, 2);
        names_are(e, 0, (const char *const[]){"Base:5"}, 1);
        TestDevice *all[] = {a, b, c, e};
        for (int i = 0; i < 4; i++)
                test_deregister(all[i]);
}

static void update_by_guid(void **state)
{
        (void)state;
        TestDevice *d = test_device();
        GUID kept = test_guid(), removed = test_guid(), added = test_guid();
        d->count = 2;
        d->blocks[0] = (TestBlock){kept, WMIREG_FLAG_INSTANCE_BASENAME, 1, {L"Kept"}, NULL};
        d->blocks[1] = (TestBlock){removed, WMIREG_FLAG_INSTANCE_BASENAME, 1, {L"Removed"}, NULL};
        d->mof = L"Mof";
        test_register(d);
        WmiBlock *before = wmi_table_find(test_registration(d)->table, &kept);

        d->count = 3;
        d->mof = NULL; // XEN leaves it out on updates
        d->blocks[1] = (TestBlock){removed, WMIREG_FLAG_REMOVE_GUID, 0, {NULL}, NULL};
        d->blocks[2] = (TestBlock){added, WMIREG_FLAG_INSTANCE_BASENAME, 4, {L"Added"}, NULL};
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS), STATUS_SUCCESS);
        assert_int_equal(d->seen[IRP_MN_REGINFO_EX], 2); // synchronous: it has happened
        assert_int_equal(d->last_path, WMIUPDATE);
        const TestMessage *m = test_next_of(WIRE_REGISTER);
        assert_int_equal(m->reg.count, 2);
        assert_true(registry_is(m, "", "Mof"));
        const WmiTable *t = test_registration(d)->table;
        assert_ptr_equal(wmi_table_find(t, &kept), before); // identical: skipped
        assert_null(wmi_table_find(t, &removed));
        assert_int_equal(wmi_table_find(t, &added)->instances, 4);

        d->count = 1; // an update says nothing of the others
        d->blocks[0] = (TestBlock){added, WMIREG_FLAG_INSTANCE_BASENAME, 5, {L"Added"}, NULL};
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS), STATUS_SUCCESS);
        assert_int_equal(test_next_of(WIRE_REGISTER)->reg.count, 2);
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REREGISTER), STATUS_SUCCESS);
        assert_int_equal(d->last_path, WMIREGISTER);
        assert_int_equal(test_next_of(WIRE_REGISTER)->reg.count, 1); // everything anew
        test_deregister(d);
}

static void remove_at_registration(void **state)
{
        (void)state;
        TestDevice *d = test_device();
        d->count = 2;
        d->blocks[0] =
                (TestBlock){test_guid(), WMIREG_FLAG_REMOVE_GUID | WMIREG_FLAG_INSTANCE_PDO, 0, {NULL}, NULL};
        d->blocks[1] = (TestBlock){test_guid(), 0, 0, {NULL}, NULL};
        assert_int_equal(registers(d)->reg.count, 1);
        test_deregister(d);
        d->count = 0; // no GUID at all is legal
        assert_int_equal(registers(d)->reg.count, 0);
        test_deregister(d);
}

static void update_behind_a_pended_register(void **state)
{
        (void)state;
        TestDevice *d = device_with(0, 1, NULL);
        d->pend[IRP_MN_REGINFO_EX] = true;
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        test_seen(d, IRP_MN_REGINFO_EX, 1);
        d->pend[IRP_MN_REGINFO_EX] = false;
        test_complete(d, IRP_MN_REGINFO_EX, STATUS_SUCCESS);
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS), STATUS_SUCCESS);
        assert_int_equal(d->last_path, WMIUPDATE); // and not before the registration
        test_next_of(WIRE_REGISTER);
        test_next_of(WIRE_REGISTER);
        test_deregister(d);
}

static void register_again(void **state)
{
        (void)state;
        TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_BASENAME, 1, L"Again");
        for (int i = 0; i < 3; i++) {
                test_register(d);
                names_are(d, 0, (const char *const[]){"Again:0"}, 1);
                test_deregister(d);
                assert_int_equal(test_fire(d, &d->blocks[0].guid, 0, "x", 1), STATUS_WMI_INSTANCE_NOT_FOUND);
        }
        assert_int_equal(d->seen[IRP_MN_REGINFO_EX], 3);
}

static void wrong_calls(void **state)
{
        (void)state;
        TestDevice *d = device_with(0, 1, NULL);
        int nobody;
        test_log_clear();
        assert_int_equal(IoWMIRegistrationControl(d->device, 9), STATUS_INVALID_PARAMETER);
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_BLOCK_IRPS),
                         STATUS_INVALID_PARAMETER);
        assert_int_equal(IoWMIRegistrationControl(NULL, WMIREG_ACTION_REGISTER), STATUS_INVALID_PARAMETER);
        assert_int_equal(IoWMIRegistrationControl((PDEVICE_OBJECT)&nobody, WMIREG_ACTION_REGISTER),
                         STATUS_INVALID_PARAMETER);
        static const ULONG actions[] = {WMIREG_ACTION_DEREGISTER, WMIREG_ACTION_UPDATE_GUIDS,
                                        WMIREG_ACTION_REREGISTER};
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(IoWMIRegistrationControl(d->device, actions[i]), STATUS_INVALID_PARAMETER);
        assert_int_equal(test_log_count("not registered"), 3);
        test_register(d);
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        assert_int_equal(test_log_count("registered twice"), 1);
        assert_true(test_silent());
        test_deregister(d);
}

static void spoil_offset(uint8_t *reply, ULONG_PTR *size)
{
        memcpy(reply + 24 + 24, &(ULONG){9000}, 4);
        (void)size;
}

static void spoil_information(uint8_t *reply, ULONG_PTR *size)
{
        (void)reply;
        *size = 4097;
}

static void malformed_reply(void **state)
{
        (void)state;
        TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_BASENAME, 1, L"Base");
        test_register(d);
        test_log_clear();
        d->spoil = spoil_offset;
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_UPDATE_GUIDS),
                         STATUS_INVALID_PARAMETER);
        assert_int_equal(test_log_count("malformed WMIREGINFO"), 1);
        assert_int_equal(test_log_count("the base name: the offset 9000 lies outside"), 1);
        assert_int_equal(test_log_count("provider "), 1); // and which device
        d->spoil = NULL;
        names_are(d, 0, (const char *const[]){"Base:0"}, 1); // what was there before holds
        test_deregister(d);
}

static void information_beyond_the_buffer(void **state)
{
        (void)state;
        TestDevice *d = device_with(0, 1, NULL);
        d->spoil = spoil_information;
        test_log_clear();
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        test_log_wait("returned 4097 bytes in a buffer of 4096", 1);
        test_deregister(d);
}

static void pdo_that_is_none(void **state)
{
        (void)state;
        TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_PDO, 1, NULL);
        test_log_clear();
        d->blocks[0].pdo = (PDEVICE_OBJECT)(ULONG_PTR)0x1234;
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        test_log_wait("Pdo is not a physical device object", 1);
        test_deregister(d);
        d->blocks[0].pdo = d->device; // a device object, but no PDO
        assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
        test_log_wait("Pdo is not a physical device object", 2);
        test_deregister(d);
}

// The longest base name with the longest separator is still an instance name, and stays in its buffer.
static void longest_name(void **state)
{
        (void)state;
        enum { CHARS = LIMIT_INSTANCE_NAME / 2 - WMI_SEPARATOR - 20 };
        static WCHAR base[CHARS + 3], colons[WMI_SEPARATOR];
        for (int i = 0; i < CHARS + 2; i++)
                base[i] = 'x';
        for (int i = 0; i < WMI_SEPARATOR; i++)
                colons[i] = ':';
        UNICODE_STRING before = wmi.separator;
        wmi.separator = (UNICODE_STRING){sizeof colons, sizeof colons, colons};
        for (int longer = 2; longer >= 0; longer--) { // by two characters, one, none
                base[CHARS + longer] = 0;
                TestDevice *d = device_with(WMIREG_FLAG_INSTANCE_BASENAME, 0xffffffff, base);
                d->small_need = 16384;
                test_log_clear();
                assert_int_equal(IoWMIRegistrationControl(d->device, WMIREG_ACTION_REGISTER), STATUS_SUCCESS);
                if (longer) {
                        test_log_wait("malformed WMIREGINFO", 1);
                } else {
                        test_next_of(WIRE_REGISTER);
                        static WCHAR name[LIMIT_INSTANCE_NAME / 2 + 1];
                        name[LIMIT_INSTANCE_NAME / 2] = 0xabcd;
                        pthread_mutex_lock(&wmi.apply);
                        const WmiBlock *b = wmi_table_find(test_registration(d)->table, &d->blocks[0].guid);
                        size_t n = wmi_block_name(b, 0xfffffffe, name);
                        pthread_mutex_unlock(&wmi.apply);
                        assert_int_equal(n, 2 * (CHARS + WMI_SEPARATOR + 10));
                        assert_int_equal(name[LIMIT_INSTANCE_NAME / 2], 0xabcd);
                }
                test_deregister(d);
        }
        wmi.separator = before;
}

// As many names as a list may have, all the same: kept apart in the time of a comparison of each with each.
static void one_name_for_all(void **state)
{
        (void)state;
        enum { N = 4096 };
        static UNICODE_STRING names[N];
        static WCHAR same[] = L"Same";
        WmiRegBlock in = {.guid = test_guid(),
                          .flags = WMIREG_FLAG_INSTANCE_LIST,
                          .instances = N,
                          .names = WMI_NAMES_LIST,
                          .list = names};
        for (int i = 0; i < N; i++)
                names[i] = (UNICODE_STRING){8, 8, same};
        WmiRegReply reply = {.blocks = &in, .count = 1};
        WmiRegistration reg = {0};
        InitializeListHead(&reg.orphans);
        WmiTable *table;
        pthread_mutex_lock(&wmi.apply);
        alarm(60);
        assert_int_equal(wmi_table_build(&reg, &reply, true, &table), 0);
        alarm(0);
        pthread_mutex_unlock(&wmi.apply);
        static WCHAR name[LIMIT_INSTANCE_NAME / 2];
        assert_int_equal(wmi_block_name(table->blocks[0], 0, name), 8);
        assert_int_equal(wmi_block_name(table->blocks[0], 1, name), 12);
        assert_memory_equal(name, L"Same_1", 12);
        assert_int_equal(wmi_block_name(table->blocks[0], N - 1, name), 18);
        assert_memory_equal(name, L"Same_4095", 18);
        ExFreePool(table->blocks[0]->control);
        wmi_table_free(table);
}

int main(void)
{
        test_start(&(WmiOptions){.separator = ":", .report_ms = 50, .irp_timeout_ms = 300});
        return testkit_run((TestCase[]){TEST(register_is_asynchronous), TEST(falls_back_to_reginfo),
                                        TEST(answers_neither),          TEST(both_dialects_of_too_small),
                                        TEST(too_small_without_end),    TEST(pdo_references),
                                        TEST(device_reference),         TEST(static_names),
                                        TEST(names_do_not_collide),     TEST(update_by_guid),
                                        TEST(remove_at_registration),   TEST(update_behind_a_pended_register),
                                        TEST(register_again),           TEST(wrong_calls),
                                        TEST(malformed_reply),          TEST(information_beyond_the_buffer),
                                        TEST(pdo_that_is_none),         TEST(longest_name),
                                        TEST(one_name_for_all),         TEST_END});
}
