#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""include/freewmi/status.h has every number of src/cim/status.def, under the public names. TAP.

usage: status-header.py [--write]
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADER = os.path.join(ROOT, "include/freewmi/status.h")


def wanted():
    with open(os.path.join(ROOT, "src/cim/status.def"), encoding="utf-8") as f:
        rows = re.findall(r'^STATUS\(\w+,\s*(0x\w+),\s*"(\w+)",\s*"([^"]*)"\)', f.read(), re.M)
    lines = ["// SPDX-License-Identifier: MIT",
             "// The numbers of WMI: WBEM_E_NOT_FOUND is FREEWMI_E_NOT_FOUND here, WBEMMOF_E_... FREEWMI_MOF_E_...; their meaning",
             "// is that of Microsoft's pages \"WMI Error Constants\" and \"WMI Non-Error Constants\".",
             "#ifndef FREEWMI_STATUS_H", "#define FREEWMI_STATUS_H", "", "#include <stdint.h>", ""]
    for value, name, says in rows:
        public = re.sub(r"^WBEM(MOF|ESS)?_", lambda m: "FREEWMI_" + (m.group(1) + "_" if m.group(1) else ""), name)
        lines.append(f"#define {public:<44} UINT32_C({value}) // {says}")
    return "\n".join(lines + ["", "#endif", ""])


def main():
    if "--write" in sys.argv:
        with open(HEADER, "w", encoding="utf-8") as f:
            f.write(wanted())
        return 0
    with open(HEADER, encoding="utf-8") as f:
        same = f.read() == wanted()
    print("1..1")
    print(("ok" if same else "not ok") + " 1 - include/freewmi/status.h is that of src/cim/status.def")
    if not same:
        print("# after a change there: tests/abi/status-header.py --write")
    return not same


sys.exit(main())
