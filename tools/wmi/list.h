// SPDX-License-Identifier: MIT
// Objects on standard output: an enumeration, or one.
#ifndef WMI_LIST_H
#define WMI_LIST_H

#include "client/client.h"
#include "verb.h"

// Prints all objects of an enumeration as they come, and frees it. query: whose SELECT list decides what is shown;
// empty: everything is. Returns the exit code, after a message where one is needed.
int list_objects(const Options *o, Client *c, ClientEnum *take_objects, Str query);
// Prints one object.
int list_object(const Options *o, const CimInstance *i);
// Prints text or bytes that are made already.
int list_text(Str text);
// Prints what was done to what: WORD, a tab and `what`; as JSON {"WORD": what}.
int list_done(const char *word, Str what, bool json);

#endif
