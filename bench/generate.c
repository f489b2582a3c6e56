// SPDX-License-Identifier: MIT
// Classes as drivers have them: qualifiers with texts, items with ids, lists of values, methods, comments.
#include "generate.h"

#include <stdio.h>

// A plain linear generator: the same text on every machine.
static uint32_t next(uint64_t *state, uint32_t below)
{
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)(*state >> 33) % below;
}

static const char *const nouns[] = {"Adapter", "Link",   "Queue",  "Sensor", "Volume", "Session", "Packet", "Timeout",
                                    "Battery", "Thermal", "Buffer", "Target", "Driver", "Counter", "Policy", "Window"};
static const char *const verbs[] = {"Current", "Maximum", "Failed", "Total", "Pending", "Last", "Enabled", "Average"};
static const char *const types[] = {"uint32", "uint64", "string", "uint16", "boolean", "uint8", "sint32", "datetime"};

static void name(uint64_t *s, Buf *out)
{
        buf_printf(out, "%s%s", verbs[next(s, 8)], nouns[next(s, 16)]);
}

static void head(unsigned i, uint64_t *s, const char *super, Buf *out)
{
        buf_printf(out, "\n// Block %u of the sample adapter.\n[WMI, Dynamic, Provider(\"WMIProv\"),\n", i);
        buf_printf(out, " guid(\"{%08x-%04x-%04x-9a%02x-%012llx}\"), locale(\"MS\\\\0x409\"),\n", next(s, 0xFFFFFFFF),
                   next(s, 0xFFFF), next(s, 0xFFFF), next(s, 0xFF), (unsigned long long)i * 0x10001);
        buf_printf(out, " WmiExpense(%u), Description(\"What the adapter knows about its %s\") : amended]\n", next(s, 9),
                   nouns[next(s, 16)]);
        buf_printf(out, "class Sample_%s%s_%u%s\n{\n", nouns[next(s, 16)], nouns[next(s, 16)], i, super);
        buf_text(out, "  [key, read] string InstanceName;\n  [read] boolean Active;\n\n");
}

static void item(unsigned id, uint64_t *s, Buf *out)
{
        buf_printf(out, "  [WmiDataId(%u), read, %sDescription(\"The ", id, next(s, 3) ? "" : "write, ");
        buf_printf(out, "%s number of units since the device has been started\") : amended", verbs[next(s, 8)]);
        if (next(s, 4) == 0)
                buf_text(out, ",\n   ValueMap{\"0\", \"1\", \"2\", \"3\"},\n   Values{\"Unknown\", \"Off\", \"On\", "
                              "\"Failed\"} : ToSubClass amended");
        buf_printf(out, "]\n  %s ", types[next(s, 8)]);
        name(s, out);
        buf_printf(out, "%u%s;\n", id, next(s, 6) ? "" : next(s, 2) ? "[16]" : " = NULL");
}

static void methods(uint64_t *s, Buf *out)
{
        for (unsigned i = 1; i <= 3; i++) {
                buf_printf(out, "  [Implemented, WmiMethodId(%u), Description(\"Sets it\") : amended]\n  void ", i);
                name(s, out);
                buf_printf(out, "%u([in, Description(\"which\")] uint32 Which, [in] string To, [out] uint32 Result);\n", i);
        }
}

void generate_classes(unsigned classes, Buf *out)
{
        uint64_t s = 42;
        buf_text(out, "#pragma autorecover\n#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\n"
                      "#pragma classflags(\"forceupdate\")\n");
        for (unsigned i = 0; i < classes; i++) {
                head(i, &s, i % 3 == 1 ? " : WMIEvent" : "", out);
                unsigned items = i % 3 == 2 ? 1 : 3 + next(&s, 6);
                for (unsigned k = 1; k <= items; k++)
                        item(k, &s, out);
                if (i % 3 == 2)
                        methods(&s, out);
                buf_text(out, "};\n");
        }
}
