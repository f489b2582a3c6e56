// SPDX-License-Identifier: MIT
// System properties: what every object says of itself.
#include "base/limits.h"
#include "base/utf.h"
#include "cim/path.h"

static const struct {
        const char *name;
        uint16_t type;
} system_properties[CIM_SYSTEM_COUNT] = {
        [CIM_SYSTEM_GENUS] = {"__GENUS", CIM_SINT32},
        [CIM_SYSTEM_CLASS] = {"__CLASS", CIM_STRING},
        [CIM_SYSTEM_SUPERCLASS] = {"__SUPERCLASS", CIM_STRING},
        [CIM_SYSTEM_DYNASTY] = {"__DYNASTY", CIM_STRING},
        [CIM_SYSTEM_RELPATH] = {"__RELPATH", CIM_STRING},
        [CIM_SYSTEM_PROPERTY_COUNT] = {"__PROPERTY_COUNT", CIM_SINT32},
        [CIM_SYSTEM_DERIVATION] = {"__DERIVATION", CIM_STRING | CIM_ARRAY},
        [CIM_SYSTEM_SERVER] = {"__SERVER", CIM_STRING},
        [CIM_SYSTEM_NAMESPACE] = {"__NAMESPACE", CIM_STRING},
        [CIM_SYSTEM_PATH] = {"__PATH", CIM_STRING},
};

const char *cim_system_name(CimSystemProperty p)
{
        return system_properties[p].name;
}

uint16_t cim_system_type(CimSystemProperty p)
{
        return system_properties[p].type;
}

bool cim_system_of_name(Str name, CimSystemProperty *ret)
{
        for (unsigned i = 0; i < CIM_SYSTEM_COUNT; i++) {
                if (!str_ieq(name, str_of(system_properties[i].name)))
                        continue;
                *ret = (CimSystemProperty)i;
                return true;
        }
        return false;
}

static int system_text(Str s, Arena *a, CimValue *ret)
{
        *ret = (CimValue){.type = CIM_STRING, .string = utf_to16(a, s)};
        return ret->string.p ? 0 : -ENOMEM;
}

static int system_number(int64_t n, CimValue *ret)
{
        *ret = (CimValue){.type = CIM_SINT32, .sint = n};
        return 0;
}

// The superclasses, the nearest first.
static int system_derivation(const CimClass *c, Arena *a, CimValue *ret)
{
        CimValue *items = arena_array(a, CimValue, c->depth + 1);
        int r = items ? 0 : -ENOMEM;
        uint32_t n = 0;
        for (const CimClass *up = c->super; up && r == 0; up = up->super)
                r = system_text(up->name, a, &items[n++]);
        *ret = (CimValue){.type = CIM_STRING | CIM_ARRAY};
        ret->array.items = items;
        ret->array.count = n;
        return r;
}

// __RELPATH or __PATH. An object without a key, or with one that no path can say, has none.
static int system_path(const CimInstance *i, bool whole, Str server, Arena *a, CimValue *ret)
{
        Buf b = {0};
        int r = whole ? cim_instance_path(i, server, &b, NULL) : cim_instance_relpath(i, &b, NULL);
        if (r == 0)
                r = system_text((Str){(const char *)b.p, b.n}, a, ret);
        else if (r == E_DIAG)
                r = 0; // NULL
        buf_deinit(&b);
        return r;
}

int cim_system_value(const CimInstance *i, CimSystemProperty p, Str server, Arena *a, CimValue *ret)
{
        const CimClass *c = i->class, *top = c;
        bool lives = i->namespace.n != 0;
        while (top->super)
                top = top->super;
        *ret = cim_null(cim_system_type(p));
        switch (p) {
        case CIM_SYSTEM_GENUS:
                return system_number(i->is_class ? 1 : 2, ret);
        case CIM_SYSTEM_CLASS:
                return system_text(c->name, a, ret);
        case CIM_SYSTEM_SUPERCLASS:
                return c->super ? system_text(c->super->name, a, ret) : 0;
        case CIM_SYSTEM_DYNASTY:
                return system_text(top->name, a, ret);
        case CIM_SYSTEM_PROPERTY_COUNT:
                return system_number((int64_t)c->property_count, ret);
        case CIM_SYSTEM_DERIVATION:
                return system_derivation(c, a, ret);
        case CIM_SYSTEM_RELPATH:
        case CIM_SYSTEM_PATH:
                return lives ? system_path(i, p == CIM_SYSTEM_PATH, server, a, ret) : 0;
        case CIM_SYSTEM_SERVER:
                return lives ? system_text(server, a, ret) : 0;
        case CIM_SYSTEM_NAMESPACE:
                return lives ? system_text(i->namespace, a, ret) : 0;
        case CIM_SYSTEM_COUNT:
                break;
        }
        return 0;
}
