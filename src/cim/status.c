// SPDX-License-Identifier: MIT
// The numbers of WMI as text.
#include "cim/status.h"

#include <stddef.h>

static const struct {
        uint32_t value;
        const char *name, *says;
} status_table[] = {
#define STATUS(name, value, text, says) {(uint32_t)(value), text, says},
#include "cim/status.def"
#undef STATUS
};

const char *cim_status_name(uint32_t status)
{
        for (size_t i = 0; i < sizeof(status_table) / sizeof(status_table[0]); i++)
                if (status_table[i].value == status)
                        return status_table[i].name;
        return NULL;
}

const char *cim_status_says(uint32_t status)
{
        for (size_t i = 0; i < sizeof(status_table) / sizeof(status_table[0]); i++)
                if (status_table[i].value == status)
                        return status_table[i].says;
        return "unknown status";
}
