// SPDX-License-Identifier: MIT
// Every bound of the house in one place. Each is tested at N-1, N and N+1 by the room that enforces it.
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

// text and names (WBEM_MAX_QUERY, WBEM_MAX_IDENTIFIER, error 0x80041073)
#define LIMIT_QUERY_CHARS      0x4000u // characters of a query
#define LIMIT_QUERY_TERMS      512u    // predicates of a query
#define LIMIT_NAME_CHARS       255u    // characters of a class, property or qualifier name
#define LIMIT_NAMESPACE_CHARS  1024u
#define LIMIT_MOF_BYTES        (64u << 20) // one MOF text
#define LIMIT_MOF_ERRORS       64u         // reported in one run
#define LIMIT_DEPTH            64u         // nesting of anything: expressions, embedded objects, superclasses, MOF values
#define LIMIT_CLASS_PROPERTIES 1024u       // of one class, inherited ones included
#define LIMIT_QUALIFIERS       256u        // of one class, property, method or parameter, as declared
#define LIMIT_ARRAY_ITEMS      (1u << 20)  // of one value

// events
#define LIMIT_EVENT_BYTES      (1u << 20) // of one WNODE, whatever the registry value MaxEventSize says
#define LIMIT_INSTANCE_NAME    0x2000u    // bytes of an instance name (WBEM paths end at 0x2000 characters)
#define LIMIT_GUIDS            4096u      // of one registration
#define LIMIT_REGINFO_BYTES    (1u << 20)

// wire
#define LIMIT_FRAME_BYTES      (LIMIT_MOF_BYTES + 4096u) // one message
#define LIMIT_HELLO_BYTES      4096u                     // before a peer has said who it is
#define LIMIT_SUBSCRIPTIONS    1000u                     // of one session; WMI: 1,000 for one user
#define LIMIT_CONNECTIONS      10000u                    // of one service

// queues; configurable at run time, these are the defaults
#define LIMIT_SUBSCRIPTION_QUEUE  4096u       // events waiting for one subscription
#define LIMIT_SESSION_QUEUE_BYTES (16u << 20) // bytes waiting for one session
#define LIMIT_INTAKE_QUEUE        4096u       // events waiting in a driver host
#define LIMIT_INTAKE_BYTES        (8u << 20)
#define LIMIT_EVENTS_PER_ROUND    256u // read from one host before the others get their turn

#endif
