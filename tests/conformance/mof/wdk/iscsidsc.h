// SPDX-License-Identifier: MIT
// What the iSCSI samples' MOF takes from the driver kit's header of this name when MOFCOMP_PASS is defined: the same names,
// with values of our own that are of the right kind. Enough to see whether the texts compile.
#pragma once

#define MAX_ISCSI_NAME_LEN         223
#define MAX_ISCSI_TEXT_ADDRESS_LEN 256

#define ISCSI_DIGEST_TYPE_NONE   "0"
#define ISCSI_DIGEST_TYPE_CRC32C "1"
#define ISCSI_DIGEST_CPPQUOTE    "\n// digests\n"

#define ISCSI_LOGIN_OPTIONS_INFO_SPECIFIED  uint32
#define ISCSI_LOGIN_OPTIONS_INFO_QUALIFIERS BitMap{"0", "1"}, BitValues{"HeaderDigest", "DataDigest"}
#define ISCSI_LOGIN_OPTIONS_INFO_CPPQUOTE   "\n// options\n"

#define ISCSI_LOGIN_FLAGS            uint32
#define ISCSI_LOGIN_FLAGS_QUALIFIERS BitMap{"0", "1"}, BitValues{"RequireIPsec", "MultipathEnabled"}
#define ISCSI_LOGIN_FLAGS_CPPQUOTE   "\n// flags of a login\n"

#define ISCSI_AUTH_TYPES            uint32
#define ISCSI_AUTH_TYPES_QUALIFIERS ValueMap{"0", "1"}, Values{"None", "CHAP"}

#define ISCSI_SECURITY_FLAGS          uint64
#define ISCSI_SECURITY_FLAGS_CPPQUOTE "\n// flags of security\n"
#define SECURITY_FLAG_QUALIFIERS      BitMap{"0", "1"}, BitValues{"Valid", "IKE"}
