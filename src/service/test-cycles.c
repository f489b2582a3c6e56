// SPDX-License-Identifier: MIT
// service: ten thousand subscriptions come and go in one process. Memory stays flat, and who subscribed
// before gets every event as if nothing happened.
#include <sys/types.h>
#include <malloc.h>

#include "service/test-rig.h"

enum { CYCLES = 10000, WARM = 200, SLACK = 256 << 10 };

static const char *const queries[] = {
        "SELECT * FROM Alpha WHERE Number > 3 AND Text LIKE 'a%'",
        "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance ISA 'Thing' AND TargetInstance.Size > 5",
        "SELECT * FROM AppEvent",
        "SELECT * FROM __ClassOperationEvent",
};

typedef struct Cycles {
        Rig rig;
        Client *churn, *steady, *writer;
        Fake f;
        uint32_t fired, put;
} Cycles;

// A driver's event and a change of the store, both for the one who stays.
static void cycles_event(Cycles *y)
{
        fake_fire(&y->f, &rig_alpha, ++y->fired, 0);
        ClientItem i = rig_next(y->steady, CLIENT_EVENT);
        assert_int_equal(rig_number(&i), y->fired);
        client_item_deinit(&i);
        assert_int_equal(rig_put_thing(&y->rig, y->writer, "Thing", "same", ++y->put), 0);
        CimInstance *e =
                rig_event(y->steady, y->put == 1 ? "__InstanceCreationEvent" : "__InstanceModificationEvent");
        assert_int_equal(rig_value(rig_value(e, "TargetInstance")->object, "Size")->uint, y->put);
        cim_instance_unref(e);
}

// What the one who churns has got meanwhile.
static void cycles_drain(Cycles *y)
{
        ClientItem i;
        while (client_next(y->churn, 0, &i) == 0)
                client_item_deinit(&i);
}

static void cycles_run(Cycles *y, unsigned n)
{
        for (unsigned k = 0; k < n; k++) {
                uint32_t id = rig_subscribe(y->churn, queries[k % 4]);
                if (k % 10 == 0) {
                        cycles_event(y);
                        cycles_drain(y);
                }
                assert_int_equal(client_cancel(y->churn, id, RIG_PATIENCE_MS, NULL), 0);
        }
        cycles_drain(y);
}

static void ten_thousand_cycles_leave_memory_flat(void **state)
{
        (void)state;
        Cycles y = {0};
        rig_start(&y.rig, NULL);
        y.churn = rig_client(&y.rig);
        y.steady = rig_client(&y.rig);
        y.writer = rig_client(&y.rig);
        rig_import(&y.rig, y.writer, rig_things);
        fake_start(&y.f, &y.rig, "f");
        rig_subscribe(y.steady, "SELECT * FROM Alpha");
        rig_subscribe(y.steady, "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance ISA 'Thing'");
        cycles_run(&y, WARM);
        size_t before = mallinfo2().uordblks;
        cycles_run(&y, CYCLES);
        size_t after = mallinfo2().uordblks; // 0 under a sanitizer, which sees what leaks itself
        if (after > before + SLACK)
                print_error("%zu bytes in use after %d cycles, %zu before\n", after, CYCLES, before);
        assert_true(after <= before + SLACK);
        ServiceStats st = rig_stats(&y.rig);
        assert_int_equal(st.subscriptions, 2);
        assert_int_equal(st.dropped + st.source_dropped, 0);
        rig_none(y.steady);
        fake_stop(&y.f);
        client_free(y.churn);
        client_free(y.steady);
        client_free(y.writer);
        rig_stop(&y.rig);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(ten_thousand_cycles_leave_memory_flat),
                TEST_END,
        });
}
