// SPDX-License-Identifier: MIT
// Binary MOF as verbs see it.
#include "binary.h"

#include <stdio.h>
#include <string.h>

#include "cim/status.h"
#include "mof-load.h"
#include "say.h"

static int binary_unreadable(const char *verb, const char *path, int r)
{
        say("%s: %s: %s", verb, path, strerror(-r));
        return WMI_FAILED;
}

static void binary_told(const char *verb, const char *name, const Diag *d)
{
        char place[64] = "";
        if (d->offset)
                snprintf(place, sizeof(place), "byte %zu: ", d->offset);
        say("%s: %s%s%s%s%s%s", verb, d->file[0] ? d->file : name, d->file[0] || *name ? ": " : "", place,
            d->message, d->hint[0] ? "; " : "", d->hint);
}

static int binary_live(const char *verb, const char *sysfs, BinarySource *s)
{
        Diag d = {0};
        int r = bmf_find_live(sysfs ? sysfs : "/sys", &s->arena, &s->found, &d);
        if (r < 0)
                return binary_unreadable(verb, "this machine", r);
        if (r)
                binary_told(verb, "", &d);
        return !r ? WMI_DONE : d.code == (uint32_t)CIM_MOF_INVALID_FILE ? WMI_INPUT : WMI_FAILED;
}

int binary_open(const char *verb, const char *path, const char *sysfs, BinarySource *s)
{
        *s = (BinarySource){.name = ""};
        if (!path)
                return binary_live(verb, sysfs, s);
        if (strlen(path) >= sizeof(s->path))
                return binary_unreadable(verb, path, -ENAMETOOLONG);
        memcpy(s->path, path, strlen(path) + 1);
        s->name = s->path;
        s->only = mof_file_number(s->path);
        int r = mof_read_file(s->path, &s->bytes);
        if (r)
                return binary_unreadable(verb, s->path, r);
        Diag d = {0};
        r = bmf_find((Str){s->bytes.p ? (const char *)s->bytes.p : "", s->bytes.n}, &s->arena, &s->found, &d);
        if (r < 0)
                return binary_unreadable(verb, s->path, r);
        if (r)
                binary_told(verb, s->path, &d);
        if (s->only > s->found.blob_count && s->found.source != BMF_UNKNOWN) {
                say("%s: %s holds %zu binary MOFs, there is no %zu", verb, s->path, s->found.blob_count,
                    s->only);
                return WMI_INPUT;
        }
        return r ? WMI_INPUT : WMI_DONE;
}

void binary_close(BinarySource *s)
{
        arena_deinit(&s->arena);
        buf_deinit(&s->bytes);
}

size_t binary_announced(const BmfBlob *b)
{
        Reader r = {(const uint8_t *)b->bytes.p, b->bytes.n, false};
        read_bytes(&r, 12);
        return read_u32(&r);
}

// The first fault is the reason of those behind it; how much there is in spite of it says the last.
static void binary_fault(Binary *b, const Diag *d)
{
        if (b->complete)
                b->fault = *d;
        else
                diag_hint(&b->fault, "%s", d->hint);
        b->complete = false;
}

int binary_decode(const BmfBlob *blob, Binary *ret)
{
        *ret = (Binary){.complete = true};
        Diag d = {0};
        int r = bmf_unpack(blob->bytes, &ret->expanded, NULL, &d);
        if (r == -EFBIG)
                r = diag_set(&d, CIM_MOF_INVALID_FILE,
                             "it says that it expands to %zu bytes, which is too much",
                             binary_announced(blob));
        if (r < 0)
                return r;
        if (r)
                binary_fault(ret, &d);
        if (!ret->expanded.n)
                return 0;
        d = (Diag){0};
        r = bmf_read((Str){(const char *)ret->expanded.p, ret->expanded.n}, &ret->bmf, &d);
        if (r < 0)
                return r;
        if (r)
                binary_fault(ret, &d);
        return bmf_to_document(ret->bmf, blob->where, &ret->document, ret->warnings, BINARY_WARNINGS,
                               &ret->warning_count);
}

void binary_deinit(Binary *b)
{
        buf_deinit(&b->expanded);
        bmf_free(b->bmf);
        mof_document_free(b->document);
        b->bmf = NULL;
        b->document = NULL;
}
