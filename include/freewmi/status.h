// SPDX-License-Identifier: MIT
// The numbers of WMI: WBEM_E_NOT_FOUND is FREEWMI_E_NOT_FOUND here, WBEMMOF_E_... FREEWMI_MOF_E_...; their meaning
// is that of Microsoft's pages "WMI Error Constants" and "WMI Non-Error Constants".
#ifndef FREEWMI_STATUS_H
#define FREEWMI_STATUS_H

#include <stdint.h>

#define FREEWMI_S_NO_ERROR                           UINT32_C(0x00000000) // done
#define FREEWMI_S_FALSE                              UINT32_C(0x00000001) // nothing more
#define FREEWMI_S_ALREADY_EXISTS                     UINT32_C(0x00040001) // it existed already
#define FREEWMI_S_RESET_TO_DEFAULT                   UINT32_C(0x00040002) // the inherited value holds again
#define FREEWMI_S_DIFFERENT                          UINT32_C(0x00040003) // the two differ
#define FREEWMI_S_TIMEDOUT                           UINT32_C(0x00040004) // the time passed first
#define FREEWMI_S_NO_MORE_DATA                       UINT32_C(0x00040005) // no more data
#define FREEWMI_S_OPERATION_CANCELLED                UINT32_C(0x00040006) // cancelled
#define FREEWMI_S_PENDING                            UINT32_C(0x00040007) // not finished yet
#define FREEWMI_S_DUPLICATE_OBJECTS                  UINT32_C(0x00040008) // an object came more than once
#define FREEWMI_S_ACCESS_DENIED                      UINT32_C(0x00040009) // access to a part was denied
#define FREEWMI_S_PARTIAL_RESULTS                    UINT32_C(0x00040010) // a part could not be reached
#define FREEWMI_S_SOURCE_NOT_AVAILABLE               UINT32_C(0x00040017) // the source is not available
#define FREEWMI_E_FAILED                             UINT32_C(0x80041001) // failed
#define FREEWMI_E_NOT_FOUND                          UINT32_C(0x80041002) // not found
#define FREEWMI_E_ACCESS_DENIED                      UINT32_C(0x80041003) // access denied
#define FREEWMI_E_PROVIDER_FAILURE                   UINT32_C(0x80041004) // the provider failed
#define FREEWMI_E_TYPE_MISMATCH                      UINT32_C(0x80041005) // the types do not match
#define FREEWMI_E_OUT_OF_MEMORY                      UINT32_C(0x80041006) // out of memory
#define FREEWMI_E_INVALID_CONTEXT                    UINT32_C(0x80041007) // the context is not valid
#define FREEWMI_E_INVALID_PARAMETER                  UINT32_C(0x80041008) // a parameter is not valid
#define FREEWMI_E_NOT_AVAILABLE                      UINT32_C(0x80041009) // the resource is not available
#define FREEWMI_E_CRITICAL_ERROR                     UINT32_C(0x8004100A) // an internal error that cannot be repaired
#define FREEWMI_E_INVALID_STREAM                     UINT32_C(0x8004100B) // bytes from the other side are corrupted
#define FREEWMI_E_NOT_SUPPORTED                      UINT32_C(0x8004100C) // not supported
#define FREEWMI_E_INVALID_SUPERCLASS                 UINT32_C(0x8004100D) // the superclass is not valid
#define FREEWMI_E_INVALID_NAMESPACE                  UINT32_C(0x8004100E) // no such namespace
#define FREEWMI_E_INVALID_OBJECT                     UINT32_C(0x8004100F) // the object is not valid
#define FREEWMI_E_INVALID_CLASS                      UINT32_C(0x80041010) // no such class
#define FREEWMI_E_PROVIDER_NOT_FOUND                 UINT32_C(0x80041011) // no such provider
#define FREEWMI_E_INVALID_PROVIDER_REGISTRATION      UINT32_C(0x80041012) // the provider's registration is wrong or incomplete
#define FREEWMI_E_PROVIDER_LOAD_FAILURE              UINT32_C(0x80041013) // the provider could not be loaded
#define FREEWMI_E_INITIALIZATION_FAILURE             UINT32_C(0x80041014) // a component could not start
#define FREEWMI_E_TRANSPORT_FAILURE                  UINT32_C(0x80041015) // the service cannot be reached
#define FREEWMI_E_INVALID_OPERATION                  UINT32_C(0x80041016) // the operation is not valid here
#define FREEWMI_E_INVALID_QUERY                      UINT32_C(0x80041017) // the query is not valid
#define FREEWMI_E_INVALID_QUERY_TYPE                 UINT32_C(0x80041018) // the query language is not WQL
#define FREEWMI_E_ALREADY_EXISTS                     UINT32_C(0x80041019) // it exists already
#define FREEWMI_E_OVERRIDE_NOT_ALLOWED               UINT32_C(0x8004101A) // the qualifier may not be overridden
#define FREEWMI_E_PROPAGATED_QUALIFIER               UINT32_C(0x8004101B) // the qualifier is inherited and cannot be deleted here
#define FREEWMI_E_PROPAGATED_PROPERTY                UINT32_C(0x8004101C) // the property is inherited and cannot be deleted here
#define FREEWMI_E_UNEXPECTED                         UINT32_C(0x8004101D) // called in the wrong order
#define FREEWMI_E_ILLEGAL_OPERATION                  UINT32_C(0x8004101E) // the operation is illegal
#define FREEWMI_E_CANNOT_BE_KEY                      UINT32_C(0x8004101F) // the property cannot be a key
#define FREEWMI_E_INCOMPLETE_CLASS                   UINT32_C(0x80041020) // the class is incomplete
#define FREEWMI_E_INVALID_SYNTAX                     UINT32_C(0x80041021) // the syntax is not valid
#define FREEWMI_E_NONDECORATED_OBJECT                UINT32_C(0x80041022) // reserved by WMI (nondecorated object)
#define FREEWMI_E_READ_ONLY                          UINT32_C(0x80041023) // read only
#define FREEWMI_E_PROVIDER_NOT_CAPABLE               UINT32_C(0x80041024) // the provider cannot do that
#define FREEWMI_E_CLASS_HAS_CHILDREN                 UINT32_C(0x80041025) // the class has subclasses
#define FREEWMI_E_CLASS_HAS_INSTANCES                UINT32_C(0x80041026) // the class has instances
#define FREEWMI_E_QUERY_NOT_IMPLEMENTED              UINT32_C(0x80041027) // reserved by WMI (query not implemented)
#define FREEWMI_E_ILLEGAL_NULL                       UINT32_C(0x80041028) // this may not be NULL
#define FREEWMI_E_INVALID_QUALIFIER_TYPE             UINT32_C(0x80041029) // the type cannot be that of a qualifier
#define FREEWMI_E_INVALID_PROPERTY_TYPE              UINT32_C(0x8004102A) // the type cannot be that of a property
#define FREEWMI_E_VALUE_OUT_OF_RANGE                 UINT32_C(0x8004102B) // the value is out of range
#define FREEWMI_E_CANNOT_BE_SINGLETON                UINT32_C(0x8004102C) // the class cannot be a singleton
#define FREEWMI_E_INVALID_CIM_TYPE                   UINT32_C(0x8004102D) // not a CIM type
#define FREEWMI_E_INVALID_METHOD                     UINT32_C(0x8004102E) // no such method
#define FREEWMI_E_INVALID_METHOD_PARAMETERS          UINT32_C(0x8004102F) // the parameters of the method are not valid
#define FREEWMI_E_SYSTEM_PROPERTY                    UINT32_C(0x80041030) // a system property
#define FREEWMI_E_INVALID_PROPERTY                   UINT32_C(0x80041031) // no such property
#define FREEWMI_E_CALL_CANCELLED                     UINT32_C(0x80041032) // the call was cancelled
#define FREEWMI_E_SHUTTING_DOWN                      UINT32_C(0x80041033) // the service is ending
#define FREEWMI_E_PROPAGATED_METHOD                  UINT32_C(0x80041034) // the method is inherited with another signature
#define FREEWMI_E_UNSUPPORTED_PARAMETER              UINT32_C(0x80041035) // the parameter is not supported
#define FREEWMI_E_MISSING_PARAMETER_ID               UINT32_C(0x80041036) // a parameter of the method is missing
#define FREEWMI_E_INVALID_PARAMETER_ID               UINT32_C(0x80041037) // the ID of a parameter is not valid
#define FREEWMI_E_NONCONSECUTIVE_PARAMETER_IDS       UINT32_C(0x80041038) // the IDs of parameters have gaps
#define FREEWMI_E_PARAMETER_ID_ON_RETVAL             UINT32_C(0x80041039) // a return value has no ID
#define FREEWMI_E_INVALID_OBJECT_PATH                UINT32_C(0x8004103A) // the object path is not valid
#define FREEWMI_E_OUT_OF_DISK_SPACE                  UINT32_C(0x8004103B) // the disk is full
#define FREEWMI_E_BUFFER_TOO_SMALL                   UINT32_C(0x8004103C) // the buffer is too small
#define FREEWMI_E_UNSUPPORTED_PUT_EXTENSION          UINT32_C(0x8004103D) // the provider cannot put in this way
#define FREEWMI_E_UNKNOWN_OBJECT_TYPE                UINT32_C(0x8004103E) // an object of unknown type or version was received
#define FREEWMI_E_UNKNOWN_PACKET_TYPE                UINT32_C(0x8004103F) // a packet of unknown type or version was received
#define FREEWMI_E_MARSHAL_VERSION_MISMATCH           UINT32_C(0x80041040) // a packet of another version was received
#define FREEWMI_E_MARSHAL_INVALID_SIGNATURE          UINT32_C(0x80041041) // a packet has a wrong signature
#define FREEWMI_E_INVALID_QUALIFIER                  UINT32_C(0x80041042) // the qualifier is not valid
#define FREEWMI_E_INVALID_DUPLICATE_PARAMETER        UINT32_C(0x80041043) // the parameter is given twice
#define FREEWMI_E_TOO_MUCH_DATA                      UINT32_C(0x80041044) // more data than expected
#define FREEWMI_E_SERVER_TOO_BUSY                    UINT32_C(0x80041045) // the service is too busy
#define FREEWMI_E_INVALID_FLAVOR                     UINT32_C(0x80041046) // the flavor of the qualifier is not valid
#define FREEWMI_E_CIRCULAR_REFERENCE                 UINT32_C(0x80041047) // the object refers to itself
#define FREEWMI_E_UNSUPPORTED_CLASS_UPDATE           UINT32_C(0x80041048) // the class cannot be updated in this way
#define FREEWMI_E_CANNOT_CHANGE_KEY_INHERITANCE      UINT32_C(0x80041049) // the key is in use by subclasses or instances
#define FREEWMI_E_CANNOT_CHANGE_INDEX_INHERITANCE    UINT32_C(0x80041050) // the index is in use by subclasses or instances
#define FREEWMI_E_TOO_MANY_PROPERTIES                UINT32_C(0x80041051) // the class would have too many properties
#define FREEWMI_E_UPDATE_TYPE_MISMATCH               UINT32_C(0x80041052) // a subclass declares the property with another type
#define FREEWMI_E_UPDATE_OVERRIDE_NOT_ALLOWED        UINT32_C(0x80041053) // a subclass overrides a qualifier that it may not
#define FREEWMI_E_UPDATE_PROPAGATED_METHOD           UINT32_C(0x80041054) // a subclass declares the method with another signature
#define FREEWMI_E_METHOD_NOT_IMPLEMENTED             UINT32_C(0x80041055) // the method is not implemented
#define FREEWMI_E_METHOD_DISABLED                    UINT32_C(0x80041056) // the method is disabled
#define FREEWMI_E_REFRESHER_BUSY                     UINT32_C(0x80041057) // the refresher is busy
#define FREEWMI_E_UNPARSABLE_QUERY                   UINT32_C(0x80041058) // the event query cannot be parsed
#define FREEWMI_E_NOT_EVENT_CLASS                    UINT32_C(0x80041059) // not an event class
#define FREEWMI_E_MISSING_GROUP_WITHIN               UINT32_C(0x8004105A) // GROUP BY needs GROUP WITHIN
#define FREEWMI_E_MISSING_AGGREGATION_LIST           UINT32_C(0x8004105B) // GROUP BY needs property names
#define FREEWMI_E_PROPERTY_NOT_AN_OBJECT             UINT32_C(0x8004105C) // not an embedded object
#define FREEWMI_E_AGGREGATING_BY_OBJECT              UINT32_C(0x8004105D) // cannot group by an object
#define FREEWMI_E_UNINTERPRETABLE_PROVIDER_QUERY     UINT32_C(0x8004105F) // the query of an event provider's registration matches no class
#define FREEWMI_E_BACKUP_RESTORE_WINMGMT_RUNNING     UINT32_C(0x80041060) // the service runs, which backup or restore forbids
#define FREEWMI_E_QUEUE_OVERFLOW                     UINT32_C(0x80041061) // the queue is full
#define FREEWMI_E_PRIVILEGE_NOT_HELD                 UINT32_C(0x80041062) // a privilege is missing
#define FREEWMI_E_INVALID_OPERATOR                   UINT32_C(0x80041063) // the operator does not fit the type
#define FREEWMI_E_LOCAL_CREDENTIALS                  UINT32_C(0x80041064) // no user name for a local connection
#define FREEWMI_E_CANNOT_BE_ABSTRACT                 UINT32_C(0x80041065) // a class below one that is not abstract cannot be abstract
#define FREEWMI_E_AMENDED_OBJECT                     UINT32_C(0x80041066) // an amended object needs the flag for amended qualifiers
#define FREEWMI_E_CLIENT_TOO_SLOW                    UINT32_C(0x80041067) // the client reads too slowly
#define FREEWMI_E_NULL_SECURITY_DESCRIPTOR           UINT32_C(0x80041068) // the security descriptor is NULL
#define FREEWMI_E_TIMED_OUT                          UINT32_C(0x80041069) // no answer in time
#define FREEWMI_E_INVALID_ASSOCIATION                UINT32_C(0x8004106A) // the association is not valid
#define FREEWMI_E_AMBIGUOUS_OPERATION                UINT32_C(0x8004106B) // the operation is ambiguous
#define FREEWMI_E_QUOTA_VIOLATION                    UINT32_C(0x8004106C) // a quota is used up
#define FREEWMI_E_RESERVED_001                       UINT32_C(0x8004106D) // reserved by WMI (1)
#define FREEWMI_E_RESERVED_002                       UINT32_C(0x8004106E) // reserved by WMI (2)
#define FREEWMI_E_UNSUPPORTED_LOCALE                 UINT32_C(0x8004106F) // the locale is not supported
#define FREEWMI_E_HANDLE_OUT_OF_DATE                 UINT32_C(0x80041070) // the handle is out of date
#define FREEWMI_E_CONNECTION_FAILED                  UINT32_C(0x80041071) // the connection to the SQL database failed
#define FREEWMI_E_INVALID_HANDLE_REQUEST             UINT32_C(0x80041072) // the request for a handle is not valid
#define FREEWMI_E_PROPERTY_NAME_TOO_WIDE             UINT32_C(0x80041073) // the property name is too long
#define FREEWMI_E_CLASS_NAME_TOO_WIDE                UINT32_C(0x80041074) // the class name is too long
#define FREEWMI_E_METHOD_NAME_TOO_WIDE               UINT32_C(0x80041075) // the method name is too long
#define FREEWMI_E_QUALIFIER_NAME_TOO_WIDE            UINT32_C(0x80041076) // the qualifier name is too long
#define FREEWMI_E_RERUN_COMMAND                      UINT32_C(0x80041077) // the SQL command must be given again
#define FREEWMI_E_DATABASE_VER_MISMATCH              UINT32_C(0x80041078) // the database has another version
#define FREEWMI_E_VETO_DELETE                        UINT32_C(0x80041079) // the deletion was vetoed
#define FREEWMI_E_VETO_PUT                           UINT32_C(0x8004107A) // vetoed
#define FREEWMI_E_INVALID_LOCALE                     UINT32_C(0x80041080) // the locale is not valid
#define FREEWMI_E_PROVIDER_SUSPENDED                 UINT32_C(0x80041081) // the provider is suspended
#define FREEWMI_E_SYNCHRONIZATION_REQUIRED           UINT32_C(0x80041082) // the object must be put and got again first
#define FREEWMI_E_NO_SCHEMA                          UINT32_C(0x80041083) // no schema is available
#define FREEWMI_E_PROVIDER_ALREADY_REGISTERED        UINT32_C(0x80041084) // the provider is registered already
#define FREEWMI_E_PROVIDER_NOT_REGISTERED            UINT32_C(0x80041085) // the provider is not registered
#define FREEWMI_E_FATAL_TRANSPORT_ERROR              UINT32_C(0x80041086) // the transport failed for good
#define FREEWMI_E_ENCRYPTED_CONNECTION_REQUIRED      UINT32_C(0x80041087) // the connection must be encrypted
#define FREEWMI_E_PROVIDER_TIMED_OUT                 UINT32_C(0x80041088) // the provider did not answer in time
#define FREEWMI_E_NO_KEY                             UINT32_C(0x80041089) // the instance has no key
#define FREEWMI_E_PROVIDER_DISABLED                  UINT32_C(0x8004108A) // the provider is disabled
#define FREEWMI_ESS_E_REGISTRATION_TOO_BROAD         UINT32_C(0x80042001) // the registration is too broad
#define FREEWMI_ESS_E_REGISTRATION_TOO_PRECISE       UINT32_C(0x80042002) // a WITHIN clause is missing
#define FREEWMI_ESS_E_AUTHZ_NOT_PRIVILEGED           UINT32_C(0x80042003) // the service account lacks a privilege
#define FREEWMI_MOF_E_EXPECTED_QUALIFIER_NAME        UINT32_C(0x80044001) // expected a qualifier name
#define FREEWMI_MOF_E_EXPECTED_SEMI                  UINT32_C(0x80044002) // expected ';' or '='
#define FREEWMI_MOF_E_EXPECTED_OPEN_BRACE            UINT32_C(0x80044003) // expected '{'
#define FREEWMI_MOF_E_EXPECTED_CLOSE_BRACE           UINT32_C(0x80044004) // expected '}' or an array element
#define FREEWMI_MOF_E_EXPECTED_CLOSE_BRACKET         UINT32_C(0x80044005) // expected ']'
#define FREEWMI_MOF_E_EXPECTED_CLOSE_PAREN           UINT32_C(0x80044006) // expected ')'
#define FREEWMI_MOF_E_ILLEGAL_CONSTANT_VALUE         UINT32_C(0x80044007) // constant out of range or string without quotes
#define FREEWMI_MOF_E_EXPECTED_TYPE_IDENTIFIER       UINT32_C(0x80044008) // expected a type
#define FREEWMI_MOF_E_EXPECTED_OPEN_PAREN            UINT32_C(0x80044009) // expected '('
#define FREEWMI_MOF_E_UNRECOGNIZED_TOKEN             UINT32_C(0x8004400A) // not a MOF token
#define FREEWMI_MOF_E_UNRECOGNIZED_TYPE              UINT32_C(0x8004400B) // not a type
#define FREEWMI_MOF_E_EXPECTED_PROPERTY_NAME         UINT32_C(0x8004400C) // expected a property or method name
#define FREEWMI_MOF_E_TYPEDEF_NOT_SUPPORTED          UINT32_C(0x8004400D) // typedefs and enumerations are not supported
#define FREEWMI_MOF_E_UNEXPECTED_ALIAS               UINT32_C(0x8004400E) // an alias is for references only
#define FREEWMI_MOF_E_UNEXPECTED_ARRAY_INIT          UINT32_C(0x8004400F) // an array value for a scalar
#define FREEWMI_MOF_E_INVALID_AMENDMENT_SYNTAX       UINT32_C(0x80044010) // amendment syntax
#define FREEWMI_MOF_E_INVALID_DUPLICATE_AMENDMENT    UINT32_C(0x80044011) // second amendment
#define FREEWMI_MOF_E_INVALID_PRAGMA                 UINT32_C(0x80044012) // no such pragma
#define FREEWMI_MOF_E_INVALID_NAMESPACE_SYNTAX       UINT32_C(0x80044013) // namespace syntax
#define FREEWMI_MOF_E_EXPECTED_CLASS_NAME            UINT32_C(0x80044014) // expected a class name
#define FREEWMI_MOF_E_TYPE_MISMATCH                  UINT32_C(0x80044015) // the value does not fit the type
#define FREEWMI_MOF_E_EXPECTED_ALIAS_NAME            UINT32_C(0x80044016) // expected an alias name
#define FREEWMI_MOF_E_INVALID_CLASS_DECLARATION      UINT32_C(0x80044017) // class declaration
#define FREEWMI_MOF_E_INVALID_INSTANCE_DECLARATION   UINT32_C(0x80044018) // instance declaration
#define FREEWMI_MOF_E_EXPECTED_DOLLAR                UINT32_C(0x80044019) // expected '$'
#define FREEWMI_MOF_E_CIMTYPE_QUALIFIER              UINT32_C(0x8004401A) // CIMTYPE is set by the type alone
#define FREEWMI_MOF_E_DUPLICATE_PROPERTY             UINT32_C(0x8004401B) // the property is declared twice
#define FREEWMI_MOF_E_INVALID_NAMESPACE_SPECIFICATION UINT32_C(0x8004401C) // the namespace is on another machine
#define FREEWMI_MOF_E_OUT_OF_RANGE                   UINT32_C(0x8004401D) // out of range
#define FREEWMI_MOF_E_INVALID_FILE                   UINT32_C(0x8004401E) // not a MOF file
#define FREEWMI_MOF_E_ALIASES_IN_EMBEDDED            UINT32_C(0x8004401F) // no alias in an embedded object
#define FREEWMI_MOF_E_NULL_ARRAY_ELEM                UINT32_C(0x80044020) // NULL in an array
#define FREEWMI_MOF_E_DUPLICATE_QUALIFIER            UINT32_C(0x80044021) // the qualifier is given twice
#define FREEWMI_MOF_E_EXPECTED_FLAVOR_TYPE           UINT32_C(0x80044022) // expected a flavor
#define FREEWMI_MOF_E_INCOMPATIBLE_FLAVOR_TYPES      UINT32_C(0x80044023) // the flavors exclude each other
#define FREEWMI_MOF_E_MULTIPLE_ALIASES               UINT32_C(0x80044024) // the alias is given twice
#define FREEWMI_MOF_E_INCOMPATIBLE_FLAVOR_TYPES2     UINT32_C(0x80044025) // the flavors exclude each other
#define FREEWMI_MOF_E_NO_ARRAYS_RETURNED             UINT32_C(0x80044026) // a method cannot return an array
#define FREEWMI_MOF_E_MUST_BE_IN_OR_OUT              UINT32_C(0x80044027) // in, out or both
#define FREEWMI_MOF_E_INVALID_FLAGS_SYNTAX           UINT32_C(0x80044028) // flags syntax
#define FREEWMI_MOF_E_EXPECTED_BRACE_OR_BAD_TYPE     UINT32_C(0x80044029) // expected '}' or a type
#define FREEWMI_MOF_E_UNSUPPORTED_CIMV22_QUAL_VALUE  UINT32_C(0x8004402A) // not supported
#define FREEWMI_MOF_E_UNSUPPORTED_CIMV22_DATA_TYPE   UINT32_C(0x8004402B) // not supported
#define FREEWMI_MOF_E_INVALID_DELETEINSTANCE_SYNTAX  UINT32_C(0x8004402C) // deleteinstance syntax
#define FREEWMI_MOF_E_INVALID_QUALIFIER_SYNTAX       UINT32_C(0x8004402D) // qualifier syntax
#define FREEWMI_MOF_E_QUALIFIER_USED_OUTSIDE_SCOPE   UINT32_C(0x8004402E) // the qualifier does not belong here
#define FREEWMI_MOF_E_ERROR_CREATING_TEMP_FILE       UINT32_C(0x8004402F) // no temporary file
#define FREEWMI_MOF_E_ERROR_INVALID_INCLUDE_FILE     UINT32_C(0x80044030) // the include file cannot be read
#define FREEWMI_MOF_E_INVALID_DELETECLASS_SYNTAX     UINT32_C(0x80044031) // deleteclass syntax

#endif
