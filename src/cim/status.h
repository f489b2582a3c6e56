// SPDX-License-Identifier: MIT
// The numbers of WMI, under names of our own: HRESULTs themselves exist in src/com alone, these are the same values.
#ifndef CIM_STATUS_H
#define CIM_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum {
#define STATUS(name, value, text, says) name = (int)(value),
#include "cim/status.def"
#undef STATUS
};

// "WBEM_E_INVALID_QUERY"; "0x8004ABCD"-like names are not invented: NULL for numbers that are not in the table.
const char *cim_status_name(uint32_t status);
// "the query is not valid"; "status 0x..." never: "unknown status" for numbers that are not in the table.
const char *cim_status_says(uint32_t status);

static inline bool cim_failed(uint32_t status)
{
        return (status & 0x80000000u) != 0;
}

#endif
