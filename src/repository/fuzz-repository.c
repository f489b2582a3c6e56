// SPDX-License-Identifier: MIT
// Fuzz target: a damaged store. Opening, checking and reading it, and writing to it, end in order.
//
// The input says what is damaged in a small valid file:
//
//   0 | offset u24 | count u8 | bytes      bytes of the file are overwritten
//   1 | column u8 | row u8 | count u8 | bytes   a value of a row is replaced, so that the file itself stays
//   sound
//
// repeated. An input that begins as SQLite's files do is a file of its own.
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fuzzkit.h"
#include "repository/test-rig.h"

#define NS             "root\\default"
#define KEY(n, t, ...) P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)

static Buf valid;
static char file[300];

static void read_valid(void)
{
        uint8_t part[4096];
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        for (ssize_t n; fd >= 0 && (n = read(fd, part, sizeof(part))) > 0;)
                buf_put(&valid, part, (size_t)n);
        close(fd);
}

// A store with a row of each kind.
static void make_valid(void)
{
        Rig g;
        CimInstance *in;
        snprintf(file, sizeof(file), "%s", rig_file("fuzz.db"));
        rig_open(&g, file, false);
        rig_create_namespace(&g, "root\\more");
        rig_put_class(&g, NS, &CLASS("In", PROPERTIES(P("A", CIM_UINT8))), "", 0);
        rig_put_class(&g, NS,
                      &CLASS("N", PROPERTIES(KEY("K", CIM_UINT32), P("O", CIM_OBJECT), P("S", CIM_STRING),
                                             P("L", CIM_STRING | CIM_ARRAY))),
                      "", 0);
        rig_put_class(&g, NS,
                      &CLASS("M", QUALIFIERS(QS("Description", u"text")),
                             PROPERTIES(P("D", CIM_OBJECT, .class_name = STR("In")))),
                      "N", 0);
        if (cim_instance_new(rig_class(&g, NS, "In"), &in) < 0)
                abort();
        CimValue object = {.type = CIM_OBJECT, .object = in};
        for (unsigned i = 0; i < 4; i++)
                rig_put(&g, NS, i % 2 ? "N" : "M",
                        (CimValue[]){VU(CIM_UINT32, i), object, VS(CIM_STRING, u"text"),
                                     VA(CIM_STRING, VS(CIM_STRING, u"a"), VS(CIM_STRING, u"\u4E00")), object},
                        i % 2 ? 4 : 5, 0);
        rig_put(&g, NS, "__EventFilter", (CimValue[]){VS(CIM_STRING, u"f")}, 1, 0);
        rig_put_class(&g, NS, &CLASS("In", PROPERTIES(P("B", CIM_UINT16))), "", 0);
        cim_instance_unref(in);
        rig_close(&g);
        read_valid();
}

static void write_file(const uint8_t *p, size_t n)
{
        int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, p, n) != (ssize_t)n)
                abort();
        close(fd);
        for (size_t i = 0; i < 3; i++) {
                char name[320];
                snprintf(name, sizeof(name), "%s%s", file,
                         (const char *const[]){"-wal", "-shm", "-journal"}[i]);
                unlink(name);
        }
}

static const char *const columns[] = {
        "UPDATE version SET declaration = ?1 WHERE number = ?2",
        "UPDATE version SET refs = ?1 WHERE number = ?2",
        "UPDATE version SET superclass = cast(hex(?1) AS INTEGER) WHERE number = ?2",
        "UPDATE version SET name = cast(?1 AS TEXT) WHERE number = ?2",
        "UPDATE version SET namespace = cast(?1 AS TEXT) WHERE number = ?2",
        "UPDATE version SET number = cast(hex(?1) AS INTEGER) WHERE number = ?2",
        "UPDATE class SET version = cast(hex(?1) AS INTEGER) WHERE id = ?2",
        "UPDATE class SET name = cast(?1 AS TEXT) WHERE id = ?2",
        "UPDATE class SET upper = cast(?1 AS TEXT) WHERE id = ?2",
        "UPDATE class SET namespace = cast(hex(?1) AS INTEGER) WHERE id = ?2",
        "UPDATE instance SET value = ?1 WHERE id = ?2",
        "UPDATE instance SET key = ?1 WHERE id = ?2",
        "UPDATE instance SET version = cast(hex(?1) AS INTEGER) WHERE id = ?2",
        "UPDATE instance SET class = cast(hex(?1) AS INTEGER) WHERE id = ?2",
        "UPDATE instance SET keyed = cast(hex(?1) AS INTEGER) WHERE id = ?2",
        "UPDATE instance SET id = cast(hex(?1) AS INTEGER) WHERE id = ?2",
        "UPDATE namespace SET name = cast(?1 AS TEXT) WHERE id = ?2",
        "UPDATE namespace SET upper = cast(?1 AS TEXT) WHERE id = ?2",
        "UPDATE namespace SET parent = cast(hex(?1) AS INTEGER) WHERE id = ?2",
        "UPDATE meta SET value = ?1 WHERE name = 'commit' AND ?2 > -1",
        "DELETE FROM uses WHERE instance = ?2 AND ?1 IS NOT NULL",
        "DELETE FROM version WHERE number = ?2 AND ?1 IS NOT NULL",
        "DELETE FROM class WHERE id = ?2 AND ?1 IS NOT NULL",
        "DELETE FROM namespace WHERE id = ?2 AND ?1 IS NOT NULL",
};

static void damage_row(sqlite3 *db, uint8_t column, uint8_t row, const uint8_t *p, size_t n)
{
        sqlite3_stmt *s = NULL;
        if (sqlite3_prepare_v2(db, columns[column % COUNT(columns)], -1, &s, NULL) != SQLITE_OK)
                return; // the bytes that were overwritten are those of the tables
        sqlite3_bind_blob(s, 1, p, (int)n, SQLITE_STATIC);
        sqlite3_bind_int(s, 2, row);
        sqlite3_step(s); // what the tables forbid is not done
        sqlite3_finalize(s);
}

static void damage_rows(Reader in)
{
        sqlite3 *db = NULL;
        while (in.n >= 5) {
                uint8_t kind = read_u8(&in), column = read_u8(&in), row = read_u8(&in), more = read_u8(&in);
                uint8_t bytes = kind & 1 ? more : read_u8(&in);
                size_t n = bytes < in.n ? bytes : in.n;
                const uint8_t *p = read_bytes(&in, n);
                if (!(kind & 1) || !p)
                        continue;
                if (!db && sqlite3_open(file, &db) != SQLITE_OK)
                        abort();
                damage_row(db, column, row, p, n);
        }
        sqlite3_close(db);
}

static void damage_bytes(Reader in)
{
        Buf b = {0};
        buf_put(&b, valid.p, valid.n);
        while (in.n >= 5) {
                uint8_t kind = read_u8(&in), o1 = read_u8(&in), o2 = read_u8(&in), o3 = read_u8(&in);
                uint8_t bytes = kind & 1 ? o3 : read_u8(&in);
                size_t n = bytes < in.n ? bytes : in.n, at = (size_t)(o1 | o2 << 8 | (o3 & 3) << 16) % b.n;
                const uint8_t *p = read_bytes(&in, n);
                if (!(kind & 1) && p && n <= b.n - at)
                        memcpy(b.p + at, p, n);
        }
        write_file(b.p, b.n);
        buf_deinit(&b);
}

// --- what is done with it --------------------------------------------------------------------------------

static void tell(void *context, const char *what)
{
        if (!*what)
                abort();
        ++*(unsigned *)context;
}

static int visit(void *context, const CimInstance *i)
{
        Buf *b = context;
        Diag d;
        b->n = 0;
        cim_instance_relpath(i, b, &d);
        return 0;
}

static int everything(void *context, Store *st, Diag *reterr)
{
        Buf b = {0};
        CimInstance *i = NULL;
        static const char *const names[] = {"N", "M", "In", "__EventFilter", "__NAMESPACE"};
        (void)context;
        for (size_t k = 0; k < COUNT(names); k++) {
                StoreCursor c = {0};
                int r = store_each_instance(st, STR(NS), str_of(names[k]), 0, NULL, &c, visit, &b, reterr);
                if (r == E_DIAG && (!reterr->code || !reterr->message[0]))
                        abort();
        }
        const CimClass *n = cim_schema_find(store_schema(st), STR(NS), STR("N"));
        if (n && cim_instance_new(n, &i) == 0) {
                for (uint32_t k = 0; k < 3; k++) {
                        int at = cim_class_property(n, STR("K"));
                        if (at >= 0 && n->properties[at].type == CIM_UINT32)
                                i->values[at] = VU(CIM_UINT32, k);
                        store_put_instance(st, STR(NS), i, 0, NULL, reterr);
                }
                cim_instance_unref(i);
        }
        store_put_class(st, STR(NS), &CLASS("N", PROPERTIES(KEY("K", CIM_UINT8))), STR(""),
                        STORE_UPDATE_FORCE, reterr);
        store_delete_class(st, STR(NS), STR("N"), reterr);
        store_delete_namespace(st, STR("root\\more"), reterr);
        buf_deinit(&b);
        return 0;
}

static int run(RepositoryJob *j, Store *st)
{
        return everything(NULL, st, &j->diag);
}

static void done(RepositoryJob *j, int r)
{
        (void)j;
        if (r == E_DIAG && !j->diag.code)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Diag d = {0};
        unsigned told = 0;
        Repository *r;
        RepositoryJob j = {.run = run, .done = done};
        if (!valid.n)
                make_valid();
        if (size >= 16 && memcmp(data, "SQLite format 3", 16) == 0) {
                write_file(data, size);
        } else {
                damage_bytes((Reader){data, size, false});
                damage_rows((Reader){data, size, false});
        }
        int e = repository_check(file, rig_seed, NULL, tell, &told, NULL, &d);
        if ((e == E_DIAG && !d.message[0]) || (e == 0 && told))
                abort();
        if (repository_open(&(RepositoryConfig){.file = file, .seed = rig_seed, .namespaces = rig_namespaces},
                            &r, &d) == 0) {
                repository_submit(r, &j);
                repository_close(r);
        } else if (e == 0) {
                abort(); // what the check finds sound can be served
        }
        return 0;
}
