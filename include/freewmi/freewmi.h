// SPDX-License-Identifier: MIT
// FreeWMI's C API: subscribe to events, publish them, read and write objects.
//
//   freewmi *wmi;
//   freewmi_error error;
//   const freewmi_event *event;
//   if (freewmi_connect(NULL, "watch", &wmi, &error) < 0 ||
//       freewmi_subscribe(wmi, "root/cimv2", "SELECT * FROM Toast WHERE Heat > 3", 0, NULL, &error) < 0)
//           return complain(&error);
//   while (freewmi_next(wmi, -1, &event, &error) == FREEWMI_EVENT)
//           printf("%s\n", freewmi_object_mof(event->object));
//
// What holds everywhere:
//
// - Results. A function that can fail returns a negative enum freewmi_result and fills *error (which may be NULL); 0 or
//   more is success. What `ret_` points to is written on success only.
// - Ownership. `freewmi_object *` is yours: give it back with freewmi_object_unref. `const freewmi_object *` and
//   `const char *` are borrowed, as long as the comment says; freewmi_object_ref makes an object stay. What you pass in is
//   read during the call and not kept.
// - Text is UTF-8 and ends with a NUL. WMI's strings are UTF-16: halves of surrogate pairs that stand alone are read as
//   U+FFFD, and U+FFFD is written for bytes that are no UTF-8.
// - Names of classes, properties and namespaces compare without regard to case. A namespace is written "root/cimv2" or
//   "root\\cimv2".
// - Threads. The library starts none, installs no signal handler and has no global state. A connection, and the objects
//   that came out of it, may be used by one thread at a time; two connections, by two threads.
// - Waiting. Only freewmi_next and calls to the service wait, in poll(2), at most for the time that they are given
//   (freewmi_set_timeout). Signals do not end the wait: a program that must react polls freewmi_fd itself.
//
// The documents mirrored are the pages of IWbemServices, IWbemClassObject and __ExtendedStatus in Microsoft's "WMI
// Reference". See also freewmi(3).
#ifndef FREEWMI_FREEWMI_H
#define FREEWMI_FREEWMI_H

#ifndef __cplusplus
#include <stdbool.h>
#endif
#include <stddef.h>
#include <stdint.h>

#include <freewmi/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct freewmi freewmi;                 // a connection to the service
typedef struct freewmi_object freewmi_object;   // an event, an instance, a class definition, an object inside another
typedef struct freewmi_results freewmi_results; // what a query or an enumeration yields

// --- results and errors --------------------------------------------------------------------------

enum freewmi_result {
        FREEWMI_OK = 0,
        FREEWMI_REFUSED = -1,      // the service said no; error.status is its number
        FREEWMI_TIMED_OUT = -2,    // no answer in time; whether it was done is not known
        FREEWMI_GONE = -3,         // the connection is over: the service ended, or broke the protocol
        FREEWMI_NO_MEMORY = -4,
        FREEWMI_BAD_ARGUMENT = -5, // a NULL or a value that is not allowed there
        FREEWMI_SYSTEM = -6,       // the system refused something; error.message has its reason
        FREEWMI_STOPPED = -7,      // the pump (freewmi_connect_fd) ended the wait
        FREEWMI_NO_PROPERTY = -8,  // the object has no property of that name, the array no such item
        FREEWMI_IS_NULL = -9,      // the property has no value
        FREEWMI_WRONG_TYPE = -10,  // the property is not of that kind
        FREEWMI_OUT_OF_RANGE = -11 // the value does not fit into the type asked for, or into the property
};

// Why a call failed; what an __ExtendedStatus has, and more. Plain data, all texts terminated and never NULL.
typedef struct freewmi_error {
        int result;          // what the function returned
        uint32_t status;     // WMI's number for it, never 0 (StatusCode): compare with freewmi/status.h
        char message[512];   // one sentence: what is wrong (Description)
        char hint[256];      // what to do about it, or ""
        char operation[64];  // what was asked of the service, as Windows calls it: "ExecQuery", or "" (Operation)
        char parameter[512]; // the query, path or class it was about, cut between characters (ParameterInfo)
        char provider[64];   // who refused: "WinMgmt" is the service, "FreeWMI" this library (ProviderName)
        char file[256];      // of a MOF: its name as it was given, or ""
        uint32_t line;       // from 1; 0: the text has no lines
        uint32_t column;     // from 1, in characters; 0: unknown
        size_t offset;       // where it is wrong, in bytes from the start of the query, path or MOF
        size_t length;       // bytes of the offending word; 0: unknown
        char reserved[256];
} freewmi_error;

// "toaster.mof:3:7: there is no class Tost (WBEM_E_INVALID_CLASS, 0x80041010); did you mean Toast?" into out of `size`
// bytes, always terminated. Returns out.
char *freewmi_error_text(const freewmi_error *error, char *out, size_t size);
// "WBEM_E_NOT_FOUND"; "" for numbers that WMI does not have.
const char *freewmi_status_name(uint32_t status);
// "FREEWMI_WRONG_TYPE"; "" for numbers that are no result.
const char *freewmi_result_name(int result);

// --- connections ---------------------------------------------------------------------------------

// Connects to the service at `socket`; NULL: at $FREEWMI_SOCKET, else $XDG_RUNTIME_DIR/freewmi/socket, else
// /run/freewmi/socket for root and /tmp/freewmi-UID/socket for others. `program` is what lists of subscriptions show.
// FREEWMI_REFUSED: FREEWMI_E_TRANSPORT_FAILURE (nobody listens there: error.message has path and reason),
// FREEWMI_E_ACCESS_DENIED. FREEWMI_SYSTEM, FREEWMI_NO_MEMORY.
int freewmi_connect(const char *socket, const char *program, freewmi **ret, freewmi_error *error);

// For a service in the same thread: who gives it its turn. `run` is called before each wait, and during one whenever `fd`
// is readable (negative: never); a negative return ends the wait and makes the call return FREEWMI_STOPPED. `done` (may be
// NULL) is called once, when the connection is freed or was not made.
typedef struct freewmi_pump {
        int (*run)(void *context);
        void (*done)(void *context);
        void *context;
        int fd;
} freewmi_pump;
// Connects over a connected Unix stream socket, which is taken even on failure. pump: copied; NULL: none is needed.
// (freewmi_service_connect does all this.)
int freewmi_connect_fd(int take_fd, const char *program, const freewmi_pump *pump, freewmi **ret, freewmi_error *error);

// Ends the connection with its subscriptions and frees it. Objects that you hold stay; results no longer yield. NULL is
// fine.
void freewmi_close(freewmi *wmi);

// For poll(2): readable when freewmi_next(wmi, 0, ...) has something to do. Before each poll, call freewmi_next until it
// returns FREEWMI_NOTHING: what has come already does not make it readable.
int freewmi_fd(const freewmi *wmi);

// How long calls to the service may wait, in ms; negative: without limit. 30000 at first.
void freewmi_set_timeout(freewmi *wmi, int timeout_ms);

// --- events --------------------------------------------------------------------------------------

enum freewmi_kind {
        FREEWMI_NOTHING = 0, // nothing came in time
        FREEWMI_EVENT = 1,   // an event
        FREEWMI_LOST = 2,    // events of a subscription are missing at this place of the stream
        FREEWMI_ENDED = 3,   // the last word on a subscription that the service ended
        FREEWMI_DRIVER = 4   // a driver came or went; only after freewmi_tell_drivers
};

// One item of the stream. Borrowed, with all it points to, until the next freewmi_next on its connection.
typedef struct freewmi_event {
        int kind;                      // enum freewmi_kind
        uint32_t subscription;         // whose it is; of an event that matched several, the first
        const uint32_t *subscriptions; // EVENT: all that it matched
        size_t subscription_count;
        const freewmi_object *object;  // EVENT: the event; else NULL, and all getters say FREEWMI_BAD_ARGUMENT
        int64_t time;                  // EVENT: when it was raised, in ns since 1970-01-01 UTC
        uint64_t lost;                 // LOST: how many events are missing here
        bool lost_at_source;           // LOST: a driver could not queue them; then `lost` is "up to"
        uint32_t status;               // ENDED: why (freewmi/status.h)
        const char *driver;            // DRIVER: its name
        const char *text;              // DRIVER: what happened, in words
        uint32_t driver_pid;           // DRIVER: the process that hosts it
        bool driver_gone;              // DRIVER: it vanished without an orderly unload
} freewmi_event;

// Subscribes to the events that a WQL query selects in a namespace: "SELECT * FROM Toast WHERE Heat > 3". `queue`: how
// many events may wait until they are read, beyond which they are lost and counted; 0: the service's default (4096).
// *ret_subscription (may be NULL): its number. Returns how many drivers have not confirmed in time that they will fire
// (0: all have). FREEWMI_REFUSED: FREEWMI_E_UNPARSABLE_QUERY or _INVALID_QUERY with the place, _NOT_FOUND
// (no such class), _NOT_EVENT_CLASS, _INVALID_NAMESPACE, _INVALID_PROPERTY, _TYPE_MISMATCH, _ACCESS_DENIED, _QUOTA_VIOLATION.
// FREEWMI_TIMED_OUT: then there is no subscription. Mirrors IWbemServices::ExecNotificationQuery.
int freewmi_subscribe(freewmi *wmi, const char *ns, const char *query, uint32_t queue, uint32_t *ret_subscription,
                      freewmi_error *error);
// Ends it: nothing more of it comes, what waits is dropped. FREEWMI_REFUSED: there is no such subscription.
int freewmi_unsubscribe(freewmi *wmi, uint32_t subscription, freewmi_error *error);

// The next item of the stream, waiting at most timeout_ms (negative: without limit; 0: not at all). Returns its kind
// (event->kind); FREEWMI_NOTHING; or FREEWMI_GONE when the service is gone and all that it sent has been read,
// FREEWMI_NO_MEMORY (the item can be asked for again), FREEWMI_STOPPED.
//
// Nothing is silent: only FREEWMI_EVENT has an object, and *error is filled for LOST (FREEWMI_E_QUEUE_OVERFLOW), ENDED
// and failures alike, so a loop that ends at the first thing that is no event can say why. After LOST and ENDED the
// stream goes on. Events keep their order within one driver; an event that matches several subscriptions comes once.
int freewmi_next(freewmi *wmi, int timeout_ms, const freewmi_event **ret, freewmi_error *error);

// Whether freewmi_next also tells of drivers that could raise subscribed events and come or go. At first it does not.
void freewmi_tell_drivers(freewmi *wmi, bool on);

// --- objects: reading ----------------------------------------------------------------------------
//
// One set of functions for events, instances, class definitions (their values are the defaults) and embedded objects.
// A name may lead into objects ("TargetInstance.Size") and to items of arrays ("Names[2]", from 0); the system
// properties are read by the same names as everywhere in WMI ("__CLASS", "__RELPATH", "__SUPERCLASS"...).
//
// Every getter returns FREEWMI_OK; FREEWMI_NO_PROPERTY; FREEWMI_IS_NULL; FREEWMI_WRONG_TYPE (another type, or an array
// where a scalar is meant or the other way round); FREEWMI_OUT_OF_RANGE; FREEWMI_BAD_ARGUMENT (an object or pointer that
// is NULL, a name that cannot be read); those of text also FREEWMI_NO_MEMORY. No getter but those of text, bytes and
// objects allocates, and what these allocate belongs to the object: borrowed until the property is set or the object is
// freed.

// The numbers of CIMTYPE_ENUMERATION.
enum freewmi_type {
        FREEWMI_SINT16 = 2,
        FREEWMI_SINT32 = 3,
        FREEWMI_REAL32 = 4,
        FREEWMI_REAL64 = 5,
        FREEWMI_STRING = 8,
        FREEWMI_BOOLEAN = 11,
        FREEWMI_OBJECT = 13,
        FREEWMI_SINT8 = 16,
        FREEWMI_UINT8 = 17,
        FREEWMI_UINT16 = 18,
        FREEWMI_UINT32 = 19,
        FREEWMI_SINT64 = 20,
        FREEWMI_UINT64 = 21,
        FREEWMI_DATETIME = 101,
        FREEWMI_REFERENCE = 102,
        FREEWMI_CHAR16 = 103,
        FREEWMI_ARRAY = 0x2000 // added to the type of an array's items
};

// Any integer or char16 that fits; FREEWMI_OUT_OF_RANGE when it does not.
int freewmi_get_int64(const freewmi_object *o, const char *name, int64_t *ret);
int freewmi_get_uint64(const freewmi_object *o, const char *name, uint64_t *ret);
// A real, or an integer that a double holds exactly.
int freewmi_get_double(const freewmi_object *o, const char *name, double *ret);
int freewmi_get_bool(const freewmi_object *o, const char *name, bool *ret);
// A string, datetime (25 characters, "20260131120000.000000+000") or reference (a path). *ret_length (may be NULL): its
// bytes, for strings with a NUL inside.
int freewmi_get_string(const freewmi_object *o, const char *name, const char **ret, size_t *ret_length);
// A datetime that is an instant, in ns since 1970-01-01 UTC. FREEWMI_WRONG_TYPE also for an interval and for one with '*' in
// it, FREEWMI_OUT_OF_RANGE outside the years 1678 to 2262.
int freewmi_get_time(const freewmi_object *o, const char *name, int64_t *ret);
// An object inside this one, borrowed as long as this one lives and the property is not set.
int freewmi_get_object(const freewmi_object *o, const char *name, const freewmi_object **ret);
// How many items an array has.
int freewmi_get_count(const freewmi_object *o, const char *name, size_t *ret);
// All items of a uint8 array. FREEWMI_IS_NULL also when one of them is.
int freewmi_get_bytes(const freewmi_object *o, const char *name, const uint8_t **ret, size_t *ret_size);

// Item `i` of an array, from 0; FREEWMI_NO_PROPERTY when it has no such item. Else as above.
int freewmi_get_int64_at(const freewmi_object *o, const char *name, size_t i, int64_t *ret);
int freewmi_get_uint64_at(const freewmi_object *o, const char *name, size_t i, uint64_t *ret);
int freewmi_get_double_at(const freewmi_object *o, const char *name, size_t i, double *ret);
int freewmi_get_bool_at(const freewmi_object *o, const char *name, size_t i, bool *ret);
int freewmi_get_string_at(const freewmi_object *o, const char *name, size_t i, const char **ret, size_t *ret_length);
int freewmi_get_object_at(const freewmi_object *o, const char *name, size_t i, const freewmi_object **ret);

// Any value as MOF writes it: 12, "text", TRUE, NULL, {1, 2}. Never FREEWMI_IS_NULL.
int freewmi_get_text(const freewmi_object *o, const char *name, const char **ret);
// The type of a property, with FREEWMI_ARRAY for an array; or FREEWMI_NO_PROPERTY, FREEWMI_BAD_ARGUMENT.
int freewmi_get_type(const freewmi_object *o, const char *name);

// The name of property `i`, from 0, inherited ones first; NULL beyond the last. Borrowed as long as the object.
const char *freewmi_object_property(const freewmi_object *o, size_t i);
// The class ("Toast"), and the namespace where the object lives ("root\\cimv2"; "" for events and for what was never
// put). NULL only when o is. Borrowed as long as the object.
const char *freewmi_object_class(const freewmi_object *o);
const char *freewmi_object_namespace(const freewmi_object *o);
// The relative path: of an instance `Thing.Name="a"`, of a class definition its name; NULL when it has none (no keys, a
// key that is NULL, an event). Borrowed until a property is set or the object is freed.
const char *freewmi_object_path(const freewmi_object *o);
// The whole object as MOF text, as IWbemClassObject::GetObjectText writes it. NULL: out of memory, or o is NULL.
// Borrowed until a property is set or the object is freed.
const char *freewmi_object_mof(const freewmi_object *o);
// Is it a class definition? Is it (an instance of) that class, or of one derived from it?
bool freewmi_object_is_class(const freewmi_object *o);
bool freewmi_object_isa(const freewmi_object *o, const char *class_name);

// Keeps an object for longer than it is lent, whatever happens to its connection; an embedded one keeps the whole.
// Returns o. NULL is fine.
const freewmi_object *freewmi_object_ref(const freewmi_object *o);
// Gives back what was returned as `freewmi_object *`, or kept. NULL is fine.
void freewmi_object_unref(const freewmi_object *o);

// --- objects: making and changing ----------------------------------------------------------------

// An instance of the class of o (an instance or a class definition), with the class's defaults. It asks nobody: a program
// that publishes much gets the class once. FREEWMI_NO_MEMORY, FREEWMI_BAD_ARGUMENT.
int freewmi_object_spawn(const freewmi_object *o, freewmi_object **ret);
// A copy of its own, of any object, embedded ones and events included.
int freewmi_object_copy(const freewmi_object *o, freewmi_object **ret);

// Each sets a property of this object alone (freewmi_put writes it to the store). The name is that of a property: paths
// into objects are refused. FREEWMI_OK; FREEWMI_NO_PROPERTY; FREEWMI_WRONG_TYPE; FREEWMI_OUT_OF_RANGE;
// FREEWMI_NO_MEMORY; FREEWMI_BAD_ARGUMENT (NULL, a class definition: classes are made from MOF, a system property).
int freewmi_set_null(freewmi_object *o, const char *name);
// Integers and char16 by either; reals too, when they hold the value exactly.
int freewmi_set_int64(freewmi_object *o, const char *name, int64_t value);
int freewmi_set_uint64(freewmi_object *o, const char *name, uint64_t value);
// A real32 property takes the nearest value; FREEWMI_OUT_OF_RANGE when it is finite and a real32 cannot be.
int freewmi_set_double(freewmi_object *o, const char *name, double value);
int freewmi_set_bool(freewmi_object *o, const char *name, bool value);
// A string, reference or datetime (FREEWMI_OUT_OF_RANGE when it is no datetime).
int freewmi_set_string(freewmi_object *o, const char *name, const char *value);
// A datetime from ns since 1970-01-01 UTC, in microseconds.
int freewmi_set_time(freewmi_object *o, const char *name, int64_t value);
// An embedded object, copied. FREEWMI_WRONG_TYPE when the property wants another class; FREEWMI_OUT_OF_RANGE beyond 64
// levels of objects in objects.
int freewmi_set_object(freewmi_object *o, const char *name, const freewmi_object *value);
// Whole arrays. n 0: an array of no items.
int freewmi_set_int64s(freewmi_object *o, const char *name, const int64_t *values, size_t n);
int freewmi_set_uint64s(freewmi_object *o, const char *name, const uint64_t *values, size_t n);
int freewmi_set_doubles(freewmi_object *o, const char *name, const double *values, size_t n);
int freewmi_set_bools(freewmi_object *o, const char *name, const bool *values, size_t n);
int freewmi_set_strings(freewmi_object *o, const char *name, const char *const *values, size_t n);
int freewmi_set_objects(freewmi_object *o, const char *name, const freewmi_object *const *values, size_t n);
int freewmi_set_bytes(freewmi_object *o, const char *name, const void *bytes, size_t size);

// --- the store -----------------------------------------------------------------------------------
//
// All return FREEWMI_OK; FREEWMI_REFUSED with the number that WMI documents for the call; FREEWMI_TIMED_OUT,
// FREEWMI_GONE, FREEWMI_NO_MEMORY, FREEWMI_BAD_ARGUMENT, FREEWMI_STOPPED. `ns` may be NULL where an object is given
// that lives somewhere, or was made from one that does.

// Compiles MOF text: all of it takes effect, or nothing. `file` names it in errors. On failure *error is the first, and
// freewmi_mof_error has all of them. Mirrors IMofCompiler::CompileBuffer.
int freewmi_compile_mof(freewmi *wmi, const char *ns, const char *file, const char *text, size_t size,
                        freewmi_error *error);
// Error `i`, from 0, of the last freewmi_compile_mof. FREEWMI_OK, or FREEWMI_NO_PROPERTY: there are no more.
int freewmi_mof_error(const freewmi *wmi, size_t i, freewmi_error *ret);

// A class definition ("Thing") or an instance (`Thing.Name="a"`, `Thing="a"`, `Settings=@`) by its path. Mirrors
// IWbemServices::GetObject. FREEWMI_E_NOT_FOUND, _INVALID_CLASS, _INVALID_OBJECT_PATH, _INVALID_NAMESPACE.
int freewmi_get(freewmi *wmi, const char *ns, const char *path, freewmi_object **ret, freewmi_error *error);
// A new instance of a class: freewmi_get and freewmi_object_spawn.
int freewmi_new(freewmi *wmi, const char *ns, const char *class_name, freewmi_object **ret, freewmi_error *error);

// For freewmi_put; the numbers of WBEM_CHANGE_FLAG_TYPE.
enum {
        FREEWMI_CREATE_OR_UPDATE = 0,
        FREEWMI_UPDATE_ONLY = 1,
        FREEWMI_CREATE_ONLY = 2,
        FREEWMI_UPDATE_SAFE = 0x20,  // of a class: also with subclasses, as long as nothing in them conflicts
        FREEWMI_UPDATE_FORCE = 0x40, // of a class: whatever conflicts below it goes
        FREEWMI_SHALLOW = 1          // of an enumeration: not what is derived
};
// Writes an instance, or a class definition, to the store. On success it is on disk (if the service has a file).
// *ret_path (may be NULL): its relative path, borrowed until the next freewmi_put. Mirrors IWbemServices::PutInstance and
// PutClass. FREEWMI_E_ALREADY_EXISTS, _NOT_FOUND, _ILLEGAL_NULL, _INVALID_OBJECT, _PROVIDER_NOT_CAPABLE, _ACCESS_DENIED...
int freewmi_put(freewmi *wmi, const char *ns, const freewmi_object *o, uint32_t flags, const char **ret_path,
                freewmi_error *error);
// Deletes an instance or (with its subclasses and all their instances) a class. Mirrors DeleteInstance and DeleteClass.
int freewmi_delete(freewmi *wmi, const char *ns, const char *path, freewmi_error *error);

// What a WQL data query selects; all instances of a class; all class definitions below a class ("" : all). flags: 0 or
// FREEWMI_SHALLOW. Mirrors ExecQuery, CreateInstanceEnum, CreateClassEnum.
int freewmi_query(freewmi *wmi, const char *ns, const char *query, freewmi_results **ret, freewmi_error *error);
int freewmi_instances(freewmi *wmi, const char *ns, const char *class_name, uint32_t flags, freewmi_results **ret,
                      freewmi_error *error);
int freewmi_classes(freewmi *wmi, const char *ns, const char *superclass, uint32_t flags, freewmi_results **ret,
                    freewmi_error *error);
// 1 with the next object, which is yours; 0 at the end. Objects are fetched in batches, as they are needed. After
// FREEWMI_TIMED_OUT it can be called again, and leaves nothing out.
int freewmi_results_next(freewmi_results *results, freewmi_object **ret, freewmi_error *error);
// Also ends what is left. NULL is fine. In any order with freewmi_close.
void freewmi_results_free(freewmi_results *results);

// --- events of your own --------------------------------------------------------------------------

// Publishes an event: an instance of a class derived from __ExtrinsicEvent. Returns how many subscriptions it was queued
// for. FREEWMI_E_NOT_EVENT_CLASS, _INVALID_CLASS, _ACCESS_DENIED. Mirrors IWbemServices::QueryObjectSink and
// IWbemObjectSink::Indicate.
int freewmi_publish(freewmi *wmi, const char *ns, const freewmi_object *event, freewmi_error *error);
// Many at once, in order: far faster. On failure *ret_matched (may be NULL) counts for those that were published before.
int freewmi_publish_many(freewmi *wmi, const char *ns, const freewmi_object *const *events, size_t n,
                         uint64_t *ret_matched, freewmi_error *error);

// --- everybody's subscriptions -------------------------------------------------------------------

typedef struct freewmi_subscription {
        uint64_t session;      // whose, with
        uint32_t subscription; // which: both together name it
        uint32_t pid, uid;     // of the client
        const char *program;   // as it calls itself
        const char *ns, *query;
        uint32_t queue;        // events that may wait
        uint32_t queued;       // events that wait
        uint64_t delivered;    // events sent since it began
        uint64_t lost;         // events dropped since it began
} freewmi_subscription;

// Lists the subscriptions of all clients. Returns how many there are; freewmi_subscription_at gives each (NULL beyond the
// last), borrowed until the next freewmi_list_subscriptions.
int freewmi_list_subscriptions(freewmi *wmi, freewmi_error *error);
const freewmi_subscription *freewmi_subscription_at(const freewmi *wmi, size_t i);
// Ends a subscription of any client, who gets FREEWMI_ENDED with FREEWMI_E_CALL_CANCELLED. FREEWMI_E_NOT_FOUND,
// _ACCESS_DENIED.
int freewmi_end_subscription(freewmi *wmi, uint64_t session, uint32_t subscription, freewmi_error *error);

#ifdef __cplusplus
}
#endif

#endif
