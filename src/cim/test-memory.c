// SPDX-License-Identifier: MIT
// cim: every allocation failing in turn. The linker wraps the allocator (meson.build); what fails must say
// -ENOMEM, and a sanitizer must find nothing left behind.
#include <stdlib.h>

#include "base/testkit.h"
#include "cim/codec.h"
#include "cim/event.h"
#include "cim/path.h"
#include "cim/schema.h"
#include "cim/test-cim.h"
#include "cim/text.h"
#include "cim/wmio.h"
#include "cim/update.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static long memory_left = -1; // allocations until one fails; -1: none does
static bool memory_failed;

static bool memory_gone(void)
{
        if (memory_left < 0 || memory_left-- > 0)
                return false;
        memory_failed = true;
        return true; // once: what follows would succeed
}

void *__wrap_malloc(size_t n)
{
        return memory_gone() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return memory_gone() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
        return memory_gone() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
        return memory_gone() ? NULL : __real_reallocarray(p, n, size);
}

// A class with an embedded one, a default object, a method; events of it.
static int scenario_classes(CimClass **ret_inner, CimClass **ret)
{
        CimClass *inner = NULL;
        CimInstance *value = NULL;
        *ret = *ret_inner = NULL;
        int r = cim_class_new(&CLASS("Inner", PROPERTIES(ITEM("A", CIM_UINT8, 1), ITEM("B", CIM_STRING, 2))),
                              NULL, NULL, NULL, &inner, NULL);
        if (r == 0)
                r = cim_instance_new(inner, &value);
        if (r == 0) {
                CimValue object = {.type = CIM_OBJECT, .object = value};
                CimPropertySpec in[] = {P("Level", CIM_UINT32, QUALIFIERS(QB("in")))};
                r = cim_class_new(&CLASS("Outer",
                                         QUALIFIERS(QS("guid", u"12345678-abcd-EF01-0102-030405060708"),
                                                    QF(QS("Up", u"x"), CIM_FLAVOR_TO_SUBCLASS)),
                                         PROPERTIES(P("InstanceName", CIM_STRING), ITEM("N", CIM_UINT8, 1),
                                                    P("L", CIM_OBJECT | CIM_ARRAY, .class_name = STR("Inner"),
                                                      QUALIFIERS(QU("WmiDataId", 2), QS("WmiSizeIs", u"N"))),
                                                    P("D", CIM_OBJECT, .class_name = STR("Inner"),
                                                      .has_default = true, .value = object)),
                                         .methods = (CimMethodSpec[]){{.name = STR("Set"),
                                                                       .parameters = in,
                                                                       .parameter_count = 1}},
                                         .method_count = 1),
                                  NULL, test_resolve, (CimClass *[]){inner, NULL}, ret, NULL);
        }
        cim_instance_unref(value);
        *ret_inner = inner;
        return r;
}

static int scenario_schema(CimClass *inner, CimClass *c)
{
        CimSchema *s = cim_schema_new(), *one = NULL, *two = NULL, *three = NULL;
        CimClass *sub = NULL, *again = NULL;
        int r = s ? cim_class_new(&CLASS("Sub", PROPERTIES(P("N", CIM_UINT8))), c, NULL, NULL, &sub, NULL)
                  : -ENOMEM;
        if (r == 0)
                r = cim_class_new(&CLASS("Inner", PROPERTIES(ITEM("C", CIM_UINT8, 1))), NULL, NULL, NULL,
                                  &again, NULL);
        CimChange first[] = {{.namespace = STR("root\\wmi"), .klass = sub},
                             {.namespace = STR("root\\wmi"), .klass = c},
                             {.namespace = STR("root\\wmi"), .klass = inner}};
        if (r == 0)
                r = cim_schema_change(s, first, COUNT(first), &one, NULL);
        if (r == 0)
                r = cim_schema_change(one, &(CimChange){.namespace = STR("root\\wmi"), .klass = again}, 1,
                                      &two, NULL);
        CimChange last[] = {{.namespace = STR("root\\wmi"), .klass = inner, .remove = true},
                            {.namespace = STR("root\\wmi"), .klass = sub, .remove = true},
                            {.namespace = STR("root\\x"), .klass = c},
                            {.namespace = STR("root\\x"), .remove = true}};
        if (r == 0)
                r = cim_schema_change(two, last, COUNT(last), &three, NULL);
        cim_class_unref(sub);
        cim_class_unref(again);
        cim_schema_unref(s);
        cim_schema_unref(one);
        cim_schema_unref(two);
        cim_schema_unref(three);
        return r;
}

// A set of an instance and of its class's definition, read back.
static int scenario_set(const CimInstance *i, bool by_version)
{
        CimSetWriter *w = cim_set_writer_new(by_version);
        CimInstance *definition = NULL;
        CimSet set = {0};
        Buf b = {0};
        int r = w ? cim_instance_of_class(i->class, STR("root\\test"), &definition) : -ENOMEM;
        if (r == 0)
                r = cim_set_add(w, i);
        if (r == 0)
                r = cim_set_add(w, definition);
        if (r == 0) {
                cim_set_finish(w, &b);
                r = b.failed ? -ENOMEM : 0;
        }
        if (r == 0)
                r = cim_set_read(b.p, b.n, NULL, NULL, &set, NULL, NULL);
        cim_instance_unref(definition);
        cim_set_deinit(&set);
        cim_set_writer_free(w);
        buf_deinit(&b);
        return r;
}

// A unit of MS-WMIO, read strictly.
static int scenario_wmio(const CimInstance *i)
{
        Buf b = {0};
        CimInstance *back = NULL;
        int r = cim_wmio_write(i, STR("S"), &b);
        if (r == 0)
                r = cim_wmio_read(b.p, b.n, &(CimWmioOptions){0}, &back, NULL);
        cim_instance_unref(back);
        buf_deinit(&b);
        return r;
}

static int scenario_bytes(const CimClass *c, const CimClass *inner)
{
        CimClassTable table = TABLE((CimClass *)(uintptr_t)inner);
        Buf b = {0}, text = {0}, payload = {0};
        CimClass *back = NULL;
        CimInstance *i = NULL, *copy = NULL, *again = NULL;
        static const uint8_t block[] = {2, 0, 1, 0, 2, 0, 'x', 0, 2, 0, 4, 0, 'y', 0, 'z', 0};
        uint8_t wnode[64 + sizeof(block)] = {
                [0] = sizeof(wnode), [44] = 0x8A, [56] = 64, [60] = sizeof(block)};
        memcpy(wnode + 64, block, sizeof(block));
        CimEnvelope e = {.kind = CIM_PAYLOAD_WNODE,
                         .payload = wnode,
                         .payload_size = sizeof(wnode),
                         .instance = {u"x", 1}};
        int r = cim_codec_write_class(c, &b);
        if (r == 0)
                r = cim_codec_read_class(b.p, b.n, &back, NULL);
        if (r == 0)
                r = cim_event_instance(&e, c, NULL, &i, NULL);
        if (r == 0)
                r = cim_instance_copy(i, &copy);
        if (r == 0)
                r = cim_codec_write_values(copy, &table, &payload);
        e = (CimEnvelope){.kind = CIM_PAYLOAD_INSTANCE,
                          .payload = payload.p,
                          .payload_size = payload.n,
                          .instance = {u"x", 1}};
        if (r == 0)
                r = cim_event_instance(&e, c, &table, &again, NULL);
        if (r == 0) {
                cim_text_class(back, &text);
                cim_text_instance(again, &text);
                r = text.failed ? -ENOMEM : 0;
        }
        if (r == 0)
                r = scenario_set(again, false);
        if (r == 0)
                r = scenario_wmio(again);
        cim_instance_unref(i);
        cim_instance_unref(copy);
        cim_instance_unref(again);
        cim_class_unref(back);
        buf_deinit(&b);
        buf_deinit(&text);
        buf_deinit(&payload);
        return r;
}

// A path into an instance, the instance's own path and identity, its system properties.
static int scenario_path(void)
{
        static const char text[] = "\\\\.\\root\\x:T.Name=\"a\",Ref='O.a=1,b=\"c\"'";
        Arena a = {0};
        CimPath p;
        CimClass *c = NULL;
        CimInstance *i = NULL;
        Buf key = {0}, own = {0}, path = {0};
        CimValue v;
        int r = cim_class_new(&CLASS("T", PROPERTIES(P("Name", CIM_STRING, QUALIFIERS(QB("key"))),
                                                     P("Ref", CIM_REFERENCE, QUALIFIERS(QB("key"))))),
                              NULL, NULL, NULL, &c, NULL);
        if (r == 0)
                r = cim_path_parse(str_of(text), &a, &p, NULL);
        if (r == 0)
                r = cim_path_key(&p, c, STR("root\\x"), &key, NULL);
        if (r == 0)
                r = cim_instance_new(c, &i);
        if (r == 0)
                r = cim_instance_place(i, STR("root\\x"));
        if (r == 0) {
                i->values[0] = VS(CIM_STRING, u"a");
                i->values[1] = VS(CIM_REFERENCE, u"O.a=1,b=\"c\"");
                r = cim_instance_key(i, STR("root\\x"), &own, NULL);
        }
        if (r == 0)
                r = cim_instance_path(i, STR("."), &path, NULL);
        for (unsigned n = 0; r == 0 && n < CIM_SYSTEM_COUNT; n++)
                r = cim_system_value(i, (CimSystemProperty)n, STR("."), &a, &v);
        cim_instance_unref(i);
        cim_class_unref(c);
        buf_deinit(&key);
        buf_deinit(&own);
        buf_deinit(&path);
        arena_deinit(&a);
        return r;
}

// A forced update that takes a property, a qualifier and a method from a derived class.
static int scenario_update(void)
{
        CimMethodSpec m = {.name = STR("M")}, other = {.name = STR("M"), .return_type = CIM_UINT8};
        CimQualifier q = QF(QS("Q", u"x"), CIM_FLAVOR_TO_SUBCLASS | CIM_FLAVOR_NOT_OVERRIDABLE);
        CimClass *base = NULL, *sub = NULL;
        CimSchema *s = cim_schema_new(), *one = NULL, *two = NULL;
        CimUpdate u = {0};
        int r = s ? cim_class_new(&CLASS("Base"), NULL, NULL, NULL, &base, NULL) : -ENOMEM;
        if (r == 0)
                r = cim_class_new(&CLASS("Sub", QUALIFIERS(QS("Q", u"y"), QB("kept")),
                                         PROPERTIES(P("X", CIM_UINT8), P("Y", CIM_UINT8)), .methods = &m,
                                         .method_count = 1),
                                  base, NULL, NULL, &sub, NULL);
        CimChange both[] = {{.namespace = STR("root"), .klass = base},
                            {.namespace = STR("root"), .klass = sub}};
        if (r == 0)
                r = cim_schema_change(s, both, 2, &one, NULL);
        if (r == 0)
                r = cim_update_check(one, STR("root"),
                                     &CLASS("Base", .qualifiers = &q, .qualifier_count = 1,
                                            PROPERTIES(P("X", CIM_STRING)), .methods = &other,
                                            .method_count = 1),
                                     STR(""), CIM_UPDATE_FORCE, true, false, &u, NULL);
        if (r == 0)
                r = cim_schema_change(one, u.changes, u.change_count, &two, NULL);
        cim_update_deinit(&u);
        cim_class_unref(base);
        cim_class_unref(sub);
        cim_schema_unref(s);
        cim_schema_unref(one);
        cim_schema_unref(two);
        return r;
}

static int scenario(void)
{
        CimClass *inner, *c;
        int r = scenario_classes(&inner, &c);
        if (r == 0)
                r = scenario_schema(inner, c);
        if (r == 0)
                r = scenario_bytes(c, inner);
        if (r == 0)
                r = scenario_path();
        if (r == 0)
                r = scenario_update();
        cim_class_unref(inner);
        cim_class_unref(c);
        return r;
}

static void every_allocation_fails_once(void **state)
{
        (void)state;
        assert_int_equal(scenario(), 0);
        for (long n = 0;; n++) {
                memory_left = n;
                memory_failed = false;
                int r = scenario();
                memory_left = -1;
                if (!memory_failed) {
                        assert_int_equal(r, 0);
                        assert_true(n > 40); // the wrapping is in place
                        return;
                }
                if (r != -ENOMEM)
                        fail_msg("allocation %ld failed and the result is %d", n, r);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(every_allocation_fails_once), TEST_END});
}
