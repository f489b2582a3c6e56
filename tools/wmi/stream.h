// SPDX-License-Identifier: MIT
// Stream: what `run` and `watch` share. It subscribes, prints events and losses, counts, and knows when to
// leave.
//
//   stream_init(&s, options);
//   stream_signals(&s);                 Ctrl-C and its kin become s.interrupts from here on
//   stream_attach(&s, client);
//   stream_subscribe(&s, ns, query, ...);
//   stream_activate(&s);                --timeout counts from here
//   for (stream_move(&s); !(end = stream_end(&s)); stream_move(&s)) stream_sleep(&s, -1);
//
// One thread, one wait: nothing here blocks on standard output. While a reader does not read, events wait in
// the service, whose queue is bounded and counts what it drops.
#ifndef WMI_STREAM_H
#define WMI_STREAM_H

#include "client/client.h"
#include "output.h"
#include "print-event.h"
#include "verb.h"

typedef enum StreamEnd {
        STREAM_GOES_ON = 0,
        STREAM_COUNT,   // --count reached and all written
        STREAM_TIMEOUT, // --timeout passed
        STREAM_SIGNAL,  // Ctrl-C, SIGTERM, SIGHUP
        STREAM_PIPE,    // nobody reads standard output
        STREAM_BROKEN,  // standard output cannot be written; told
        STREAM_CLOSED,  // the service is gone, or ended the last subscription
        STREAM_FAILED,  // an internal error; told
} StreamEnd;

typedef struct StreamQuery {
        uint32_t id;
        char *text;
        const Selection *selection;
        bool witness; // its events are told on --status-fd, neither printed nor counted
        bool ended;
} StreamQuery;

typedef struct Stream {
        const Options *options;
        int epoll, signals;
        Client *client; // borrowed
        bool reading;   // the client's descriptor is in the epoll set
        bool watching_output;
        uint32_t output_mask;
        Printer *printer;
        Output output;
        StreamQuery *queries;
        size_t query_count;
        uint64_t printed;
        unsigned moved; // items of the last stream_move
        bool more;      // it left some
        bool active;
        uint64_t deadline;   // monotonic_ms, when active and --timeout was given
        unsigned interrupts; // signals that ask to leave
        const char *awaited; // told on a terminal when it takes longer than a second
        bool children;       // SIGCHLD came; the owner clears it
        bool quiet;          // events are read and dropped
        bool closed;         // CLIENT_CLOSED came
        bool failed;
        uint32_t closed_status; // why the last subscription ended; 0
        // Told of driver hosts; may be NULL.
        void (*on_host)(void *context, const Wire_HOST_NOTICE *host);
        void *context;
} Stream;

// 0, or an exit code after a message.
int stream_init(Stream *s, const Options *o);
void stream_deinit(Stream *s);
int stream_signals(Stream *s);
// More to wait for: stream_sleep returns when it is readable.
int stream_add(Stream *s, int fd);
void stream_remove(Stream *s, int fd);
int stream_attach(Stream *s, Client *c);
// Reads pending signals into the flags. -ECANCELED when one asks to leave: as the pump of waiting calls.
int stream_check(Stream *s);

// From now on `what` is waited for ("the drivers to answer"); NULL: for nothing any more. On a terminal the
// user is told when it takes longer than a second. `what` is kept.
void stream_await(Stream *s, const char *what);

// Subscribes. label: what errors call the query ("query", "query 2"). 0, or the exit code after a message;
// WMI_DONE with s->interrupts when a signal came first.
int stream_subscribe(Stream *s, Str namespace, Str query, bool witness, const char *label);
// The subscription is active: starts --timeout, tells --status-fd.
void stream_activate(Stream *s);

// Reads and prints what has come, writes what can be written; s->moved says how many items there were.
void stream_move(Stream *s);
// Waits until there is something to do (most_ms < 0: as long as it takes) and takes the signals.
void stream_sleep(Stream *s, int most_ms);
StreamEnd stream_end(const Stream *s);
// The exit code of an end, after the message that it needs.
int stream_exit(Stream *s, StreamEnd end);

#endif
