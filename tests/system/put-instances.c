// SPDX-License-Identifier: MIT
// Puts instances of class Thing, Name="PREFIX-1", "PREFIX-2", ... with their number as Size, and prints each number when the
// service has acknowledged it; until the service is gone (exit 0) or something else fails (1).
//
//   put-instances PREFIX
#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"
#include "client/client.h"

enum { WAIT_MS = 60000 };

static int put(Client *c, const CimClass *k, const char *prefix, unsigned number, Diag *d)
{
        char name[64];
        CimInstance *i;
        int n = snprintf(name, sizeof(name), "%s-%u", prefix, number), r = cim_instance_new(k, &i);
        if (r)
                return r;
        i->values[cim_class_property(k, STR("Name"))] =
                (CimValue){.type = CIM_STRING, .string = utf_to16(i->owner, (Str){name, (size_t)n})};
        i->values[cim_class_property(k, STR("Size"))] = (CimValue){.type = CIM_UINT32, .uint = number};
        r = client_put_instance(c, STR("root\\default"), i, 0, WAIT_MS, NULL, d);
        cim_instance_unref(i);
        return r;
}

int main(int argc, char **argv)
{
        Client *c = NULL;
        CimInstance *k = NULL;
        Diag d = {0};
        if (argc != 2)
                return 2;
        setvbuf(stdout, NULL, _IOLBF, 0); // what was acknowledged is told, whatever happens next
        int r = client_connect(NULL, "put-instances", &c, &d);
        if (!r)
                r = client_get_object(c, STR("root\\default"), STR("Thing"), 0, WAIT_MS, &k, &d);
        for (unsigned number = 1; !r; number++) {
                r = put(c, k->class, argv[1], number, &d);
                if (!r)
                        printf("%u\n", number);
        }
        if (r != -EPIPE)
                fprintf(stderr, "%d %s\n", r, r == E_DIAG ? d.message : "");
        cim_instance_unref(k);
        client_free(c);
        return r == -EPIPE ? 0 : 1;
}
