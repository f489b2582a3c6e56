// SPDX-License-Identifier: MIT
// Classes and objects for the tests of this room, from a small part of MOF:
//
//   [abstract] class Toast : __ExtrinsicEvent { [key] uint32 Heat = 3; string Tags[]; object Bread; Slice
//   First; }; [dynamic, provider("Oven"), guid("{...}")] class Slice { boolean Wide; }; Toast { Heat = 4;
//   Tags = {"a", "b"}; Bread = Slice { Wide = TRUE; }; } Toast @root\kitchen { }               lives in that
//   namespace class Toast, class Toast @root\kitchen its definition
//
// (An object is what stands behind "instance of" in MOF.) Private to the tests.
#ifndef WQL_TEST_WORLD_H
#define WQL_TEST_WORLD_H

#include "wql/wql.h"

typedef struct World {
        CimSchema *schema;
        Str namespace;
        Arena objects;         // what world_object made
        const CimClass **kept; // their classes
        size_t kept_count;
        char error[256];
} World;

void world_init(World *w, Str namespace);
void world_deinit(World *w);
// Adds classes. false: w->error says why.
bool world_classes(World *w, Str text);
// Makes an object; its values live in w->objects. NULL: w->error says why.
const CimInstance *world_object(World *w, Str text);
// A file below the source directory, to be freed; NULL: it cannot be read.
char *world_file(const char *path, size_t *ret_size);

#endif
