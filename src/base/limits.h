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
#define LIMIT_MOF_INCLUDES     (1u << 14)  // files that one text includes
#define LIMIT_CPP_SECONDS      60u         // a C preprocessor's run over one text
#define LIMIT_MOF_ITEMS        (1u << 20)  // declarations of one document; elements of any list in it
#define LIMIT_MOF_WEIGHT       (4u << 20)  // members of the classes and values of the instances of one document
#define LIMIT_MOF_ROUNDS       256u        // of one document: deletions of what it has put before, and one
#define LIMIT_BMF_BYTES        (64u << 20) // one binary MOF, expanded
#define LIMIT_BMF_ITEMS        (1u << 21)  // its objects, members, qualifiers and array elements together
#define LIMIT_MOF_ERRORS       64u         // reported in one run
#define LIMIT_FINDINGS         1000u       // of one run of a tool that checks, shown; more are counted
#define LIMIT_FIND_BYTES       (256u << 20) // one file in which binary MOF is looked for
#define LIMIT_DECOMPILE_BYTES  (256u << 20) // the binary MOFs of one run, expanded, the first on top
#define LIMIT_ACPI_BYTES       (16u << 20)  // one file of sysfs: a table, a binary MOF
#define LIMIT_FIND_BLOBS       1024u // binary MOFs, and _WDG tables, of one file
#define LIMIT_WDG_ENTRIES      1024u // of one _WDG table
#define LIMIT_PE_ENTRIES       (1u << 16) // entries of a PE file's resource directories that are looked at
#define LIMIT_ACPI_NAMES       (1u << 16) // control methods of one file that serve _WDG tables
#define LIMIT_ACPI_PATH        1023u // characters of the path of an ACPI object
#define LIMIT_DEPTH            64u // nesting of anything: expressions, embedded objects, superclasses, MOF values
#define LIMIT_CLASS_PROPERTIES 1024u      // of one class, inherited ones included
#define LIMIT_QUALIFIERS       256u       // of one class, property, method or parameter, as declared
#define LIMIT_NAMESPACES       1024u      // of one service
#define LIMIT_CLASSES          (1u << 17) // of all its namespaces
#define LIMIT_MEMBERS          (4u << 20) // properties and methods of all classes, inherited ones included
#define LIMIT_PATH_CHARS       0x2000u    // characters of an object path (WBEM_MAX_PATH)
#define LIMIT_KEYS             256u       // of one class
#define LIMIT_OBJECT_BYTES     (16u << 20) // one encoded instance
#define LIMIT_ARRAY_ITEMS      (1u << 20) // of one value
#define LIMIT_DEFINITION_BYTES (64u << 20) // of classes that the definitions among a class's defaults stand for

#define LIMIT_MARK_BYTES       (4u << 20)  // of one mark in a store: what would be larger is not remembered
#define LIMIT_MARKS_BYTES      (16u << 20) // of all of them; the oldest go
#define LIMIT_MARKS            256u
#define LIMIT_IMPORT_LIST      (16u << 20) // bytes of the list of what an import did

#define LIMIT_JOB_CHANGES      (1u << 20) // classes and instances that one operation on the store may change
#define LIMIT_JOB_BYTES        (1u << 30) // in memory, of these as they were and as they are; one alone may be larger

// events
#define LIMIT_EVENT_BYTES   (1u << 20) // of one WNODE, whatever the registry value MaxEventSize says
#define LIMIT_INSTANCE_EVENT (2u * LIMIT_OBJECT_BYTES + (64u << 10)) // values of an event that no driver fires: two objects
#define LIMIT_INSTANCE_NAME 0x2000u    // bytes of an instance name (WBEM paths end at 0x2000 characters)
#define LIMIT_GUIDS         4096u      // of one registration
#define LIMIT_REGINFO_BYTES (1u << 20)

// wire
#define LIMIT_FRAME_BYTES       (LIMIT_MOF_BYTES + 4096u) // one message
#define LIMIT_HELLO_BYTES       4096u                     // before a peer has said who it is
#define LIMIT_SUBSCRIPTIONS     1000u                     // of one session; WMI: 1,000 for one user
#define LIMIT_CONNECTIONS       10000u                    // of one service
#define LIMIT_ALL_SUBSCRIPTIONS 10000u                    // of one service; WMI: 10,000
#define LIMIT_IN_BYTES          (1u << 30) // begun frames of all connections, beyond 64 KiB of each
#define LIMIT_ALL_LATE_REPLIES  4096u      // of one service

// what one peer may make the service or a client hold
#define LIMIT_REQUEST_BYTES    (1u << 20)                        // any request but IMPORT_MOF and those with objects
#define LIMIT_OBJECTS_BYTES    (LIMIT_OBJECT_BYTES + LIMIT_REQUEST_BYTES) // a request with objects: one, and its classes
#define LIMIT_HOST_FRAME_BYTES (LIMIT_EVENT_BYTES + (64u << 10)) // any message of a driver host
#define LIMIT_REPLY_BYTES      (1u << 20) // replies unread, beyond which a client's requests wait
#define LIMIT_PARAMETER_BYTES  (64u << 10) // of a failed request, told in its reply
#define LIMIT_ENUMERATIONS     256u  // open ones of one session
#define LIMIT_SINKS            256u  // of one session
#define LIMIT_BATCH_BYTES      (256u << 10) // objects in one reply of an enumeration, the last one on top
#define LIMIT_SESSION_JOBS     64u   // requests of one session that wait for the store
#define LIMIT_LATE_REPLIES     64u   // requests of one session that wait for driver hosts, SUBSCRIBE aside
#define LIMIT_NOTICES          64u   // unread words about driver hosts
#define LIMIT_REGISTRATIONS    1024u // of one driver host
#define LIMIT_HOST_GUIDS       (4u * LIMIT_GUIDS) // of all registrations of one driver host
#define LIMIT_ROUTES           4096u       // GUIDs whose events the router knows the way of; more begin anew
#define LIMIT_STRANGERS        1024u       // GUIDs of no class that are logged
#define LIMIT_QUEUE_ASKED      (1u << 20)  // events of a queue that a SUBSCRIBE may ask for
#define LIMIT_STREAM_CLASSES   (1u << 16)  // class versions that a client takes from one stream
#define LIMIT_HELD_BYTES       (64u << 20) // items that a client puts aside while it waits for a reply
#define LIMIT_HELD_ITEMS       4096u       // of them, those that are neither events nor losses

// queues; configurable at run time, these are the defaults
#define LIMIT_SUBSCRIPTION_QUEUE  4096u       // events waiting for one subscription
#define LIMIT_SESSION_QUEUE_BYTES (16u << 20) // bytes waiting for one session
#define LIMIT_INTAKE_QUEUE        4096u       // events waiting in a driver host
#define LIMIT_INTAKE_BYTES        (8u << 20)
#define LIMIT_EVENTS_PER_ROUND    256u // read from one host before the others get their turn
#define LIMIT_REQUESTS_PER_ROUND  64u  // read from one client before the others get their turn
#define LIMIT_ROUND_BYTES       (2u << 20) // likewise of either, the last frame on top

#endif
