// SPDX-License-Identifier: MIT
// cim: object paths: what parses, how it prints, what is refused and where; bounds; paths of instances and
// system properties. Identity is in test-path-key.c.
#include "cim/path.h"

#include "base/limits.h"
#include "base/testkit.h"
#include "base/utf.h"
#include "cim/status.h"
#include "cim/test-cim.h"

// --- text and parts
// ---------------------------------------------------------------------------------------------

// As "server|namespace|class|keys"; a key is name=value with s: i: u: b: in front of its value, singletons
// are "@".
static void show(const CimPath *p, Buf *out)
{
        buf_printf(out, "%.*s|%.*s|%.*s|%s", STR_ARG(p->server), STR_ARG(p->namespace),
                   STR_ARG(p->class_name), p->singleton ? "@" : "");
        for (size_t i = 0; i < p->key_count; i++) {
                const CimValue *v = &p->keys[i].value;
                Arena a = {0};
                buf_printf(out, "%s%.*s=", i ? "," : "", STR_ARG(p->keys[i].name));
                if (v->type == CIM_STRING)
                        buf_printf(out, "s:%s", utf_to8(&a, v->string).p);
                else if (v->type == CIM_BOOLEAN)
                        buf_printf(out, "b:%d", v->boolean);
                else if (v->type == CIM_UINT64)
                        buf_printf(out, "u:%llu", (unsigned long long)v->uint);
                else
                        buf_printf(out, "i:%lld", (long long)v->sint);
                arena_deinit(&a);
        }
}

// Parses, shows, prints, parses again, shows the same.
static void parses(const char *text, const char *parts, const char *printed)
{
        Arena a = {0};
        CimPath p, again;
        Buf shown = {0}, out = {0}, shown_again = {0};
        Diag d = {0};
        if (cim_path_parse(str_of(text), &a, &p, &d))
                fail_msg("%s: %s", text, d.message);
        show(&p, &shown);
        assert_string_equal(buf_z(&shown), parts);
        cim_path_print(&p, &out);
        assert_string_equal(buf_z(&out), printed ? printed : text);
        assert_int_equal(cim_path_parse((Str){(char *)out.p, out.n}, &a, &again, &d), 0);
        show(&again, &shown_again);
        assert_string_equal(buf_z(&shown_again), parts);
        buf_deinit(&shown);
        buf_deinit(&shown_again);
        buf_deinit(&out);
        arena_deinit(&a);
}

static void documented_paths(void **state)
{
        (void)state;
        // "Describing an Instance Object Path", "... a Class Object Path", "... a WMI Namespace Object Path"
        parses("MyClass.MyProp=\"e:\"", "||MyClass|MyProp=s:e:", NULL);
        parses("MyClass=\"e:\"", "||MyClass|=s:e:", NULL);
        parses("MyOtherClass.FirstKey=1,SecondKey=2", "||MyOtherClass|FirstKey=i:1,SecondKey=i:2", NULL);
        parses("MySingletonClass=@", "||MySingletonClass|@", NULL);
        parses("ComPort=2", "||ComPort|=i:2", NULL);
        parses("MyClass.IntVal=33,StrVal=\"AAA\"", "||MyClass|IntVal=i:33,StrVal=s:AAA", NULL);
        parses("\\\\Admin\\Root\\CimV2:Win32_LogicalDisk", "Admin|Root\\CimV2|Win32_LogicalDisk|", NULL);
        parses("Win32_LogicalDisk", "||Win32_LogicalDisk|", NULL);
        parses("\\\\Server\\root", "Server|root||", NULL);
        parses("//Server/root/a", "Server|root\\a||", "\\\\Server\\root\\a");
        parses("\\\\.\\root", ".|root||", NULL);
        parses("Win32_Directory.Name=\"C:\\\\\"", "||Win32_Directory|Name=s:C:\\", NULL);
        // "WMI Object Path Requirements": single quotes, either separator, hexadecimal and Boolean constants
        parses("Thing='a'", "||Thing|=s:a", "Thing=\"a\"");
        parses("//./root/default:Thing.A=0x1F,B=TRUE", ".|root\\default|Thing|A=i:31,B=b:1",
               "\\\\.\\root\\default:Thing.A=31,B=TRUE");
        parses("Thing.A=\"say \\\"x\\\"\"", "||Thing|A=s:say \"x\"", NULL);
        parses("root\\default:Thing", "|root\\default|Thing|", NULL);
}

static void other_paths(void **state)
{
        (void)state;
        parses("root:Thing", "|root|Thing|", NULL);
        parses("\\root", "|root||", NULL);
        parses("\\root\\a", "|root\\a||", "root\\a");
        parses("root/a", "|root\\a||", "root\\a");
        parses("\\ROOT\\a:Thing=@", "|ROOT\\a|Thing|@", "ROOT\\a:Thing=@");
        parses("\\\\fe80::1\\root:Thing", "fe80::1|root|Thing|", NULL);
        parses("__Win32Provider.Name='it\\'s \"x\"'", "||__Win32Provider|Name=s:it's \"x\"",
               "__Win32Provider.Name=\"it's \\\"x\\\"\"");
        parses("A.a=-5,b=-9223372036854775808,c=9223372036854775807,d=18446744073709551615",
               "||A|a=i:-5,b=i:-9223372036854775808,c=i:9223372036854775807,d=u:18446744073709551615", NULL);
        parses("A.a=0xFFFFFFFFFFFFFFFF,b=-0,c=007,d=-0x10",
               "||A|a=u:18446744073709551615,b=i:0,c=i:7,d=i:-16", "A.a=18446744073709551615,b=0,c=7,d=-16");
        parses("A.a=true,b=False", "||A|a=b:1,b=b:0", "A.a=TRUE,b=FALSE");
        parses("A=\"\"", "||A|=s:", NULL);
        parses("A=\"x=y,z.w:v@\"", "||A|=s:x=y,z.w:v@", NULL);
        parses("A=\"root\\\\a:B=\\\"c\\\"\"", "||A|=s:root\\a:B=\"c\"", NULL);
        parses("A=\"%20 100%\"", "||A|=s:%20 100%", NULL); // no URL notation
        parses("\xC3\x84=\"\xF0\x9F\x98\x80\"", "||\xC3\x84|=s:\xF0\x9F\x98\x80", NULL);
}

static void refused(const char *text, int code, size_t offset, const char *words)
{
        Arena a = {0};
        CimPath p;
        Diag d = {0};
        char all[800];
        if (cim_path_parse(str_of(text), &a, &p, &d) != E_DIAG)
                fail_msg("%s parses", text);
        snprintf(all, sizeof(all), "%s; %s", d.message, d.hint);
        if (d.code != (uint32_t)code || d.offset != offset || !strstr(all, words))
                fail_msg("%s: 0x%08X at %zu: %s", text, d.code, d.offset, all);
        assert_int_equal(d.line, 1);
        assert_true(d.column >= 1 && d.column <= offset + 1);
        assert_true(d.offset + d.length <= strlen(text));
        assert_int_equal(cim_path_parse(str_of(text), &a, &p, NULL), E_DIAG);
        arena_deinit(&a);
}

static void refused_paths(void **state)
{
        (void)state;
        int bad = CIM_E_INVALID_OBJECT_PATH;
        refused("", bad, 0, "empty");
        refused("Thing.", bad, 6, "the path ends where the name of a key should be");
        refused("Thing.Name", bad, 10, "'=' and the value");
        refused("Thing.Name=", bad, 11, "a value");
        refused("Thing.Name=\"a", bad, 11, "close it with \"");
        refused("Thing.Name='a", bad, 11, "close it with '");
        refused("Thing.Name=\"C:\\\"", bad, 11, "write \\\\\" for a backslash at its end");
        refused("Thing.Name=\"C:\\temp\"", bad, 14, "write \\\\ for each backslash");
        refused("Thing.Name=abc", bad, 11, "text stands in quotes: Name=\"abc\"");
        refused("Thing=abc", bad, 6, "text stands in quotes: Thing=\"abc\"");
        refused("Thing.Name=\xE2\x80\x9C"
                "a\xE2\x80\x9D",
                bad, 11, "plain quotes");
        refused("Thing.Name = \"a\"", bad, 10, "blanks only inside quotes");
        refused("Thing.Name=\"a\", Part=1", bad, 15, "blanks only inside quotes");
        refused(" Thing", bad, 0, "blanks only inside quotes");
        refused("Thing ", bad, 5, "blanks only inside quotes");
        refused("Thing\n", bad, 5, "control character (0x0A)");
        refused("Thing.Name=\"a\tb\"", bad, 13, "below U+0020");
        refused("Thing.Name=\"a\";", bad, 14, "another key, or the end");
        refused("Thing.Name=\"a\",", bad, 15, "the name of a key");
        refused("Thing.Name=\"a\",=1", bad, 15, "the name of a key");
        refused("Thing.Name=\"a\",name=\"b\"", bad, 15, "given twice");
        refused("Thing=\"a\",\"b\"", bad, 9, "the end");
        refused("Thing=@x", bad, 7, "the end");
        refused("Thing.A=@", bad, 8, "a value");
        refused("Thing.A=1.5", bad, 9, "another key");
        refused("Thing.A=+1", bad, 8, "a value");
        refused("Thing.A=-", bad, 9, "a digit");
        refused("Thing.A=0x", bad, 10, "a hexadecimal digit");
        refused("Thing.A=0xG", bad, 10, "a hexadecimal digit");
        refused("Thing.A=18446744073709551616", bad, 8, "64 bits");
        refused("Thing.A=0x10000000000000000", bad, 8, "64 bits");
        refused("Thing.A=-9223372036854775809", bad, 8, "64 bits");
        refused("Thing.A=NULL", bad, 8, "a value");
        refused("Thing.7=1", bad, 6, "begins with a digit");
        refused("7", bad, 0, "begins with a digit");
        refused("*", bad, 0, "the name of a class");
        refused("root:", bad, 5, "the name of a class");
        refused("root\\a:.b=1", bad, 7, "the name of a class");
        refused("root\\a.b=\"c\"", bad, 8, "':' stands between namespace and class");
        refused("\\\\", bad, 2, "the name of a server");
        refused("\\\\\\root", bad, 2, "the name of a server");
        refused("\\\\a b\\root", bad, 3, "the name of a server");
        refused("\\\\.", bad, 2, "\\\\.\\root\\default");
        refused("\\\\.:Thing", bad, 2, "ends behind the server");
        refused("\\\\.\\\\root", bad, 4, "a namespace");
        refused("\\\\.\\", CIM_E_INVALID_NAMESPACE, 4, "");
        refused("\\", CIM_E_INVALID_NAMESPACE, 1, "");
        refused("default:Thing", CIM_E_INVALID_NAMESPACE, 0, "not below root");
        refused("root\\\\a:Thing", CIM_E_INVALID_NAMESPACE, 0, "empty part");
        refused("root\\a b:Thing", CIM_E_INVALID_NAMESPACE, 0, "character");
        refused("Thing.A=\"\xff\"", bad, 9, "not UTF-8");
}

// --- bounds
// -----------------------------------------------------------------------------------------------------

static int parse_n(Str text)
{
        Arena a = {0};
        CimPath p;
        Diag d = {0};
        int r = cim_path_parse(text, &a, &p, &d);
        assert_true(r == 0 || d.code == (uint32_t)CIM_E_INVALID_OBJECT_PATH);
        arena_deinit(&a);
        return r;
}

static void bounds_of_paths(void **state)
{
        (void)state;
        static char text[LIMIT_PATH_CHARS * 4];
        for (size_t n = LIMIT_PATH_CHARS - 1; n <= LIMIT_PATH_CHARS + 1; n++) {
                memset(text, 'x', n);
                memcpy(text, "A=\"", 3);
                text[n - 1] = '"';
                assert_int_equal(parse_n((Str){text, n}), n > LIMIT_PATH_CHARS ? E_DIAG : 0);
        }
        // A character beyond the BMP counts two, one of three bytes counts one.
        for (size_t extra = 0; extra < 2; extra++) {
                size_t n = (size_t)snprintf(text, sizeof(text), "A=\"%s", extra ? "xxx" : "xx");
                for (size_t units = n + 1; units < LIMIT_PATH_CHARS; units += 2, n += 4)
                        memcpy(text + n, "\xF0\x9F\x98\x80", 4);
                text[n++] = '"';
                assert_int_equal(cim_path_units((Str){text, n}), LIMIT_PATH_CHARS + extra);
                assert_int_equal(parse_n((Str){text, n}), extra ? E_DIAG : 0);
        }
        for (size_t keys = LIMIT_KEYS - 1; keys <= LIMIT_KEYS + 1; keys++) {
                size_t n = 1;
                text[0] = 'A';
                for (size_t i = 0; i < keys; i++)
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "%ck%zu=1", i ? ',' : '.', i);
                assert_int_equal(parse_n((Str){text, n}), keys > LIMIT_KEYS ? E_DIAG : 0);
        }
        for (size_t chars = LIMIT_NAME_CHARS - 1; chars <= LIMIT_NAME_CHARS + 1; chars++) {
                for (size_t i = 0; i < chars; i++)
                        memcpy(text + i * 2, "\xC3\x84", 2);
                assert_int_equal(parse_n((Str){text, chars * 2}), chars > LIMIT_NAME_CHARS ? E_DIAG : 0);
        }
}

// --- paths of instances
// ---------------------------------------------------------------------------------------

static CimClass *made(const CimClassSpec *s, const CimClass *super)
{
        CimClass *c = NULL;
        Diag d = {0};
        if (cim_class_new(s, super, NULL, NULL, &c, &d))
                fail_msg("%.*s: %s", STR_ARG(s->name), d.message);
        return c;
}

#define KEY(n, t) P(n, t, QUALIFIERS(QB("key")))

static CimClass *keyed(void)
{
        return made(&CLASS("Thing",
                           PROPERTIES(P("Size", CIM_UINT32), KEY("name", CIM_STRING), KEY("Big", CIM_UINT64),
                                      KEY("Abc", CIM_BOOLEAN), KEY("Neg", CIM_SINT8), KEY("C", CIM_CHAR16),
                                      KEY("When", CIM_DATETIME), KEY("R", CIM_REFERENCE))),
                    NULL);
}

static void set(CimInstance *i, const char *name, CimValue v)
{
        int at = cim_class_property(i->class, str_of(name));
        assert_true(at >= 0);
        i->values[at] = v;
}

static void set_all(CimInstance *i)
{
        set(i, "name", VS(CIM_STRING, u"a\"b\\c"));
        set(i, "Big", VU(CIM_UINT64, UINT64_MAX));
        set(i, "Abc", VB(true));
        set(i, "Neg", VI(CIM_SINT8, -3));
        set(i, "C", VU(CIM_CHAR16, 65));
        set(i, "When", VS(CIM_DATETIME, u"20260131120000.000000+000"));
        set(i, "R", VS(CIM_REFERENCE, u"Other=\"x\""));
}

static void paths_of_instances(void **state)
{
        (void)state;
        CimClass *c = keyed();
        CimInstance *i;
        Buf out = {0};
        Diag d = {0};
        uint32_t keys[8] = {0};
        assert_int_equal(cim_class_keys(c, keys, 2), 7);
        assert_int_equal(keys[0], 3);
        assert_int_equal(keys[1], 2);
        assert_int_equal(keys[2], 0); // no more than asked for
        assert_int_equal(cim_instance_new(c, &i), 0);
        set_all(i);
        static const char relpath[] =
                "Thing.Abc=TRUE,Big=18446744073709551615,C=65,name=\"a\\\"b\\\\c\",Neg=-3,"
                "R=\"Other=\\\"x\\\"\",When=\"20260131120000.000000+000\"";
        assert_int_equal(cim_instance_relpath(i, &out, &d), 0);
        assert_string_equal(buf_z(&out), relpath);
        parses(relpath,
               "||Thing|Abc=b:1,Big=u:18446744073709551615,C=i:65,name=s:a\"b\\c,Neg=i:-3,R=s:Other=\"x\","
               "When=s:20260131120000.000000+000",
               NULL);
        assert_int_equal(cim_instance_path(i, STR("here"), &out, &d), E_DIAG); // nowhere
        assert_string_equal(buf_z(&out), relpath);
        out.n = 0;
        assert_int_equal(cim_instance_place(i, STR("root\\x")), 0);
        assert_int_equal(cim_instance_path(i, STR("here"), &out, &d), 0);
        assert_memory_equal(out.p, "\\\\here\\root\\x:Thing.Abc=TRUE,", 29);
        out.n = 0;
        set(i, "Neg", cim_null(CIM_SINT8));
        assert_int_equal(cim_instance_relpath(i, &out, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_ILLEGAL_NULL);
        assert_non_null(strstr(d.message, "Neg"));
        set(i, "Neg", VI(CIM_SINT8, 0));
        static const struct {
                Str16 text;
                bool fine;
        } texts[] = {
                {{u"", 0}, true},
                {{u" ", 1}, true},
                {{u"\x1f", 1}, false},
                {{u"a\0", 2}, false},
                {{u"\xD800", 1}, false},
                {{u"\xDC00x", 2}, false},
                {{u"\xD800x", 2}, false},
                {{u"\xDBFF\xDFFF", 2}, true},
                {{u"\x7f", 1}, true},
                {{u"\xFFFD", 1}, true},
                {{u"\xDC00\xD800", 2}, false},
                {{u"\xE000", 1}, true},
        };
        for (size_t k = 0; k < COUNT(texts); k++) {
                set(i, "name", (CimValue){.type = CIM_STRING, .string = texts[k].text});
                assert_int_equal(cim_instance_relpath(i, &out, &d), texts[k].fine ? 0 : E_DIAG);
                assert_int_equal(cim_instance_key(i, STR("root"), &out, &d), texts[k].fine ? 0 : E_DIAG);
                assert_true(texts[k].fine || d.code == (uint32_t)CIM_E_INVALID_OBJECT);
        }
        cim_instance_unref(i);
        cim_class_unref(c);
        buf_deinit(&out);
}

static void long_paths_of_instances(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("A", PROPERTIES(KEY("K", CIM_STRING))), NULL);
        static char16_t text[LIMIT_PATH_CHARS];
        Diag d = {0};
        CimInstance *i;
        assert_int_equal(cim_instance_new(c, &i), 0);
        for (size_t k = 0; k < LIMIT_PATH_CHARS; k++)
                text[k] = u'\x20AC'; // one character, three bytes
        for (size_t n = LIMIT_PATH_CHARS - 1; n <= LIMIT_PATH_CHARS + 1; n++) {
                Buf out = {0};
                i->values[0] = (CimValue){.type = CIM_STRING, .string = {text, n - strlen("A.K=\"\"")}};
                int r = cim_instance_relpath(i, &out, &d);
                assert_int_equal(r, n > LIMIT_PATH_CHARS ? E_DIAG : 0);
                assert_int_equal(parse_n((Str){(char *)out.p, out.n}), r); // empty when refused
                buf_deinit(&out);
        }
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_OBJECT);
        cim_instance_unref(i);
        cim_class_unref(c);
}

static void objects_without_keys(void **state)
{
        (void)state;
        CimClass *plain = made(&CLASS("Plain", PROPERTIES(P("X", CIM_UINT8))), NULL);
        CimClass *one = made(&CLASS("One", QUALIFIERS(QB("singleton"))), NULL),
                 *two = made(&CLASS("Two"), one);
        CimInstance *i;
        Buf out = {0};
        Diag d = {0};
        assert_int_equal(cim_instance_new(plain, &i), 0);
        assert_int_equal(cim_instance_relpath(i, &out, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_NO_KEY);
        assert_int_equal(cim_instance_key(i, STR("root"), &out, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_NO_KEY);
        cim_instance_unref(i);
        assert_true(cim_class_singleton(one) && cim_class_singleton(two) && !cim_class_singleton(plain));
        assert_int_equal(cim_instance_new(two, &i), 0);
        assert_int_equal(cim_instance_relpath(i, &out, &d), 0);
        assert_string_equal(buf_z(&out), "Two=@");
        cim_instance_unref(i);
        out.n = 0;
        assert_int_equal(cim_instance_of_class(two, STR("root"), &i), 0);
        assert_int_equal(cim_instance_path(i, STR("."), &out, &d), 0);
        assert_string_equal(buf_z(&out), "\\\\.\\root:Two");
        cim_instance_unref(i);
        cim_class_unref(plain);
        cim_class_unref(one);
        cim_class_unref(two);
        buf_deinit(&out);
}

// --- system properties
// ----------------------------------------------------------------------------------------

// All ten of an object, as "1|Class|..." with "-" for NULL.
static void system_shown(const CimInstance *i, Buf *out)
{
        Arena a = {0};
        out->n = 0;
        for (unsigned p = 0; p < CIM_SYSTEM_COUNT; p++) {
                CimValue v = {0};
                assert_int_equal(cim_system_value(i, (CimSystemProperty)p, STR("here"), &a, &v), 0);
                assert_int_equal(v.type, cim_system_type((CimSystemProperty)p));
                buf_text(out, p ? "|" : "");
                if (v.null)
                        buf_text(out, "-");
                else if (v.type == CIM_SINT32)
                        buf_printf(out, "%lld", (long long)v.sint);
                else if (v.type == CIM_STRING)
                        buf_text(out, utf_to8(&a, v.string).p);
                for (uint32_t k = 0; !v.null && cim_is_array(v.type) && k < v.array.count; k++)
                        buf_printf(out, "%s%s", k ? "," : "", utf_to8(&a, v.array.items[k].string).p);
        }
        arena_deinit(&a);
        buf_z(out);
}

static void system_properties(void **state)
{
        (void)state;
        CimSystemProperty p;
        static const char *const names[] = {
                "__GENUS",          "__CLASS",      "__SUPERCLASS", "__DYNASTY",   "__RELPATH",
                "__PROPERTY_COUNT", "__DERIVATION", "__SERVER",     "__NAMESPACE", "__PATH"};
        for (unsigned i = 0; i < CIM_SYSTEM_COUNT; i++) {
                assert_string_equal(cim_system_name((CimSystemProperty)i), names[i]);
                assert_true(cim_system_of_name(str_of(names[i]), &p) && p == i);
        }
        assert_true(cim_system_of_name(STR("__relPath"), &p) && p == CIM_SYSTEM_RELPATH);
        assert_false(cim_system_of_name(STR("__PATHS"), &p));
        CimClass *a = made(&CLASS("A", PROPERTIES(KEY("K", CIM_UINT8))), NULL);
        CimClass *b = made(&CLASS("B", PROPERTIES(P("X", CIM_UINT8))), a), *c = made(&CLASS("C"), b);
        CimInstance *i, *k;
        Buf out = {0};
        assert_int_equal(cim_instance_new(c, &i), 0);
        i->values[0] = VU(CIM_UINT8, 7);
        system_shown(i, &out);
        assert_string_equal((char *)out.p, "2|C|B|A|-|2|B,A|-|-|-");
        assert_int_equal(cim_instance_place(i, STR("root\\x")), 0);
        system_shown(i, &out);
        assert_string_equal((char *)out.p, "2|C|B|A|C.K=7|2|B,A|here|root\\x|\\\\here\\root\\x:C.K=7");
        i->values[0] = cim_null(CIM_UINT8);
        system_shown(i, &out);
        assert_string_equal((char *)out.p, "2|C|B|A|-|2|B,A|here|root\\x|-");
        assert_int_equal(cim_instance_of_class(a, STR("root"), &k), 0);
        system_shown(k, &out);
        assert_string_equal((char *)out.p, "1|A|-|A|A|1||here|root|\\\\here\\root:A");
        cim_instance_unref(i);
        cim_instance_unref(k);
        cim_class_unref(a);
        cim_class_unref(b);
        cim_class_unref(c);
        buf_deinit(&out);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(documented_paths),
                TEST(other_paths),
                TEST(refused_paths),
                TEST(bounds_of_paths),
                TEST(paths_of_instances),
                TEST(long_paths_of_instances),
                TEST(objects_without_keys),
                TEST(system_properties),
                TEST_END,
        });
}
