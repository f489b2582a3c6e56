// SPDX-License-Identifier: MIT
// FreeWMI's service inside a program: no process, thread or file beyond those that are asked for.
//
//   freewmi_service *service;
//   freewmi *wmi;
//   freewmi_service_new(&(freewmi_service_config){.log = log}, &service, &error);
//   freewmi_service_connect(service, "me", &wmi, &error);     // a client in this very thread
//   while (poll(&(struct pollfd){freewmi_service_fd(service), POLLIN, 0}, 1, -1) >= 0)
//           freewmi_service_dispatch(service);
//
// One thread at a time may use a service; its clients in the same thread need no care, because their calls run the
// service while they wait. Results and errors are those of freewmi/freewmi.h. See also freewmi_service(3).
#ifndef FREEWMI_SERVICE_H
#define FREEWMI_SERVICE_H

#include <freewmi/freewmi.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct freewmi_service freewmi_service;

// Levels of the log.
enum freewmi_log { FREEWMI_LOG_ERROR = 0, FREEWMI_LOG_WARNING = 1, FREEWMI_LOG_NOTICE = 2, FREEWMI_LOG_DEBUG = 3 };

// All zero is a service in memory, without a socket, that says nothing. Texts are read during the call.
typedef struct freewmi_service_config {
        const char *repository;     // the file of the store, created when it is absent; NULL: in memory
        bool storage_thread;        // write to it in a thread of the service's own, so that dispatch never waits for a disk
        const char *socket;         // where other processes find it, mode 0600; NULL: nowhere
        void (*log)(void *context, int level, const char *line); // may be NULL; a line has no newline. With storage_thread
        void *log_context;                                       // also called in that thread
        uint32_t queue;             // events that may wait for one subscription; 0: 4096
        uint32_t session_bytes;     // bytes that may wait for one client; 0: 16 MiB
        uint32_t driver_timeout_ms; // how long a new subscription waits for drivers; 0: 5000
        uint32_t unload_timeout_ms; // how long unloading a driver may take; 0: 30000
        void *reserved[8];          // NULL
} freewmi_service_config;

// Starts a service. config NULL: all zero. FREEWMI_REFUSED with the reason in *error: FREEWMI_E_ALREADY_EXISTS (another
// service has the file or the socket), FREEWMI_E_INITIALIZATION_FAILURE (the file is damaged or of a newer format),
// FREEWMI_E_FAILED (the system's reason, with the path). FREEWMI_NO_MEMORY, FREEWMI_SYSTEM.
int freewmi_service_new(const freewmi_service_config *config, freewmi_service **ret, freewmi_error *error);
// Tells clients and drivers that it ends, writes what was accepted, frees all. NULL is fine.
void freewmi_service_free(freewmi_service *service);

// For poll(2): readable when there is something to do, deadlines included.
int freewmi_service_fd(const freewmi_service *service);
// Does what can be done without waiting. Returns how many peers had something, 0 when there was nothing; FREEWMI_SYSTEM
// only when the service is broken.
int freewmi_service_dispatch(freewmi_service *service);

// A client of this service in this thread. It may outlive the service, which is gone for it then.
int freewmi_service_connect(freewmi_service *service, const char *program, freewmi **ret, freewmi_error *error);
// Takes a connected Unix stream socket, even on failure: its peer is a client or a driver host. FREEWMI_SYSTEM,
// FREEWMI_NO_MEMORY.
int freewmi_service_adopt(freewmi_service *service, int take_fd, freewmi_error *error);

// Figures since the start.
typedef struct freewmi_service_figures {
        uint64_t events;       // that drivers fired and applications published
        uint64_t malformed;    // of them, those that were no events
        uint64_t unmatched;    // of them, those that nobody had subscribed to
        uint64_t deliveries;   // events queued for clients, once for each that one matched
        uint64_t lost;         // events dropped because a subscription's queue was full
        uint64_t lost_at_source; // events that drivers could not queue
        uint32_t clients, drivers, subscriptions; // at the moment
        uint32_t reserved[13];
} freewmi_service_figures;
void freewmi_service_get_figures(const freewmi_service *service, freewmi_service_figures *ret);

// Calls tell for each class that a subscription names and whose events no connected driver has announced: the name and the
// GUID ("{...}", "" when it has none), borrowed for the call. Returns false, and calls nothing, as long as no driver has
// registered anything.
bool freewmi_service_unheard(const freewmi_service *service,
                             void (*tell)(void *context, const char *class_name, const char *guid), void *context);

#ifdef __cplusplus
}
#endif

#endif
