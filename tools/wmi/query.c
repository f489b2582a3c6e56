// SPDX-License-Identifier: MIT
// wmi query: the instances, or classes, that a WQL query selects.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "list.h"
#include "missing.h"
#include "say.h"
#include "target.h"
#include "wql/wql.h"

static int query_refused(Client *c, Str namespace, const Diag *why, Str query)
{
        Diag d = *why;
        WqlQuery *q;
        if (!d.line && d.length)
                diag_place(&d, query.p, query.n, d.offset, d.length);
        if (d.line && !d.file[0])
                snprintf(d.file, sizeof(d.file), "query");
        say_status(&d, d.line ? NULL : "ExecQuery", query, query);
        if (d.code == (uint32_t)CIM_E_NOT_FOUND && wql_parse_data(query, &q, NULL) == 0) {
                missing_elsewhere(c, namespace, wql_from(q));
                wql_query_free(q);
        }
        return say_exit_object(d.code);
}

static int query_run(const Options *o)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        Client *c;
        ClientEnum *e;
        Diag d = {0};
        Str query = str_of(o->arguments.p[0]);
        int code = target_namespace(o, "wmi query", namespace);
        if (!code)
                code = request_connect(o, "wmi query", &c);
        if (code)
                return code;
        request_await(c, "the service");
        int r = client_query(c, str_of(namespace), query, 0, REQUEST_STORE_MS, &e, &d);
        if (r == 0)
                code = list_objects(o, c, e, query);
        else
                code = r == E_DIAG ? query_refused(c, str_of(namespace), &d, query) : request_failed(r, &d);
        client_free(c);
        return code;
}

static const Option options[] = {OPTION_STORE_NAMESPACE, OPTION_JSON, OPTION_SOCKET, OPTION_END};

const Verb verb_query = {
        .name = "query",
        .summary = "Print the instances that a WQL query selects",
        .group = "Classes and instances:",
        .usage = "QUERY [OPTION]...",
        .text = "  wmi query \"SELECT Name, Size FROM Thing WHERE Size > 3\"\n"
                "  wmi query \"SELECT * FROM meta_class WHERE __CLASS LIKE 'Th%'\"",
        .options = options,
        .least = 1,
        .most = 1,
        .run = query_run,
};
