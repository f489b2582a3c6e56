// SPDX-License-Identifier: MIT
// The rules by number. For src/mofck only; the names that users see are in rules.c.
#ifndef MOFCK_RULES_H
#define MOFCK_RULES_H

typedef enum Rule {
        // WMI Class Qualifiers
        RULE_WMI_MISSING,
        RULE_GUID_MISSING,
        RULE_GUID_MALFORMED,
        RULE_GUID_DUPLICATE,
        RULE_PROVIDER_MISSING,
        RULE_PROVIDER_WRONG,
        RULE_DYNAMIC_MISSING,
        RULE_DYNAMIC_AND_STATIC,
        RULE_LOCALE_MALFORMED,
        RULE_QUALIFIER_TYPE,
        // WMI Class Names and Base Classes
        RULE_CLASS_NAME,
        RULE_CLASS_DUPLICATE,
        RULE_BASE_CIRCLE,
        RULE_ABSTRACT_TWICE,
        RULE_EVENT_ABSTRACT,
        RULE_EVENT_BASE,
        // Required Items in WMI Classes
        RULE_INSTANCE_NAME_MISSING,
        RULE_INSTANCE_NAME_FORM,
        RULE_ACTIVE_MISSING,
        RULE_ACTIVE_FORM,
        RULE_REQUIRED_ITEM_ID,
        // Driver-Defined WMI Data Items
        RULE_ITEM_TYPE,
        RULE_EMBEDDED_UNKNOWN,
        RULE_EMBEDDED_CLASS,
        RULE_EMBEDDED_CIRCLE,
        RULE_TOO_MANY,
        // WMI Property Qualifiers
        RULE_KEY,
        RULE_DATA_ID_MISSING,
        RULE_DATA_ID_VALUE,
        RULE_DATA_ID_DUPLICATE,
        RULE_DATA_ID_GAP,
        RULE_SIZE_IS_MISSING,
        RULE_SIZE_IS_UNKNOWN,
        RULE_SIZE_IS_TYPE,
        RULE_SIZE_IS_ORDER,
        RULE_SIZE_IS_SCALAR,
        RULE_SIZE_IS_FIXED,
        RULE_TIME_STAMP_SIZE,
        RULE_MAX_LEN_TYPE,
        RULE_MAX_LEN_LARGE,
        RULE_VALUES_COUNT,
        RULE_BIT_VALUES_COUNT,
        RULE_DEFINE_VALUES_COUNT,
        RULE_DEFINE_VALUES_NAME,
        RULE_VALUE_MAP_NUMBER,
        RULE_EVENT_TRIGGER_UNKNOWN,
        RULE_EVENT_RATE_UNKNOWN,
        RULE_METHOD_ID_MISSING,
        RULE_METHOD_ID_VALUE,
        RULE_METHOD_ID_DUPLICATE,
        RULE_METHOD_IMPLEMENTED,
        RULE_PARAMETER_ID,
        RULE_PARAMETER_DIRECTION,
        RULE_COUNT,
} Rule;

#endif
