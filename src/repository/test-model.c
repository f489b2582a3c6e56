// SPDX-License-Identifier: MIT
// The store against a model of it: random operations, then all of both compared.
//
// The model is a list of namespaces, of classes and of instances as text, changed by loops that a child could
// follow. It says of each operation whether it goes well (and, where one number only can be meant, with which
// number it fails) and what is told of it. FREEWMI_MODEL_STEPS sets the length, FREEWMI_MODEL_SEED the
// numbers; both are printed.
#include <ctype.h>
#include <unistd.h>

#include "base/utf.h"
#include "repository/test-rig.h"

#define CODE(name) ((int64_t)(uint32_t)CIM_E_##name)

enum { NAMESPACES = 6, CLASSES = 8, PROPS = 12, ANY = 1 }; // ANY: it fails, with which number is open

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (uint32_t)(random_state >> 20) % n;
}

static bool one_in(uint32_t n)
{
        return random_below(n) == 0;
}

// --- the model
// ----------------------------------------------------------------------------------------------

typedef struct MClass {
        bool there, abstract;
        int super;      // index in the namespace, -1: none
        int key;        // index of its key's type in key_types, -1: it declares none
        int note;       // 0: no Description
        unsigned props; // which of prop_types it declares, a bit each
} MClass;

typedef struct MInstance {
        int space, klass;
        char *key;  // in upper case
        char *path; // as it is told
        char *text; // all of it
} MInstance;

static struct {
        bool spaces[NAMESPACES];
        MClass classes[NAMESPACES][CLASSES];
        MInstance *list; // in order of creation
        size_t count, capacity;
} model;

static const char *const space_names[NAMESPACES] = {"root\\default", "root\\a",    "root\\b",
                                                    "root\\a\\x",    "root\\a\\y", "root\\a\\x\\deep"};
static const int space_parents[NAMESPACES] = {-2, -2, -2, 1, 1, 3}; // -2: root
static const char *const class_names[CLASSES] = {"Apple", "Bear", "Cat_", "Dog9", "Eel", "Fox", "Gnu", "Hen"};
static const uint16_t key_types[] = {CIM_STRING,   CIM_UINT32, CIM_SINT64, CIM_BOOLEAN,
                                     CIM_DATETIME, CIM_UINT64, CIM_CHAR16};
static const struct {
        const char *name;
        uint16_t type;
        const char *class_name;
} prop_types[PROPS] = {
        {"S", CIM_STRING, ""},      {"I8", CIM_SINT8, ""},        {"U64", CIM_UINT64, ""},
        {"R32", CIM_REAL32, ""},    {"R64", CIM_REAL64, ""},      {"B", CIM_BOOLEAN, ""},
        {"When", CIM_DATETIME, ""}, {"Ref", CIM_REFERENCE, ""},   {"Ch", CIM_CHAR16, ""},
        {"Any", CIM_OBJECT, ""},    {"Typed", CIM_OBJECT, "Hen"}, {"List", CIM_SINT32 | CIM_ARRAY, ""}};

static bool is_derived(int space, int klass, int from)
{
        for (; klass >= 0 && model.classes[space][klass].there; klass = model.classes[space][klass].super)
                if (klass == from)
                        return true;
        return false;
}

static int depth_of(int space, int klass)
{
        int n = 0;
        while ((klass = model.classes[space][klass].super) >= 0)
                n++;
        return n;
}

// The topmost class that declares the key of a class; -1: it has none.
static int keyed_of(int space, int klass)
{
        int keyed = -1;
        for (; klass >= 0 && model.classes[space][klass].there; klass = model.classes[space][klass].super)
                if (model.classes[space][klass].key >= 0)
                        keyed = klass;
        return keyed;
}

static MInstance *instance_find(int space, int keyed, const char *key)
{
        for (size_t i = 0; i < model.count; i++)
                if (model.list[i].space == space && keyed_of(space, model.list[i].klass) == keyed &&
                    strcmp(model.list[i].key, key) == 0)
                        return &model.list[i];
        return NULL;
}

static void instance_remove(MInstance *i)
{
        free(i->key);
        free(i->path);
        free(i->text);
        memmove(i, i + 1, (size_t)(&model.list[--model.count] - i) * sizeof(*i));
}

static bool class_inhabited(int space, int klass)
{
        for (size_t i = 0; i < model.count; i++)
                if (model.list[i].space == space && model.list[i].klass == klass)
                        return true;
        return false;
}

// --- text
// -------------------------------------------------------------------------------------------------------

static void render(const CimValue *v, Buf *out);

static void render_object(const CimInstance *i, Buf *out)
{
        buf_printf(out, "%s %.*s{", i->is_class ? "class" : "a", STR_ARG(i->class->name));
        for (size_t k = 0; k < i->class->property_count; k++) {
                buf_printf(out, "%.*s=", STR_ARG(i->class->properties[k].name));
                render(&i->values[k], out);
                buf_u8(out, ';');
        }
        buf_printf(out, "}");
}

static void render(const CimValue *v, Buf *out)
{
        CimType t = cim_type(v->type);
        if (v->null) {
                buf_text(out, "null");
        } else if (cim_is_array(v->type)) {
                buf_u8(out, '[');
                for (uint32_t i = 0; i < v->array.count; i++) {
                        render(&v->array.items[i], out);
                        buf_u8(out, ',');
                }
                buf_u8(out, ']');
        } else if (t == CIM_OBJECT) {
                render_object(v->object, out);
                buf_printf(out, "@%.*s", STR_ARG(v->object->namespace));
        } else if (t == CIM_STRING || t == CIM_DATETIME || t == CIM_REFERENCE) {
                for (size_t i = 0; i < v->string.n; i++)
                        buf_printf(out, v->string.p[i] < 127 ? "%c" : "\\u%04x", v->string.p[i]);
        } else if (t == CIM_BOOLEAN) {
                buf_printf(out, "%d", v->boolean);
        } else {
                buf_printf(out, "%llx", (unsigned long long)v->uint);
        }
}

static void put_utf8(Buf *out, char16_t c)
{
        char p[4];
        buf_put(out, p, utf8_encode(c, p));
}

// A key as a path writes it, or, `upper`, so that equal keys are equal text.
static void key_text(const CimValue *v, bool upper, Buf *out)
{
        CimType t = cim_type(v->type);
        if (t == CIM_STRING || t == CIM_DATETIME) {
                buf_u8(out, '"');
                for (size_t i = 0; i < v->string.n; i++) {
                        char16_t c = v->string.p[i];
                        if (upper && c < 127)
                                c = (char16_t)toupper(c);
                        if (upper && c == 0xE9)
                                c = 0xC9;
                        if (!upper && (c == '"' || c == '\\'))
                                buf_u8(out, '\\');
                        put_utf8(out, c);
                }
                buf_u8(out, '"');
        } else if (t == CIM_BOOLEAN) {
                buf_text(out, v->boolean ? "TRUE" : "FALSE");
        } else if (t == CIM_SINT64) {
                buf_printf(out, "%lld", (long long)v->sint);
        } else {
                buf_printf(out, "%llu", (unsigned long long)v->uint);
        }
}

// "Apple.K="a"" of the class spelled so.
static char *path_text(const char *class_name, const CimValue *key)
{
        Buf b = {0};
        buf_printf(&b, "%s.K=", class_name);
        key_text(key, false, &b);
        char *s = strdup(buf_z(&b));
        buf_deinit(&b);
        return s;
}

static char *identity(const CimValue *key)
{
        Buf b = {0};
        key_text(key, true, &b);
        char *s = strdup(buf_z(&b));
        buf_deinit(&b);
        return s;
}

static const char *any_case(const char *name)
{
        static char out[80];
        snprintf(out, sizeof(out), "%s", name);
        for (char *p = out; *p; p++)
                *p = (char)(one_in(2) ? toupper((unsigned char)*p) : tolower((unsigned char)*p));
        return out;
}

// --- random things
// ------------------------------------------------------------------------------------------------

static CimValue random_text(Arena *a, uint16_t type)
{
        static const char16_t letters[] = u"abAB\u00e9\u00c9 \\\"'/.=@%,0";
        size_t n = random_below(type == CIM_STRING ? 4 : 9);
        char16_t *p = arena_array(a, char16_t, n + 1);
        for (size_t i = 0; i < n; i++)
                p[i] = letters[random_below(sizeof(letters) / 2 - 1)];
        return (CimValue){.type = type, .string = {p, n}};
}

static CimValue random_datetime(void)
{
        static const char16_t *const some[] = {u"20260101000000.000000+000", u"19991231235959.999999-300",
                                               u"00000007010203.000000:000"};
        return (CimValue){.type = CIM_DATETIME, .string = {some[random_below(3)], 25}};
}

static CimValue random_number(uint16_t t)
{
        int64_t least;
        uint64_t most;
        uint32_t kind = random_below(4);
        if (!cim_type_range((CimType)t, &least, &most))
                return VU(t, random_below(4)); // char16, the bits of reals
        if (cim_type_is_signed((CimType)t))
                return VI(t, kind == 0 ? least : kind == 1 ? (int64_t)most : (int64_t)random_below(100) - 50);
        return VU(t, kind == 0 ? most : random_below(5));
}

static CimValue random_object(Rig *g, Arena *a, int space, const char *class_name, unsigned depth);

static CimValue random_value(Rig *g, Arena *a, int space, uint16_t type, const char *class_name,
                             unsigned depth)
{
        CimType t = cim_type(type);
        if (one_in(4))
                return cim_null(type);
        if (cim_is_array(type)) {
                uint32_t n = random_below(4);
                CimValue *items = arena_array(a, CimValue, n);
                for (uint32_t i = 0; i < n; i++)
                        items[i] = random_number((uint16_t)t);
                return (CimValue){.type = type, .array = {items, n}};
        }
        if (t == CIM_OBJECT)
                return depth > 2 ? cim_null(type) : random_object(g, a, space, class_name, depth);
        if (t == CIM_STRING)
                return random_text(a, type);
        if (t == CIM_DATETIME)
                return random_datetime();
        if (t == CIM_REFERENCE)
                return VS(CIM_REFERENCE, u"Apple.K=\"x\"");
        if (t == CIM_BOOLEAN)
                return VB(one_in(2));
        if (t == CIM_REAL32 || t == CIM_REAL64)
                return VR(type, (double)random_below(5) / 4);
        return random_number(type);
}

static void random_values(Rig *g, Arena *a, int space, CimInstance *i, unsigned depth)
{
        for (size_t k = 0; k < i->class->property_count; k++) {
                const CimProperty *p = &i->class->properties[k];
                char name[20];
                snprintf(name, sizeof(name), "%.*s", STR_ARG(p->class_name));
                if (!str_eq(p->name, STR("K")))
                        i->values[k] = random_value(g, a, space, p->type, name, depth);
        }
}

// Of a class of some namespace, or of the class that a property wants; now and then a class itself.
static CimValue random_object(Rig *g, Arena *a, int space, const char *class_name, unsigned depth)
{
        int from = *class_name ? space : (int)random_below(NAMESPACES);
        const CimClass *c = rig_class(g, space_names[from],
                                      *class_name ? class_name : class_names[random_below(CLASSES)]);
        if (!c)
                return cim_null(CIM_OBJECT);
        CimInstance *i = cim_instance_in(a, c);
        assert_non_null(i);
        i->is_class = !*class_name && one_in(8);
        if (one_in(2))
                i->namespace = str_of(space_names[from]);
        else
                i->namespace = STR("");
        if (!i->is_class)
                random_values(g, a, from, i, depth + 1);
        return (CimValue){.type = CIM_OBJECT, .object = i};
}

static CimValue random_key(Arena *a, uint16_t type)
{
        return type == CIM_STRING     ? random_text(a, type)
               : type == CIM_DATETIME ? random_datetime()
               : type == CIM_BOOLEAN  ? VB(one_in(2))
                                      : random_number(type);
}

// --- what is told
// ----------------------------------------------------------------------------------------------------

static Buf expected;

static void tell(const char *space, char sign, const char *what)
{
        buf_printf(&expected, "%s %c%s\n", space, sign, what);
}

static void agree(Rig *g, const char *what, int64_t want, int64_t got)
{
        bool fine = want == ANY ? got > 0 : got == want;
        if (!fine)
                fail_msg("%s: the model says 0x%llx, the store 0x%llx %s", what, (long long)want,
                         (long long)got, got > 0 ? g->diag.message : "");
        const char *told = g->told.n ? buf_z(&g->told) : "", *mine = expected.n ? buf_z(&expected) : "";
        if (got ? g->told.n != 0 : strcmp(told, mine) != 0)
                fail_msg("%s: told\n%sbut the model says\n%s", what, told, mine);
        g->told.n = 0;
        expected.n = 0;
}

// --- operations
// --------------------------------------------------------------------------------------------------------

static const char *space_leaf(int s)
{
        return strrchr(space_names[s], '\\') + 1;
}

static void tell_space(int s, char sign)
{
        char what[80];
        snprintf(what, sizeof(what), "__NAMESPACE.Name=\"%s\"", space_leaf(s));
        tell(space_parents[s] == -2 ? "root" : space_names[space_parents[s]], sign, what);
}

static void do_create_namespace(Rig *g)
{
        int s = (int)random_below(NAMESPACES), up = space_parents[s];
        int64_t want = model.spaces[s]                ? CODE(ALREADY_EXISTS)
                       : up >= 0 && !model.spaces[up] ? CODE(INVALID_NAMESPACE)
                                                      : 0;
        if (!want) {
                model.spaces[s] = true;
                tell_space(s, '+');
        }
        agree(g, "create namespace", want,
              rig_create_namespace(g, model.spaces[s] && want ? any_case(space_names[s]) : space_names[s]));
}

static void space_drop(int s)
{
        for (int below = NAMESPACES - 1; below > s; below--)
                if (space_parents[below] == s && model.spaces[below])
                        space_drop(below);
        model.spaces[s] = false;
        for (size_t i = model.count; i-- > 0;)
                if (model.list[i].space == s)
                        instance_remove(&model.list[i]);
        for (int c = 0; c < CLASSES; c++)
                model.classes[s][c].there = false;
        tell_space(s, '-');
}

static void do_delete_namespace(Rig *g)
{
        int s = (int)random_below(NAMESPACES);
        int64_t want = s == 0 ? CODE(ACCESS_DENIED) : model.spaces[s] ? 0 : CODE(INVALID_NAMESPACE);
        if (want == 0)
                space_drop(s);
        // Siblings go in the reverse order of their creation, which the model does not know.
        int64_t got = rig_delete_namespace(g, any_case(space_names[s]));
        if (got == 0) {
                assert_int_equal(g->told.n, expected.n);
                g->told.n = expected.n = 0;
        }
        agree(g, "delete namespace", want, got);
}

static void class_spec(const MClass *m, const char *name, CimClassSpec *s, CimPropertySpec *p,
                       CimQualifier *q)
{
        *s = (CimClassSpec){.name = str_of(name), .properties = p, .qualifiers = q};
        if (m->abstract)
                q[s->qualifier_count++] = QB("abstract");
        if (m->note)
                q[s->qualifier_count++] = (CimQualifier){
                        STR("Description"),
                        {.type = CIM_STRING, .string = {u"one two three", (size_t)m->note * 4}},
                        0};
        static const CimQualifier key = {{"key", 3}, {.type = CIM_BOOLEAN, .boolean = true}, 0};
        if (m->key >= 0)
                p[s->property_count++] = (CimPropertySpec){.name = STR("K"),
                                                           .type = key_types[m->key],
                                                           .qualifiers = &key,
                                                           .qualifier_count = 1};
        for (int i = 0; i < PROPS; i++)
                if (m->props >> i & 1)
                        p[s->property_count++] =
                                (CimPropertySpec){.name = str_of(prop_types[i].name),
                                                  .type = prop_types[i].type,
                                                  .class_name = str_of(prop_types[i].class_name)};
}

// What PutClass says of it, and whether it is the same, or the same but for its description.
static int64_t class_judge(int s, int c, const MClass *m, uint32_t flags, bool *ret_same)
{
        const MClass *was = &model.classes[s][c];
        bool children = false, inherited = class_inhabited(s, c), derived_have = false;
        *ret_same = false;
        if (!model.spaces[s])
                return CODE(INVALID_NAMESPACE);
        if ((flags & STORE_CREATE_ONLY) && was->there)
                return CODE(ALREADY_EXISTS);
        if ((flags & STORE_UPDATE_ONLY) && !was->there)
                return CODE(NOT_FOUND);
        if (m->super >= 0 && !model.classes[s][m->super].there)
                return CODE(INVALID_SUPERCLASS);
        if (m->super >= 0 && was->there && is_derived(s, m->super, c))
                return ANY; // below itself
        if (m->abstract && m->super >= 0 && !model.classes[s][m->super].abstract)
                return ANY;
        int above = m->super >= 0 ? keyed_of(s, m->super) : -1;
        if (m->key >= 0 && above >= 0 && model.classes[s][above].key != m->key)
                return ANY; // the inherited key with another type
        if (!was->there)
                return 0;
        bool equal = was->abstract == m->abstract && was->super == m->super && was->key == m->key &&
                     was->props == m->props;
        *ret_same = equal && was->note == m->note;
        if (equal)
                return 0;
        for (int d = 0; d < CLASSES; d++) {
                if (d == c || !model.classes[s][d].there || !is_derived(s, d, c))
                        continue;
                children = true;
                derived_have |= class_inhabited(s, d);
        }
        if (derived_have || (inherited && !(flags & STORE_UPDATE_FORCE)) ||
            (was->super != m->super && (children || inherited)))
                return ANY;
        if (children && !(flags & (STORE_UPDATE_SAFE | STORE_UPDATE_FORCE)))
                return CODE(CLASS_HAS_CHILDREN);
        return 0;
}

static void do_put_class(Rig *g)
{
        static const uint32_t some[] = {
                0, 0, 0, STORE_CREATE_ONLY, STORE_UPDATE_ONLY, STORE_UPDATE_SAFE, STORE_UPDATE_FORCE};
        int s = (int)random_below(NAMESPACES), c = (int)random_below(CLASSES);
        uint32_t flags = some[random_below(sizeof(some) / sizeof(some[0]))];
        MClass *was = &model.classes[s][c], m = *was;
        if (!was->there || one_in(3)) { // a small change, or another class altogether
                m = (MClass){.super = one_in(2) ? -1 : (int)random_below(CLASSES),
                             .key = -1,
                             .props = random_below(1u << PROPS),
                             .abstract = one_in(6)};
                if (m.super == c)
                        m.super = -1;
        } else if (one_in(2)) {
                m.props ^= 1u << random_below(PROPS);
        } else {
                m.note = (int)random_below(3);
        }
        m.there = true;
        if (class_names[c][0] == 'H') // what properties embed; it embeds nothing itself
                m.props &= ~(1u << 10);
        if (!was->there && (m.super < 0 || keyed_of(s, m.super) < 0))
                m.key = (int)random_below(sizeof(key_types) / sizeof(key_types[0]));
        else if (was->there)
                m.key = was->key;
        bool same;
        int64_t want = class_judge(s, c, &m, flags, &same);
        CimClassSpec spec;
        CimPropertySpec p[PROPS + 1];
        CimQualifier q[2];
        class_spec(&m, class_names[c], &spec, p, q);
        if (want == 0 && !same) {
                bool drops = was->there &&
                             (was->props != m.props || was->abstract != m.abstract || was->super != m.super);
                for (size_t i = 0; drops && i < model.count;) {
                        if (model.list[i].space != s || model.list[i].klass != c) {
                                i++;
                                continue;
                        }
                        tell(space_names[s], '-', model.list[i].path);
                        instance_remove(&model.list[i]);
                }
                tell(space_names[s], was->there ? '~' : '+', class_names[c]);
        }
        char super[40] = "";
        if (m.super >= 0)
                snprintf(super, sizeof(super), "%s", any_case(class_names[m.super]));
        int64_t got = rig_put_class(g, any_case(space_names[s]), &spec, super, flags);
        agree(g, "put class", want, got);
        if (want == 0)
                *was = m;
}

static void do_delete_class(Rig *g)
{
        int s = (int)random_below(NAMESPACES), c = (int)random_below(CLASSES);
        int64_t want = !model.spaces[s]            ? CODE(INVALID_NAMESPACE)
                       : model.classes[s][c].there ? 0
                                                   : CODE(NOT_FOUND);
        for (int depth = CLASSES; want == 0 && depth >= 0; depth--) {
                for (int d = 0; d < CLASSES; d++) { // class_names are in alphabetical order
                        if (!model.classes[s][d].there || depth_of(s, d) != depth || !is_derived(s, d, c))
                                continue;
                        for (size_t i = 0; i < model.count;) {
                                if (model.list[i].space != s || model.list[i].klass != d) {
                                        i++;
                                        continue;
                                }
                                tell(space_names[s], '-', model.list[i].path);
                                instance_remove(&model.list[i]);
                        }
                        tell(space_names[s], '-', class_names[d]);
                        model.classes[s][d].there = false;
                }
        }
        agree(g, "delete class", want, rig_delete_class(g, space_names[s], any_case(class_names[c])));
}

static MInstance *instance_add(void)
{
        if (model.count == model.capacity) {
                model.capacity = model.capacity ? model.capacity * 2 : 64;
                model.list = realloc(model.list, model.capacity * sizeof(*model.list));
                assert_non_null(model.list);
        }
        return &model.list[model.count++];
}

static char *all_text(const CimInstance *i)
{
        Buf b = {0};
        render_object(i, &b);
        char *s = strdup(buf_z(&b));
        buf_deinit(&b);
        return s;
}

static void do_put_instance(Rig *g)
{
        static const uint32_t some[] = {0, 0, 0, STORE_CREATE_ONLY, STORE_UPDATE_ONLY};
        int s = (int)random_below(NAMESPACES), c = (int)random_below(CLASSES);
        uint32_t flags = some[random_below(5)];
        const MClass *m = &model.classes[s][c];
        const CimClass *k = rig_class(g, space_names[s], class_names[c]);
        CimClass *stranger = NULL;
        CimInstance *i;
        int keyed = m->there ? keyed_of(s, c) : -1;
        if (!k) { // of a class that is not there
                assert_int_equal(cim_class_new(&(CimClassSpec){.name = str_of(class_names[c])}, NULL, NULL,
                                               NULL, &stranger, NULL),
                                 0);
                k = stranger;
        }
        assert_int_equal(cim_instance_new(k, &i), 0);
        random_values(g, i->owner, s, i, 0);
        char *key = NULL, *path = NULL, *text = NULL;
        if (keyed >= 0) {
                CimValue *v = &i->values[cim_class_property(k, STR("K"))];
                *v = random_key(i->owner, key_types[model.classes[s][keyed].key]);
                key = identity(v);
                path = path_text(class_names[c], v);
        }
        text = all_text(i);
        MInstance *was = keyed >= 0 ? instance_find(s, keyed, key) : NULL;
        int64_t want = !model.spaces[s]                      ? CODE(INVALID_NAMESPACE)
                       : !m->there                           ? CODE(INVALID_CLASS)
                       : m->abstract                         ? CODE(INVALID_OPERATION)
                       : keyed < 0                           ? CODE(NO_KEY)
                       : was && was->klass != c              ? CODE(ALREADY_EXISTS)
                       : was && (flags & STORE_CREATE_ONLY)  ? CODE(ALREADY_EXISTS)
                       : !was && (flags & STORE_UPDATE_ONLY) ? CODE(NOT_FOUND)
                                                             : 0;
        if (want == 0 && (!was || strcmp(was->text, text) != 0)) {
                tell(space_names[s], was ? '~' : '+', path);
                if (was) {
                        free(was->text);
                        free(was->path);
                        free(was->key);
                } else {
                        was = instance_add();
                }
                *was = (MInstance){s, c, key, path, text};
                key = path = text = NULL;
        }
        agree(g, "put instance", want, rig_put_instance(g, any_case(space_names[s]), i, flags));
        free(key);
        free(path);
        free(text);
        cim_instance_unref(i);
        cim_class_unref(stranger);
}

// Gets or deletes by path: what is there, under its own class's name or another's, or what is not.
static void do_path(Rig *g, bool delete)
{
        int s = (int)random_below(NAMESPACES), c = (int)random_below(CLASSES);
        Arena a = {0};
        char *path = NULL, *key = NULL;
        const MClass *m = &model.classes[s][c];
        int keyed = m->there ? keyed_of(s, c) : -1;
        CimValue v = random_key(&a, keyed >= 0 ? key_types[model.classes[s][keyed].key] : CIM_UINT32);
        path = path_text(any_case(class_names[c]), &v);
        key = identity(&v);
        MInstance *i = keyed >= 0 ? instance_find(s, keyed, key) : NULL;
        if (i && !is_derived(s, i->klass, c))
                i = NULL;
        int64_t want = !model.spaces[s] ? CODE(INVALID_NAMESPACE)
                       : !m->there      ? CODE(NOT_FOUND)
                       : keyed < 0      ? CODE(INVALID_OBJECT_PATH)
                       : i              ? 0
                                        : CODE(NOT_FOUND);
        if (delete) {
                if (want == 0) {
                        tell(space_names[s], '-', i->path);
                        instance_remove(i);
                }
                agree(g, path, want, rig_delete(g, space_names[s], path));
        } else {
                CimInstance *found = NULL;
                agree(g, path, want, rig_get(g, space_names[s], path, &found));
                if (found) {
                        char *text = all_text(found);
                        assert_string_equal(text, i->text);
                        free(text);
                }
                cim_instance_unref(found);
        }
        free(path);
        free(key);
        arena_deinit(&a);
}

typedef struct Undone {
        int space;
        const CimClass *klass;
} Undone;

// Much at once, and then a failure: nothing of it must be seen.
static int undone_run(void *context, Store *st, Diag *reterr)
{
        Undone *u = context;
        store_create_namespace(st, STR("root\\undone"), reterr);
        for (int c = 0; c < CLASSES; c += 2)
                store_delete_class(st, str_of(space_names[u->space]), str_of(class_names[c]), reterr);
        store_put_class(st, str_of(space_names[u->space]), &CLASS("Undone"), STR(""), 0, reterr);
        if (u->space)
                store_delete_namespace(st, str_of(space_names[u->space]), reterr);
        return diag_set(reterr, (uint32_t)CIM_E_FAILED, "undone");
}

static void do_undone(Rig *g)
{
        assert_int_equal(rig_run(g, undone_run, &(Undone){.space = (int)random_below(NAMESPACES)}, NULL),
                         E_DIAG);
        assert_int_equal(g->told.n, 0);
}

// --- all of both
// -----------------------------------------------------------------------------------------------------------

static int compare_space(void *context, Str namespace)
{
        unsigned *seen = context;
        for (int s = 0; s < NAMESPACES; s++)
                if (model.spaces[s] && str_eq(namespace, str_of(space_names[s])))
                        ++*seen;
        return 0;
}

static void compare_class(const CimClass *c, int s, int k)
{
        const MClass *m = &model.classes[s][k];
        assert_true(str_eq(c->name, str_of(class_names[k])));
        assert_int_equal(c->super != NULL, m->super >= 0);
        if (c->super)
                assert_true(str_eq(c->super->name, str_of(class_names[m->super])));
        assert_int_equal(c->abstract, m->abstract);
        assert_int_equal(cim_qualifier_find(c->qualifiers, c->qualifier_count, STR("Description")) != NULL,
                         m->note != 0);
        unsigned props = 0, count = 0, key = 0;
        for (int up = k; up >= 0; up = model.classes[s][up].super) {
                props |= model.classes[s][up].props;
                key |= model.classes[s][up].key >= 0;
        }
        for (int i = 0; i < PROPS; i++) {
                int at = cim_class_property(c, str_of(prop_types[i].name));
                assert_int_equal(at >= 0, props >> i & 1);
                count += at >= 0;
        }
        assert_int_equal(c->property_count, count + key);
        assert_int_equal(cim_class_property(c, STR("K")) >= 0, key);
}

typedef struct Compare {
        int space, klass;
        bool shallow;
        size_t next;
} Compare;

static int compare_instance(void *context, const CimInstance *i)
{
        Compare *k = context;
        while (k->next < model.count && (model.list[k->next].space != k->space ||
                                         !is_derived(k->space, model.list[k->next].klass, k->klass) ||
                                         (k->shallow && model.list[k->next].klass != k->klass)))
                k->next++;
        assert_true(k->next < model.count);
        char *text = all_text(i);
        assert_string_equal(text, model.list[k->next].text);
        assert_true(str_eq(i->namespace, str_of(space_names[k->space])));
        free(text);
        k->next++;
        return 0;
}

static int compare_run(void *context, Store *st, Diag *reterr)
{
        Compare *k = context;
        StoreCursor cursor = {0};
        return store_each_instance(st, str_of(space_names[k->space]), str_of(class_names[k->klass]),
                                   k->shallow ? STORE_SHALLOW : 0, NULL, &cursor, compare_instance, k,
                                   reterr);
}

static void compare_instances(Rig *g, int s, int c, bool shallow)
{
        Compare k = {.space = s, .klass = c, .shallow = shallow};
        assert_int_equal(rig_run(g, compare_run, &k, NULL), 0);
        size_t rest = 0;
        for (size_t i = k.next; i < model.count; i++)
                rest += model.list[i].space == s && is_derived(s, model.list[i].klass, c) &&
                        (!shallow || model.list[i].klass == c);
        assert_int_equal(rest, 0);
}

static int count_space(void *context, Str namespace)
{
        (void)namespace;
        ++*(unsigned *)context;
        return 0;
}

static int count_class(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        *(unsigned *)context += c->name.p[0] != '_' && !str_eq(c->name, STR("Seeded"));
        return 0;
}

static void compare_all(Rig *g)
{
        const CimSchema *schema = repository_schema(g->r);
        unsigned seen = 0, all = 0, want = 0;
        cim_schema_each_namespace(schema, compare_space, &seen);
        cim_schema_each_namespace(schema, count_space, &all);
        for (int s = 0; s < NAMESPACES; s++)
                want += model.spaces[s];
        assert_int_equal(seen, want);
        assert_int_equal(all, want + 1);
        for (int s = 0; s < NAMESPACES; s++) {
                unsigned classes = 0;
                want = 0;
                cim_schema_each_class(schema, str_of(space_names[s]), count_class, &classes);
                for (int c = 0; c < CLASSES; c++) {
                        const CimClass *k = rig_class(g, space_names[s], class_names[c]);
                        assert_int_equal(k != NULL, model.classes[s][c].there);
                        if (!k)
                                continue;
                        want++;
                        compare_class(k, s, c);
                        if (model.classes[s][c].super < 0 || one_in(4))
                                compare_instances(g, s, c, model.classes[s][c].super >= 0 && one_in(2));
                }
                assert_int_equal(classes, want);
        }
}

// --- runs
// ---------------------------------------------------------------------------------------------------------------------

static void step(Rig *g, const char *file, bool thread)
{
        uint32_t what = random_below(100);
        if (what < 6) {
                do_create_namespace(g);
        } else if (what < 7) {
                do_delete_namespace(g);
        } else if (what < 24) {
                do_put_class(g);
        } else if (what < 26) {
                do_delete_class(g);
        } else if (what < 80) {
                do_put_instance(g);
        } else if (what < 86) {
                do_path(g, true);
        } else if (what < 96) {
                do_path(g, false);
        } else if (what < 98) {
                do_undone(g);
        } else if (file) {
                rig_close(g);
                rig_open(g, file, thread);
        }
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
        const char *s = getenv(name);
        return s && *s ? strtoul(s, NULL, 0) : otherwise;
}

static void model_clear(void)
{
        while (model.count)
                instance_remove(&model.list[model.count - 1]);
        free(model.list);
        memset(&model, 0, sizeof(model));
        model.spaces[0] = true;
}

static void run(const char *file, bool thread, unsigned long steps, uint64_t seed)
{
        Rig g;
        size_t most = 0;
        fprintf(stderr, "# %s%s: FREEWMI_MODEL_STEPS=%lu FREEWMI_MODEL_SEED=%llu\n",
                file ? "a file" : "in memory", thread ? ", a thread" : "", steps, (unsigned long long)seed);
        random_state = seed * 0x9E3779B97F4A7C15u | 1;
        model_clear();
        rig_open(&g, file, thread);
        for (unsigned long i = 0; i < steps; i++) {
                step(&g, file, thread);
                compare_all(&g);
                most = model.count > most ? model.count : most;
        }
        rig_close(&g);
        if (file) {
                Diag d = {0};
                char text[1200];
                int r = repository_check(file, rig_seed, NULL, NULL, NULL, NULL, &d);
                if (r)
                        fail_msg("%s", diag_text(&d, text, sizeof(text)));
        }
        assert_true(steps < 2000 || most > 10);
        model_clear();
        buf_deinit(&expected);
        expected = (Buf){0};
}

static void in_memory(void **state)
{
        (void)state;
        run(NULL, false, setting("FREEWMI_MODEL_STEPS", 4000),
            setting("FREEWMI_MODEL_SEED", (unsigned long)getpid()));
}

static void in_a_file(void **state)
{
        (void)state;
        char *file = strdup(rig_file("model.db"));
        run(file, false, setting("FREEWMI_MODEL_STEPS", 4000) / 2,
            setting("FREEWMI_MODEL_SEED", (unsigned long)getpid()));
        unlink(file);
        run(file, true, setting("FREEWMI_MODEL_STEPS", 4000) / 4,
            setting("FREEWMI_MODEL_SEED", (unsigned long)getpid() + 1));
        unlink(file);
        free(file);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(in_memory), TEST(in_a_file), TEST_END});
}
