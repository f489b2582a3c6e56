// SPDX-License-Identifier: MIT
// Full MS-WMIO: encoding units and the objects in them.
#include "cim/wmio.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cim/instance-impl.h"
#include "cim/status.h"
#include "cim/wmio-impl.h"

#define WMIO_SIGNATURE 0x12345678u

enum { QUALIFIERS_NONE = 1, QUALIFIERS_OF_PROPERTIES = 2 }; // InstancePropQualSetFlag

// --- writing -----------------------------------------------------------------------------------------------

// The part of a class, kept for the next object.
static int part_for(WmioWriter *w, const CimClass *c, const WmioPart **ret)
{
        int r = w->last == c ? 0 : wmio_part_of_class(&w->scratch, c, &w->last_part);
        w->last = r == 0 ? c : NULL;
        *ret = &w->last_part;
        return r;
}

static int write_class(WmioWriter *w, const CimClass *c, Buf *out)
{
        static const WmioPart none;
        WmioPart part; // a default among its properties may change the one that is kept
        int r = c ? wmio_part_of_class(&w->scratch, c, &part) : 0;
        if (r == 0)
                r = wmio_put_class_part(w, c ? &part : &none, out);
        return r ? r : wmio_put_method_part(w, c ? &part : &none, out);
}

static int write_instance(WmioWriter *w, const CimInstance *i, unsigned depth, Buf *out)
{
        const WmioPart *kept;
        int r = part_for(w, i->class, &kept);
        WmioPart part = *kept; // as above
        if (r == 0)
                r = wmio_put_class_part(w, &part, out);
        size_t at = out->n;
        buf_u32(out, 0);
        buf_u8(out, 0);  // flags
        buf_u32(out, 0); // the class's name is the first thing in the heap
        if (r == 0)
                r = wmio_put_instance(w, i, depth, out);
        if (r == 0)
                buf_patch_u32(out, at, (uint32_t)(out->n - at));
        return r;
}

static int write_block(WmioWriter *w, const CimInstance *i, bool decorated, unsigned depth, Buf *out)
{
        if (out->failed)
                return -ENOMEM;
        if (out->n - w->start > w->limit)
                return -E2BIG;
        buf_u8(out, (i->is_class ? WMIO_CLASS : WMIO_INSTANCE) | (decorated ? WMIO_DECORATION : 0));
        if (decorated) {
                wmio_put_name(w->server, out);
                wmio_put_name(i->namespace, out);
        }
        if (!i->is_class)
                return write_instance(w, i, depth, out);
        int r = write_class(w, i->class->super, out);
        return r ? r : write_class(w, i->class, out);
}

static int write_object(WmioWriter *w, const CimInstance *i, unsigned depth, Buf *out)
{
        return write_block(w, i, w->server.n && i->namespace.n, depth, out);
}

int cim_wmio_write(const CimInstance *i, Str server, Buf *out)
{
        WmioWriter w = {.object = write_object,
                        .full = true,
                        .server = server,
                        .start = out->n,
                        .limit = CODEC_BYTES};
        buf_u32(out, WMIO_SIGNATURE);
        buf_u32(out, 0);
        int r = write_block(&w, i, server.n > 0, 0, out);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        if (r == 0)
                buf_patch_u32(out, w.start + sizeof(uint32_t),
                              (uint32_t)(out->n - w.start - 2 * sizeof(uint32_t)));
        else if (out->n >= w.start)
                out->n = w.start;
        arena_deinit(&w.scratch);
        return r;
}

// --- reading -----------------------------------------------------------------------------------------------

// Class parts are read into the scratch arena, whatever their objects are for.
static bool read_parts(WmioIn *in, bool methods, WmioPart *ret)
{
        WmioReader *r = in->r;
        Arena *values = r->arena;
        r->arena = r->scratch;
        bool fine = wmio_get_class_part(in, ret) && (!methods || wmio_get_method_part(in, ret));
        r->arena = values;
        return fine;
}

static bool read_class_of(WmioReader *r, const uint8_t *where, const WmioPart *above, const WmioPart *own,
                          const CimClass **ret)
{
        Arena *values = r->arena;
        r->arena = r->scratch;
        bool fine = wmio_class_of_part(r, where, above, own, ret);
        r->arena = values;
        return fine;
}

// The qualifiers of an instance and of its properties: ours have none.
static bool skip_qualifiers(WmioIn *in, size_t properties)
{
        WmioIn set;
        uint8_t flag;
        if (!wmio_in_block(in, &set) || !wmio_in_u8(in, &flag))
                return false;
        if (flag != QUALIFIERS_NONE && flag != QUALIFIERS_OF_PROPERTIES)
                return wmio_fail(in->r, in->p - 1, "an instance has qualifiers of a kind that there is not");
        for (size_t i = 0; flag == QUALIFIERS_OF_PROPERTIES && i < properties; i++)
                if (!wmio_in_block(in, &set))
                        return false;
        return true;
}

// A value of an instance. What is marked as inherited keeps the class's default, as does what refers to the
// class's name: nothing does, but some encoders leave 0 for what they do not set.
static bool read_value(WmioReader *r, WmioHeap *h, const CimProperty *p, unsigned state, const uint8_t *slot,
                       uint32_t name, unsigned depth, CimValue *ret)
{
        uint32_t ref = 0;
        memcpy(&ref, slot, wmio_in_heap(p->type) ? sizeof(ref) : 0);
        if ((state & WMIO_DEFAULT) || (!state && wmio_in_heap(p->type) && ref == name))
                return true;
        if (!state)
                return wmio_get_value(r, h, p->type, p->class_name, slot, depth, ret);
        *ret = cim_null(p->type);
        return true;
}

// The instance part behind the class part. Values begin as the class's defaults.
static bool read_values(WmioIn *in, const WmioPart *part, const CimClass *c, unsigned depth, CimValue *values)
{
        WmioReader *r = in->r;
        WmioIn own, table;
        WmioHeap h;
        uint8_t flags;
        uint32_t ref;
        Str name;
        const uint8_t *nd, *p;
        if (!wmio_in_block(in, &own) || !wmio_in_u8(&own, &flags) || !wmio_in_u32(&own, &ref) ||
            !wmio_in_bytes(&own, part->table, &p))
                return false;
        table = (WmioIn){r, p, own.p};
        if (!wmio_in_bytes(&table, (part->property_count + 3) / 4, &nd) ||
            !skip_qualifiers(&own, part->property_count) || !wmio_in_heap_part(&own, &h) ||
            !wmio_heap_name(r, &h, ref, &name))
                return false;
        if (!str_ieq(name, part->name))
                return wmio_fail(r, own.p, "an instance is of another class than the one that comes with it");
        for (size_t k = 0; k < part->property_count; k++) {
                int at = cim_class_property(c, part->properties[k].name);
                const CimProperty *to = at < 0 ? NULL : &c->properties[at];
                if (!to || to->type != part->properties[k].type)
                        return wmio_fail(r, own.p, "a class has a property with two types");
                // The table of the class part has room at this offset, and this one is as long.
                if (!read_value(r, &h, to, nd[k / 4] >> (k % 4 * 2) & 3, table.p + part->offsets[k], ref,
                                depth, &values[at]))
                        return false;
        }
        return true;
}

// What an object block says of its object.
typedef struct Block {
        const CimClass *class;
        bool is_class;
        Str server, namespace;
        WmioPart part; // of an instance: what its values stand in
} Block;

// Reads up to the instance part.
static bool read_block(WmioIn *in, Block *ret)
{
        WmioReader *r = in->r;
        const uint8_t *where = in->p;
        uint8_t flags;
        WmioPart above;
        *ret = (Block){.server = {"", 0}, .namespace = {"", 0}};
        if (!wmio_in_u8(in, &flags))
                return false;
        if ((flags & 3) != WMIO_CLASS && (flags & 3) != WMIO_INSTANCE)
                return wmio_fail(r, where, "an object is neither a class nor an instance");
        if ((flags & WMIO_DECORATION) &&
            (!wmio_in_name(in, &ret->server) || !wmio_in_name(in, &ret->namespace)))
                return false;
        ret->is_class = flags & WMIO_CLASS;
        if (!ret->is_class)
                return read_parts(in, false, &ret->part) &&
                       read_class_of(r, where, NULL, &ret->part, &ret->class);
        return read_parts(in, true, &above) && read_parts(in, true, &ret->part) &&
               read_class_of(r, where, &above, &ret->part, &ret->class);
}

static bool read_object(WmioReader *r, const uint8_t *p, size_t n, Str class_name, unsigned depth,
                        const CimInstance **ret)
{
        WmioIn in = {r, p, p + n};
        Block b;
        if (r->nesting >= 2 * LIMIT_DEPTH)
                return wmio_fail(r, p, "objects are nested too deep");
        r->nesting++;
        bool fine = read_block(&in, &b);
        if (fine && class_name.n && !cim_class_isa(b.class, class_name))
                fine = wmio_fail(r, p, "an object is not of the class that its property declares");
        CimInstance *i = fine ? wmio_alloc(r, 1, sizeof(*i)) : NULL;
        CimValue *values = i ? wmio_alloc(r, b.class->property_count, sizeof(*values)) : NULL;
        if (!values)
                return false;
        *i = (CimInstance){
                .class = b.class, .values = values, .is_class = b.is_class, .namespace = b.namespace};
        for (size_t k = 0; k < b.class->property_count; k++)
                values[k] = b.class->properties[k].value;
        *ret = i; // MS-WMIO's values are never only checked
        fine = b.is_class || read_values(&in, &b.part, b.class, depth, values);
        r->nesting--;
        return fine;
}

static bool read_instance(WmioReader *r, WmioIn *in, const Block *b, CimInstance **ret)
{
        if (cim_instance_new(b->class, ret) < 0)
                return wmio_fail(r, in->p, wmio_no_memory);
        r->arena = (*ret)->owner;
        if (!read_values(in, &b->part, b->class, 0, (*ret)->values))
                return false;
        return cim_instance_keep_classes(*ret) == 0 && cim_instance_place(*ret, b->namespace) == 0
                       ? true
                       : wmio_fail(r, in->p, wmio_no_memory);
}

static bool read_unit(WmioReader *r, const uint8_t *p, size_t n, Str *ret_server, CimInstance **ret)
{
        WmioIn unit = {r, p, p + n};
        uint32_t signature, length;
        const uint8_t *body;
        Block b;
        if (!wmio_in_u32(&unit, &signature))
                return false;
        if (signature != WMIO_SIGNATURE)
                return wmio_fail(r, p, "it does not begin with 12345678h");
        if (!wmio_in_u32(&unit, &length) || !wmio_in_bytes(&unit, length, &body))
                return false;
        WmioIn in = {r, body, body + length};
        if (!read_block(&in, &b))
                return false;
        *ret_server = b.server;
        if (!b.is_class)
                return read_instance(r, &in, &b, ret);
        return cim_instance_of_class(b.class, b.namespace, ret) == 0 ? true : wmio_fail(r, p, wmio_no_memory);
}

// Are these the bytes that we would write?
static int check_strict(const CimInstance *i, Str server, const uint8_t *p, size_t n, Diag *reterr)
{
        Buf again = {0};
        int r = cim_wmio_write(i, server, &again);
        size_t same = 0;
        while (r == 0 && same < again.n && same < n && again.p[same] == p[same])
                same++;
        if (r != -ENOMEM && (r < 0 || same < n || same < again.n)) {
                r = diag_set(reterr, CIM_E_INVALID_OBJECT,
                             "the object is encoded in another way than ours, from %zu on", same);
                if (reterr)
                        reterr->offset = same;
        }
        buf_deinit(&again);
        return r;
}

int cim_wmio_read(const uint8_t *p, size_t n, const CimWmioOptions *options, CimInstance **ret, Diag *reterr)
{
        Arena scratch = {0};
        WmioClasses made = {0};
        WmioReader r = {.object = read_object,
                        .full = true,
                        .arena = &scratch,
                        .scratch = &scratch,
                        .made = &made,
                        .start = p,
                        .budget = CODEC_BYTES};
        CimInstance *i = NULL;
        Str server;
        int result = 0;
        if (!read_unit(&r, p, n, &server, &i))
                result = r.wrong == wmio_no_memory ? -ENOMEM : E_DIAG;
        if (result == E_DIAG) {
                diag_set(reterr, CIM_E_INVALID_OBJECT, "the object cannot be read at %zu: %s", r.offset,
                         r.wrong);
                if (reterr)
                        reterr->offset = r.offset;
        }
        if (result == 0 && !options->tolerant)
                result = check_strict(i, server, p, n, reterr);
        if (result)
                cim_instance_unref(i);
        else
                *ret = i;
        for (size_t k = 0; k < made.count; k++)
                cim_class_unref(made.list[k]);
        free(made.list);
        arena_deinit(&scratch);
        return result;
}
