// SPDX-License-Identifier: MIT
// The rules: their names, which never change, what they say, and the public page that says it.
#include "mofck/rules.h"

#include "mofck/check.h"

#define CLASS_QUALIFIERS    "WMI Class Qualifiers"
#define PROPERTY_QUALIFIERS "WMI Property Qualifiers"
#define CLASS_NAMES         "WMI Class Names and Base Classes"
#define REQUIRED_ITEMS      "Required Items in WMI Classes"
#define DATA_ITEMS          "Driver-Defined WMI Data Items"

const MofckRule mofck_rules[] = {
        [RULE_WMI_MISSING] = {"wmi-missing", "a class with a guid has the qualifier WMI", CLASS_QUALIFIERS},
        [RULE_GUID_MISSING] = {"guid-missing", "a WMI class has the qualifier guid", CLASS_QUALIFIERS},
        [RULE_GUID_MALFORMED] = {"guid-malformed", "guid is a GUID in a string", CLASS_QUALIFIERS},
        [RULE_GUID_DUPLICATE] = {"guid-duplicate", "a guid is that of one class", CLASS_QUALIFIERS},
        [RULE_PROVIDER_MISSING] = {"provider-missing", "a block has Provider(\"WMIProv\")", CLASS_QUALIFIERS},
        [RULE_PROVIDER_WRONG] = {"provider-wrong", "the provider is WMIProv", CLASS_QUALIFIERS},
        [RULE_DYNAMIC_MISSING] = {"dynamic-missing", "a block is Dynamic or Static", CLASS_QUALIFIERS},
        [RULE_DYNAMIC_AND_STATIC] = {"dynamic-and-static", "a block is not both Dynamic and Static",
                                     CLASS_QUALIFIERS},
        [RULE_LOCALE_MALFORMED] = {"locale-malformed", "Locale reads \"MS\\0x409\" (warning)",
                                   CLASS_QUALIFIERS},
        [RULE_QUALIFIER_TYPE] = {"qualifier-type", "a qualifier has a value of its type",
                                 CLASS_QUALIFIERS ", " PROPERTY_QUALIFIERS},

        [RULE_CLASS_NAME] = {"class-name",
                             "a class name is letters, digits and underscores, begins with a letter and does "
                             "not end with an underscore",
                             CLASS_NAMES},
        [RULE_CLASS_DUPLICATE] = {"class-duplicate", "a class is declared once (warning)", CLASS_NAMES},
        [RULE_BASE_CIRCLE] = {"base-circle",
                              "a class is not derived from itself, nor from more than 63 others",
                              CLASS_NAMES},
        [RULE_ABSTRACT_TWICE] = {"abstract-twice", "one class of a hierarchy is abstract", CLASS_NAMES},
        [RULE_EVENT_ABSTRACT] = {"event-abstract", "a class derived from WMIEvent is not abstract",
                                 CLASS_NAMES},
        [RULE_EVENT_BASE] = {"event-base", "an event block is derived from WMIEvent (warning)", CLASS_NAMES},

        [RULE_INSTANCE_NAME_MISSING] = {"instance-name-missing", "a block has InstanceName", REQUIRED_ITEMS},
        [RULE_INSTANCE_NAME_FORM] = {"instance-name-form",
                                     "it reads [key, read] string InstanceName (without read: a warning)",
                                     REQUIRED_ITEMS},
        [RULE_ACTIVE_MISSING] = {"active-missing", "a block has Active", REQUIRED_ITEMS},
        [RULE_ACTIVE_FORM] = {"active-form", "it reads [read] boolean Active (without read: a warning)",
                              REQUIRED_ITEMS},
        [RULE_REQUIRED_ITEM_ID] = {"required-item-id", "InstanceName and Active have no WmiDataId",
                                   REQUIRED_ITEMS},

        [RULE_ITEM_TYPE] = {"item-type",
                            "an item is of a type that a block holds (real32, real64 and char16, which the "
                            "page does not "
                            "name: a warning)",
                            DATA_ITEMS},
        [RULE_EMBEDDED_UNKNOWN] = {"embedded-unknown", "an embedded class is in the same file (warning)",
                                   DATA_ITEMS},
        [RULE_EMBEDDED_CLASS] = {"embedded-class", "an embedded class has WMI and guid", CLASS_QUALIFIERS},
        [RULE_EMBEDDED_CIRCLE] = {"embedded-circle", "a class does not hold objects of itself", DATA_ITEMS},
        [RULE_TOO_MANY] = {"too-many",
                           "a class has at most 1024 properties and 1024 methods, with what it inherits",
                           DATA_ITEMS},

        [RULE_KEY] = {"key", "InstanceName alone is a key", PROPERTY_QUALIFIERS},
        [RULE_DATA_ID_MISSING] = {"data-id-missing", "each item but InstanceName and Active has a WmiDataId",
                                  PROPERTY_QUALIFIERS},
        [RULE_DATA_ID_VALUE] = {"data-id-value", "a WmiDataId is a number from 1", PROPERTY_QUALIFIERS},
        [RULE_DATA_ID_DUPLICATE] = {"data-id-duplicate", "a WmiDataId is that of one item",
                                    PROPERTY_QUALIFIERS},
        [RULE_DATA_ID_GAP] = {"data-id-gap", "the WmiDataIds are 1, 2, 3 without a gap", PROPERTY_QUALIFIERS},
        [RULE_SIZE_IS_MISSING] = {"size-is-missing", "an array without a size has WmiSizeIs",
                                  PROPERTY_QUALIFIERS},
        [RULE_SIZE_IS_UNKNOWN] = {"size-is-unknown", "WmiSizeIs names another item", PROPERTY_QUALIFIERS},
        [RULE_SIZE_IS_TYPE] = {"size-is-type", "WmiSizeIs names an integer", PROPERTY_QUALIFIERS},
        [RULE_SIZE_IS_ORDER] = {"size-is-order", "the count stands in front of its array",
                                PROPERTY_QUALIFIERS},
        [RULE_SIZE_IS_SCALAR] = {"size-is-scalar", "WmiSizeIs is on an array", PROPERTY_QUALIFIERS},
        [RULE_SIZE_IS_FIXED] = {"size-is-fixed", "WmiSizeIs is on an array without a size (warning)",
                                PROPERTY_QUALIFIERS},
        [RULE_TIME_STAMP_SIZE] = {"time-stamp-size", "WmiTimeStamp is on a 64-bit item", PROPERTY_QUALIFIERS},
        [RULE_MAX_LEN_TYPE] = {"max-len-type", "MaxLen is on a string (warning)", PROPERTY_QUALIFIERS},
        [RULE_MAX_LEN_LARGE] = {"max-len-large", "a block holds strings of up to 32767 characters (warning)",
                                DATA_ITEMS},
        [RULE_VALUES_COUNT] = {"values-count", "ValueMap has a value for each of Values (warning)",
                               PROPERTY_QUALIFIERS},
        [RULE_BIT_VALUES_COUNT] = {"bit-values-count", "BitMap has a bit for each of BitValues (warning)",
                                   PROPERTY_QUALIFIERS},
        [RULE_DEFINE_VALUES_COUNT] = {"define-values-count",
                                      "DefineValues has a name for each of ValueMap (warning)",
                                      PROPERTY_QUALIFIERS},
        [RULE_DEFINE_VALUES_NAME] = {"define-values-name",
                                     "what DefineValues names can be a name in C (warning)",
                                     PROPERTY_QUALIFIERS},
        [RULE_VALUE_MAP_NUMBER] = {"value-map-number",
                                   "ValueMap and BitMap of a number have numbers that it can be (warning)",
                                   PROPERTY_QUALIFIERS},
        [RULE_EVENT_TRIGGER_UNKNOWN] = {"event-trigger-unknown", "WmiEventTrigger names an item",
                                        PROPERTY_QUALIFIERS},
        [RULE_EVENT_RATE_UNKNOWN] = {"event-rate-unknown", "WmiEventRate names an item", PROPERTY_QUALIFIERS},
        [RULE_METHOD_ID_MISSING] = {"method-id-missing", "a method has a WmiMethodId", PROPERTY_QUALIFIERS},
        [RULE_METHOD_ID_VALUE] = {"method-id-value", "a WmiMethodId is a number from 1", PROPERTY_QUALIFIERS},
        [RULE_METHOD_ID_DUPLICATE] = {"method-id-duplicate", "a WmiMethodId is that of one method",
                                      PROPERTY_QUALIFIERS},
        [RULE_METHOD_IMPLEMENTED] = {"method-implemented", "a method is Implemented (warning)",
                                     "Standard WMI Qualifiers"},
        [RULE_PARAMETER_ID] = {"parameter-id", "the IDs of a method's parameters are 0, 1, 2",
                               "Standard WMI Qualifiers"},
        [RULE_PARAMETER_DIRECTION] = {"parameter-direction", "a parameter is in, out or both (warning)",
                                      "Standard WMI Qualifiers"},
};

const size_t mofck_rule_count = RULE_COUNT;
_Static_assert(sizeof(mofck_rules) / sizeof(mofck_rules[0]) == RULE_COUNT, "each rule is described");
