// SPDX-License-Identifier: MIT
// Objects on standard output.
#include "list.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/utf.h"
#include "output.h"
#include "print-event.h"
#include "print-value.h"
#include "request.h"
#include "say.h"

static Printer *list_printer(const Options *o, bool many)
{
        bool terminal = isatty(STDOUT_FILENO) == 1;
        return printer_new(o->json     ? PRINT_JSON
                           : !terminal ? PRINT_LINE
                           : many      ? PRINT_TABLE
                                       : PRINT_BLOCK,
                           say_colour(STDOUT_FILENO));
}

static int list_end(Output *out, Printer *p, int r)
{
        if (!r)
                r = printer_flush(p, &out->pending);
        if (r)
                say("%s", r == -ELOOP ? "an object is nested too deep" : strerror(-r));
        output_finish(out);
        if (out->error)
                say("standard output: %s", strerror(out->error));
        return r || out->error ? WMI_FAILED : WMI_DONE;
}

int list_objects(const Options *o, Client *c, ClientEnum *e, Str query)
{
        Output out;
        Printer *p = list_printer(o, true);
        const Selection *s = p && query.n ? printer_select_data(p, query) : NULL;
        int r = p ? 0 : -ENOMEM, code = WMI_DONE;
        output_init(&out, STDOUT_FILENO);
        while (!r && !out.closed) {
                CimInstance *i;
                Diag d = {0};
                int next = client_enum_next(e, REQUEST_STORE_MS, &i, &d);
                request_await(c, NULL); // from here on something is seen
                if (next == -ENODATA)
                        break;
                if (next) {
                        output_finish(&out);
                        code = next == E_DIAG
                                       ? (say_status(&d, NULL, (Str){0}, (Str){0}), say_exit_object(d.code))
                                       : request_failed(next, &d);
                        break;
                }
                r = printer_object(p, i, s, &out.pending);
                cim_instance_unref(i);
                if (out.pending.n > OUTPUT_ENOUGH)
                        output_finish(&out);
        }
        int end = p ? list_end(&out, p, r) : request_no_memory();
        output_deinit(&out);
        printer_free(p);
        client_enum_free(e);
        return code ? code : end;
}

int list_object(const Options *o, const CimInstance *i)
{
        Output out;
        Printer *p = list_printer(o, false);
        if (!p)
                return request_no_memory();
        output_init(&out, STDOUT_FILENO);
        int code = list_end(&out, p, printer_object(p, i, NULL, &out.pending));
        output_deinit(&out);
        printer_free(p);
        return code;
}

int list_text(Str text)
{
        Output out;
        output_init(&out, STDOUT_FILENO);
        say_clean(text, &out.pending);
        output_finish(&out);
        int code = out.error ? WMI_FAILED : WMI_DONE;
        if (out.error)
                say("standard output: %s", strerror(out.error));
        output_deinit(&out);
        return code;
}

int list_done(const char *word, Str what, bool json)
{
        Buf line = {0};
        if (json) {
                Arena a = {0};
                CimValue v = {.type = CIM_STRING, .string = utf_to16(&a, what)};
                buf_printf(&line, "{\"%s\":", word);
                line.failed |= !v.string.p || print_json_value(&v, &line) != 0;
                buf_text(&line, "}\n");
                arena_deinit(&a);
        } else {
                buf_printf(&line, "%s\t", word);
                say_clean_line(what, &line);
                buf_u8(&line, '\n');
        }
        int code = line.failed ? request_no_memory() : list_text((Str){(const char *)line.p, line.n});
        buf_deinit(&line);
        return code;
}
