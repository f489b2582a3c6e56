// SPDX-License-Identifier: MIT
// Inside the C API: what a connection and an object are.
#ifndef API_API_H
#define API_API_H

#include <freewmi/freewmi.h>

#include "base/list.h"
#include "cim/path.h"
#include "client/client.h"

enum { API_TIMEOUT_MS = 30000, API_STATUS_SPACE = 64 };

// --- errors (error.c) ----------------------------------------------------------------------------
// Fills *e (may be NULL) and returns result.
int api_fail(freewmi_error *e, int result, uint32_t status, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
// What a Diag says, as FREEWMI_REFUSED.
int api_diag(const Diag *d, freewmi_error *e);
// From a negative errno, of a call that has no connection yet.
int api_errno(int r, freewmi_error *e);
// Copies text, cut between characters.
void api_text(char *out, size_t size, Str s);

// --- objects (object.c) --------------------------------------------------------------------------
// What a property's value needs that was set through the API.
typedef struct Own {
        CimInstance **objects; // a reference each
        size_t object_count;
        _Alignas(16) uint8_t bytes[]; // text, items
} Own;

// What was made of one property's value for its reader. It goes when the property is set.
typedef struct Slot {
        char *text; // UTF-8 of a string
        size_t size;
        char **texts; // of an array's items, NULL for a null; one allocation with what they point to
        size_t *sizes;
        freewmi_object **children; // one, or an array's
        size_t child_count;
        uint8_t *bytes;
        char **mofs; // [0] the whole, [1 + i] item i
        size_t mof_count;
        Own *own;
        struct Slot *parked;
} Slot;

struct freewmi_object {
        freewmi_object *root;  // itself, or the object in which it lies
        unsigned refs;         // of the root, children's included
        unsigned held;         // of the root: those of children
        bool writable;
        CimInstance *instance; // a reference of the root, borrowed by children
        char *home;            // where its class came from; may be NULL
        Slot *slots;           // property_count, then CIM_SYSTEM_COUNT; made when needed
        Slot *parked;          // of values that were replaced while a child was held
        Arena arena;           // system properties
        CimValue system[CIM_SYSTEM_COUNT];
        bool system_known[CIM_SYSTEM_COUNT];
        char *path, *mof;
};

// Takes the reference, even on failure. home: where its class lives, may be empty. FREEWMI_OK, FREEWMI_NO_MEMORY.
int api_object_new(CimInstance *take, bool writable, Str home, freewmi_object **ret);
// Forgets what was made of a property (its value is about to change) and of the whole. FREEWMI_OK, FREEWMI_NO_MEMORY.
int api_object_change(freewmi_object *o, size_t property);
Slot *api_slot(const freewmi_object *o, size_t i); // NULL: out of memory
// The wrapper of an object inside o, item i of n of that slot. NULL: out of memory.
freewmi_object *api_child(const freewmi_object *o, Slot *slot, size_t i, size_t n, const CimInstance *inside);

// Where a name leads.
typedef struct Place {
        CimValue value;
        const freewmi_object *object; // that has the property; NULL unless wrapped
        Slot *slot;                   // the property's; NULL unless wrapped
        bool item;                    // an array's item
        size_t index, count;          // which, of how many; else 0, 0
        const CimValue *items;        // of that array
} Place;
// Follows it. wrap: objects on the way get wrappers, for results that must stay. scratch: for system properties when
// not wrapped. FREEWMI_OK, _NO_PROPERTY, _IS_NULL (on the way), _WRONG_TYPE (on the way), _BAD_ARGUMENT, _NO_MEMORY.
int api_find(const freewmi_object *o, const char *name, bool wrap, Arena *scratch, Place *ret);
// The same, then item i of what is there.
int api_find_at(const freewmi_object *o, const char *name, size_t i, bool wrap, Arena *scratch, Place *ret);

// UTF-16 as UTF-8 with a NUL into out, or (out NULL) only its bytes without the NUL.
size_t api_utf8(Str16 s, char *out);

// --- connections (connection.c) ------------------------------------------------------------------
typedef struct ApiSink {
        char *ns;
        uint32_t id;
} ApiSink;

struct freewmi {
        Client *client;
        int timeout_ms;
        bool tell_drivers;
        bool broken;  // an event that cannot be read came
        freewmi_pump pump; // run NULL: none
        bool stopped; // by the pump, in the call under way
        ClientItem item;
        bool item_waits; // it has not been handed out, for want of memory
        freewmi_event event;
        freewmi_object *event_object;
        char *driver, *driver_text;
        ApiSink *sinks;
        size_t sink_count;
        freewmi_error *mof_errors;
        size_t mof_error_count;
        char *put_path;
        ClientSubscription *listed;
        freewmi_subscription *list;
        size_t list_count;
        List results; // of freewmi_results
};
// What a call of the client returned, as a result.
int api_result(freewmi *w, int r, freewmi_error *e);
void api_results_gone(freewmi_results *r);
freewmi_results *api_results_of(List *link);
// Is the connection usable? FREEWMI_OK, FREEWMI_BAD_ARGUMENT, FREEWMI_GONE.
int api_ready(freewmi *w, freewmi_error *e);
int api_argument(freewmi_error *e, const char *what);

#endif
