// SPDX-License-Identifier: MIT
// Errors of the C API: from Diags, statuses and errnos to freewmi_error.
#include "api/api.h"

#include <stdio.h>

void api_text(char *out, size_t size, Str s)
{
        size_t n = s.n < size - 1 ? s.n : size - 1;
        while (n < s.n && n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
                n--;
        if (n)
                memcpy(out, s.p, n);
        out[n] = '\0';
}

int api_fail(freewmi_error *e, int result, uint32_t status, const char *format, ...)
{
        if (!e)
                return result;
        *e = (freewmi_error){.result = result, .status = status};
        va_list args;
        va_start(args, format);
        vsnprintf(e->message, sizeof(e->message), format, args);
        va_end(args);
        snprintf(e->provider, sizeof(e->provider), "FreeWMI");
        return result;
}

int api_diag(const Diag *d, freewmi_error *e)
{
        if (!e)
                return FREEWMI_REFUSED;
        *e = (freewmi_error){.result = FREEWMI_REFUSED,
                             .status = d->code ? d->code : (uint32_t)CIM_E_FAILED,
                             .line = d->line,
                             .column = d->column,
                             .offset = d->offset,
                             .length = d->length};
        api_text(e->message, sizeof(e->message), str_of(d->message[0] ? d->message : cim_status_says(e->status)));
        api_text(e->hint, sizeof(e->hint), str_of(d->hint));
        api_text(e->file, sizeof(e->file), str_of(d->file));
        snprintf(e->provider, sizeof(e->provider), "FreeWMI");
        return FREEWMI_REFUSED;
}

int api_errno(int r, freewmi_error *e)
{
        if (r == -ENOMEM)
                return api_fail(e, FREEWMI_NO_MEMORY, FREEWMI_E_OUT_OF_MEMORY, "out of memory");
        return api_fail(e, FREEWMI_SYSTEM, FREEWMI_E_FAILED, "%s", strerror(-r));
}

int api_argument(freewmi_error *e, const char *what)
{
        return api_fail(e, FREEWMI_BAD_ARGUMENT, FREEWMI_E_INVALID_PARAMETER, "%s", what);
}

char *freewmi_error_text(const freewmi_error *error, char *out, size_t size)
{
        if (!out || !size)
                return out;
        out[0] = '\0';
        if (!error)
                return out;
        Buf b = {0};
        if (error->file[0])
                buf_printf(&b, "%s:", error->file);
        if (error->line)
                buf_printf(&b, "%u:", error->line);
        if (error->column)
                buf_printf(&b, "%u:", error->column);
        if (b.n)
                buf_text(&b, " ");
        const char *name = freewmi_status_name(error->status);
        buf_printf(&b, "%s (%s%s0x%08X)", error->message, name, *name ? ", " : "", error->status);
        if (error->hint[0])
                buf_printf(&b, "; %s", error->hint);
        if (b.failed) // the sentence alone is better than nothing
                api_text(out, size, str_of(error->message));
        else
                api_text(out, size, (Str){(const char *)b.p, b.n});
        buf_deinit(&b);
        return out;
}

const char *freewmi_status_name(uint32_t status)
{
        const char *name = cim_status_name(status);
        return name ? name : "";
}

const char *freewmi_result_name(int result)
{
        static const char *const names[] = {"FREEWMI_OK",          "FREEWMI_REFUSED",      "FREEWMI_TIMED_OUT",
                                            "FREEWMI_GONE",        "FREEWMI_NO_MEMORY",    "FREEWMI_BAD_ARGUMENT",
                                            "FREEWMI_SYSTEM",      "FREEWMI_STOPPED",      "FREEWMI_NO_PROPERTY",
                                            "FREEWMI_IS_NULL",     "FREEWMI_WRONG_TYPE",   "FREEWMI_OUT_OF_RANGE"};
        return result <= 0 && result > -(int)(sizeof(names) / sizeof(names[0])) ? names[-result] : "";
}
