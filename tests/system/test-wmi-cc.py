#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmi-cc: drivers and programs from Windows sources, with gcc and clang."""
import os
import re
import shutil
import subprocess

from kit import *

COMPILERS = [c for c in ("gcc", "clang") if shutil.which(c)]

DRIVER = r"""
#include <ntddk.h>
#include <stdio.h>
#include <wmistr.h>
#include <wmilib.h>
#pragma comment(lib, "wmilib.lib")
#pragma warning(disable : 4214)
DRIVER_INITIALIZE DriverEntry;
#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#endif
int communal; /* in both files: one variable, as with Microsoft's linker */
static NTSTATUS unused(void) { return IoCreateDevice(NULL, 0, NULL, 0, 0, FALSE, NULL); }
NTSTATUS Second(void);
NTSTATUS Unreferenced(void) { return unused(); }
NTSTATUS DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
        LARGE_INTEGER now;
        WCHAR text[40];
        char narrow[40];

        UNREFERENCED_PARAMETER(driver);
        PAGED_CODE();
        KeQuerySystemTime(&now);
        swprintf(text, L"%I64d %wZ", now.QuadPart, path);
        sprintf(narrow, "%ld", (LONG)wcslen(text));
        _snprintf(narrow, sizeof(narrow), "%s", "constant");
        return KeGetCurrentIrql() == PASSIVE_LEVEL ? Second() : STATUS_UNSUCCESSFUL;
}
"""
SECOND = '#include <ntddk.h>\nint communal;\nNTSTATUS Second(void) { return communal; }\n'


def put(t, name, text):
    path = os.path.join(t.dir, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def cc(t, compiler, *args, status=0, env=None):
    return t.run("wmi-cc", *args, status=status, env={**t.env, "WMI_CC": compiler, "TMPDIR": t.dir, **(env or {})})


def symbols(path, *options):
    out = subprocess.run(["nm", *options, path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0]: line.split()[-2] for line in out.splitlines() if line.strip()}


def dynamic(path):
    return subprocess.run(["readelf", "-dW", path], capture_output=True, text=True, check=True).stdout


def each_compiler(f):
    def run(t):
        for compiler in COMPILERS:
            f(t, compiler)
    run.__name__ = f.__name__
    return test(run)


@each_compiler
def a_driver_shows_its_entry_point_alone(t, compiler):
    put(t, "a.c", DRIVER)
    put(t, "b.c", SECOND)
    for level in ("-O0", "-O2"):
        p = cc(t, compiler, level, "-Wall", "-Wextra", "-Wno-unused-function", "-shared", "-o", "x.so", "a.c", "b.c",
               "-lwmilib", "wmilib.lib", "-l", "ole32", "NTOSKRNL.LIB")
        t.equal(p.err, [], "warnings")
        seen = symbols(f"{t.dir}/x.so", "-D")
        t.equal([s for s, kind in seen.items() if kind in "TDBRVW"], ["DriverEntry"], "exports")
        wanted = {s for s, kind in seen.items() if kind == "U"}
        t.true({"KeQuerySystemTime", "KeGetCurrentIrql", "fwcrt__swprintf", "fwcrt_wcslen"} <= wanted, f"wanted: {wanted}")
        t.true("IoCreateDevice" not in wanted, "unreferenced code asks for nothing")
        t.true(not wanted & {"sprintf", "swprintf", "_snprintf", "wcslen", "__sprintf_chk"}, f"libc's own: {wanted}")
        t.true("libfreewmi" not in dynamic(f"{t.dir}/x.so"), "no library of ours")
        t.true("SYMBOLIC" in dynamic(f"{t.dir}/x.so"), "-Bsymbolic")
        t.true(".debug_info" in subprocess.run(["readelf", "-SW", f"{t.dir}/x.so"], capture_output=True, text=True).stdout, "-g")


@each_compiler
def undeclared_functions_are_ours_too(t, compiler):
    put(t, "a.c", "void f(char *b, void *p) { sprintf(b, \"%ld\", 5); _snprintf(b, 3, \"x\"); (void)wcslen(p); wprintf(p);\n"
                  "printf(\"line\\n\"); snprintf(b, 2, \"%s\", b); (void)strtoul(b, 0, 0); }\n")
    for level in ("-O0", "-O2"):
        cc(t, compiler, "-w", level, "-c", "-o", "a.o", "a.c")
        seen = {s for s, kind in symbols(f"{t.dir}/a.o", "-u").items() if s != "_GLOBAL_OFFSET_TABLE_"}
        t.true(all(s.startswith("fwcrt_") for s in seen) and seen, f"{seen}")


@each_compiler
def headers_in_any_case(t, compiler):
    put(t, "inc/Toaster.H", "#include \"sub\\Deep.H\"\n#define FOUND DEEP\n")
    put(t, "inc/sub/deep.h", "#define DEEP STATUS_SUCCESS\n")
    put(t, "src/Own.h", "#define OWN 1\n")
    put(t, "src/a.c", '#include <NtDDK.h>\n#include <WMILIB.H>\n#include "..\\INC\\toaster.h"\n#include "own.H"\n'
                      '#include "a.tmh"\n#include <sys/types.h>\n'
                      "NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING p)\n"
                      "{ (void)d; (void)p; TraceEvents(1, 2, \"x\"); return FOUND + OWN - 1; }\n")
    p = cc(t, compiler, "-Wall", "-shared", "-o", "x.so", "src/a.c")
    t.equal(p.err, [], "messages")
    p = cc(t, compiler, "-v", "-c", "-o", "x.o", "src/a.c")
    t.true(any("own.H" in line and "Own.h" in line for line in p.err), f"-v tells what a name is: {p.err}")
    p = cc(t, compiler, "-E", "src/a.c")
    t.equal(sum("DriverEntry(PDRIVER_OBJECT d" in line for line in p.out), 1, "-E prints the source once")
    p = cc(t, compiler, "-Iinc", "-E", "-x", "c", "src/a.c")
    t.equal([f for f in os.listdir(t.dir) if f.startswith("wmi-cc.")], [], "temporary directories left")


@each_compiler
def a_missing_header_is_the_compilers_error(t, compiler):
    put(t, "a.c", "#include <ntddk.h>\n#include \"nowhere.h\"\n")
    p = cc(t, compiler, "-c", "a.c", status=1)
    t.true(any("nowhere.h" in line and "a.c:2" in line for line in p.err), f"{p.err}")
    # a driver's generated WmiData.h is not the system's wmidata.h
    put(t, "b.c", "#include <ntddk.h>\n#include \"WmiData.h\"\n")
    p = cc(t, compiler, "-c", "b.c", status=1)
    t.true(any("WmiData.h" in line for line in p.err), f"{p.err}")


@each_compiler
def linux_code_leaves_a_note(t, compiler):
    put(t, "a.c", "#include <ntddk.h>\n#include <poll.h>\n#include <stdio.h>\n#include <linux/netlink.h>\n"
                  "#include <sys/socket.h>\n#include <sys/eventfd.h>\n#include <stdlib.h>\n#include <wchar.h>\n"
                  "#ifdef _WIN32\n#error Linux code is not for Windows\n#endif\n"
                  "NTSTATUS DriverEntry(PDRIVER_OBJECT d, PUNICODE_STRING p)\n"
                  "{ char b[30]; wchar_t w[30]; (void)d; (void)p; snprintf(b, sizeof(b), \"%ld\", 1L << 40);\n"
                  "  wcscpy(w, L\"x\"); mbstowcs(w, b, 30); return poll(NULL, 0, 0) + b[0] + w[0]; }\n")
    cc(t, compiler, "-mlinux", "-O2", "-Wall", "-D_FORTIFY_SOURCE=2", "-shared", "-o", "x.so", "a.c")
    notes = subprocess.run(["readelf", "-nW", f"{t.dir}/x.so"], capture_output=True, text=True).stdout
    section = subprocess.run(["objcopy", "-O", "binary", "--only-section=.note.freewmi", f"{t.dir}/x.so", f"{t.dir}/note"])
    t.equal(section.returncode, 0)
    with open(f"{t.dir}/note", "rb") as f:
        t.equal(f.read(), b"\x08\0\0\0\x06\0\0\0\x01\0\0\0FreeWMI\0linux\0\0\0", "the note")
    t.true("FreeWMI" in notes, notes)
    seen = symbols(f"{t.dir}/x.so", "-D")
    t.true("snprintf" in seen or "__snprintf_chk" in seen, f"narrow stdio is libc's: {seen}")
    t.true("fwcrt_wcscpy" in seen and "fwcrt_mbstowcs" in seen, f"wide functions are ours: {seen}")
    put(t, "b.c", DRIVER + "NTSTATUS Second(void) { return 0; }\n")
    cc(t, compiler, "-shared", "-o", "y.so", "b.c")
    cc(t, compiler, "-shared", "-Wl,--no-gc-sections", "-o", "y.so", "b.c")
    t.true("IoCreateDevice" in symbols(f"{t.dir}/y.so", "-D"), "the user's own arguments have the last word")
    t.true("freewmi" not in subprocess.run(["readelf", "-SW", f"{t.dir}/y.so"], capture_output=True, text=True).stdout,
           "no note without -mlinux")


@each_compiler
def a_part_of_a_driver_keeps_all(t, compiler):
    put(t, "part.c", "#include <ntddk.h>\nNTSTATUS SomebodyElse(void);\nNTSTATUS Part(void) { DbgPrint(\"x\"); return SomebodyElse(); }\n")
    p = cc(t, compiler, "-shared", "-o", "part.so", "part.c")
    t.true("defines no DriverEntry" in "\n".join(p.err), f"a warning: {p.err}")
    seen = symbols(f"{t.dir}/part.so", "-D")
    t.true("SomebodyElse" in seen and "DbgPrint" in seen, f"what it lacks: {seen}")


@each_compiler
def unknown_options_pass(t, compiler):
    put(t, "a.c", "#if WANTED != 3\n#error not defined\n#endif\nint f(void) { return 0; }\n")
    cc(t, compiler, "-DWANTED=3", "-fno-inline", "-Wall", "-save-temps", "-c", "-o", "a.o", "a.c")
    cc(t, compiler, "-D", "WANTED=3", "-MD", "-MF", "a.d", "-c", "-o", "a.o", "a.c")
    t.true("a.c" in open(f"{t.dir}/a.d", encoding="utf-8").read(), "-MF")
    cc(t, compiler, "-DWANTED=3", "-S", "-o", "a.s", "a.c")
    cc(t, compiler, "--surely-no-option", "-c", "a.c", status=1)
    put(t, "TOAST.C", "int class = 0;\n")  # C, not C++
    cc(t, compiler, "-c", "-o", "t.o", "TOAST.C")


@each_compiler
def hints_follow_what_only_microsoft_accepts(t, compiler):
    for text, hint in (
            ('#include <ntddk.h>\nvoid f(void) { DbgPrint("in " __FUNCTION__ "\\n"); }\n', "__FUNCTION__"),
            ('#define FIELD(p, name) p -> ## name\nstruct s { int a; };\nint f(struct s *p) { return FIELD(p, a); }\n', "-> name"),
            ('void f(void) { __try { } __except (1) { } }\n', "structured exception"),
            ('__declspec(unheard_of) int a;\n', "__declspec"),
            ('void f(void *p) { ((char *)p)++; (char *)p = 0; }\n', "cast")):
        put(t, "a.c", text)
        p = cc(t, compiler, "-c", "a.c", status=1)
        t.true(any(line.startswith("wmi-cc: hint:") and hint in line for line in p.err), f"{hint}: {p.err}")
    put(t, "a.c", "#include <windows.h>\nvoid g(LONG *); void f(void) { long a; g(&a); }\n")
    p = cc(t, compiler, "-c", "a.c")
    t.true(any(line.startswith("wmi-cc: hint: LONG") for line in p.err), f"{p.err}")
    put(t, "a.c", "int f( { }\n")
    p = cc(t, compiler, "-c", "a.c", status=1)
    t.true(not any("hint" in line for line in p.err), f"{p.err}")


@each_compiler
def programs_run_with_windows_formats(t, compiler):
    put(t, "app.c", r"""
#include <windows.h>
#include <stdio.h>
#include <inttypes.h>
#pragma comment(lib, "wbemuuid.lib")
#ifndef _WIN32
#error
#endif
int __cdecl main(void)
{
        LONG number = -5;
        wchar_t text[10];

        wprintf(L"%ld %s 0x%lx %S\n", number, L"\x20ac", (HRESULT)0x80041003, "narrow");
        printf("%I64u %S %" PRIu64 "\n", 1ULL << 63, L"wide", UINT64_MAX);
        if (sscanf("43 word", "%ld %S", &number, text) != 2 || text[3] != L'd')
                return 1;
        swprintf_s(text, _countof(text), L"%d", number - 1);
        return fputws(text, stdout) < 0;
}
""")
    put(t, "wide.c", "#include <stdio.h>\n"
                     "int wmain(int argc, wchar_t **argv) { wprintf(L\"%d %ls\\n\", argc, argv[1]); return 0; }\n")
    sanitize = []
    if SANITIZED:
        if compiler == "clang":
            return
        sanitize = ["-fsanitize=address,undefined"]
    cc(t, compiler, "-Wall", "-Wextra", "-O2", *sanitize, "-o", "app", "app.c", "-lole32", "wbemuuid.lib", "-loleaut32")
    p = t.run(f"{t.dir}/app")
    t.equal(p.out, ["-5 \u20ac 0x80041003 narrow", "9223372036854775808 wide 18446744073709551615", "42"])
    cc(t, compiler, *sanitize, "-o", "wide", "wide.c")
    t.equal(t.run(f"{t.dir}/wide", "\u00fc\U0001f600").out, ["2 \u00fc\U0001f600"])


@each_compiler
def sanitized_drivers_carry_their_runtime(t, compiler):
    put(t, "a.c", DRIVER + "NTSTATUS Second(void) { return 0; }\n")
    cc(t, compiler, "-fsanitize=address", "-shared", "-o", "x.so", "a.c")
    d = dynamic(f"{t.dir}/x.so")
    t.true(re.search(r"NEEDED.*(libasan|libclang_rt.asan)", d), d)
    t.true(compiler != "clang" or re.search(r"R(UN)?PATH.*clang", d), d)


@each_compiler
def layouts_hold(t, compiler):
    for mode in ((), ("-mlinux",)):
        for name in ("driver", "com"):
            p = cc(t, compiler, *mode, "-Wall", "-Wextra", "-c", "-o", "x.o", os.path.join(SOURCE, f"tests/abi/{name}-layout.c"))
            t.equal(p.err, [])
    put(t, "a.c", "#include <ntddk.h>\n_Static_assert(sizeof(LONG) == 8, \"can fail\");\n")
    cc(t, compiler, "-c", "a.c", status=1)


@each_compiler
def linux_and_windows_headers_go_together(t, compiler):
    linux = "".join(f"#include <{h}>\n" for h in (
        "stdio.h", "stdlib.h", "string.h", "wchar.h", "wctype.h", "inttypes.h", "pthread.h", "unistd.h", "errno.h", "math.h",
        "dlfcn.h", "time.h", "sys/stat.h", "sys/socket.h", "netinet/in.h", "poll.h", "signal.h", "locale.h", "uchar.h"))
    driver = "#include <ntddk.h>\n#include <wmistr.h>\n#include <wmilib.h>\n#include <ntstrsafe.h>\n#include <wdmguid.h>\n"
    com = "#define COBJMACROS\n#include <windows.h>\n#include <wbemidl.h>\n#include <tchar.h>\n#include <strsafe.h>\n"
    for text in (linux + driver, driver + linux, linux + com, com + linux):
        put(t, "a.c", text + "int a;\n")
        for mode in ((), ("-mlinux",), ("-mlinux", "-O2", "-D_GNU_SOURCE", "-D_FORTIFY_SOURCE=2")):
            t.equal(cc(t, compiler, "-Wall", "-Wextra", *mode, "-c", "a.c").err, [], f"{mode}")


@test
def usage_and_mistakes(t):
    t.true("wmi-cc" in t.run("wmi-cc", "--version").out[0], "--version")
    t.true(any("-mlinux" in line for line in t.run("wmi-cc", "--help").out), "--help")
    t.run("wmi-cc", status=2)
    put(t, "a.cpp", "")
    for args in (("-c", "a.cpp"), ("-x", "c++", "-c", "a.c")):
        t.true("C++ is not supported yet" in t.run("wmi-cc", *args, status=1).err[-1], "C++")
    put(t, "a.c", "int a;\n")
    t.true("strange.lib" in t.run("wmi-cc", "a.c", "strange.lib", status=1).err[-1], "an unknown library")
    p = t.run("wmi-cc", "-c", "a.c", status=127, env={**t.env, "WMI_CC": "/nowhere/gcc"})
    t.true("/nowhere/gcc" in p.err[-1], f"{p.err}")


@test
def other_mingw_headers(t):
    put(t, "a.c", "#include <ntddk.h>\nLONG a;\n")
    p = t.run("wmi-cc", "--mingw-include", "/nowhere", "-c", "a.c", status=1)
    t.true("/nowhere" in p.err[-1], f"{p.err}")
    p = t.run("wmi-cc", "-v", "-c", "a.c")
    links = next(w for line in p.err for w in line.split() if w.endswith("/mingw"))
    real = os.path.dirname(os.path.realpath(os.path.join(links, "_mingw_mac.h")))
    t.run("wmi-cc", "--mingw-include", real, "-c", "a.c")
    copy = os.path.join(t.dir, "other")
    shutil.copytree(real, copy, symlinks=True)
    with open(f"{copy}/_mingw_mac.h", encoding="latin-1") as f:
        mac = f.read()
    for version, status, word in ((9, 1, "version 9"), (99, 0, "warning")):
        os.unlink(f"{copy}/_mingw_mac.h")
        put(t, "other/_mingw_mac.h", re.sub(r"(VERSION_MAJOR) \d+", rf"\1 {version}", mac))
        p = t.run("wmi-cc", f"--mingw-include={copy}", "-c", "a.c", status=status)
        t.true(any(word in line for line in p.err), f"{p.err}")


@test
def the_installation_can_be_moved(t):
    for sub in ("bin/wmi-cc", "share/freewmi/include"):
        target = os.path.join(t.dir, "moved", sub)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        source = os.path.join(PREFIX, sub)
        (shutil.copytree(source, target, symlinks=True) if os.path.isdir(source) else shutil.copy2(source, target))
    put(t, "a.c", DRIVER + "NTSTATUS Second(void) { return 0; }\n")
    t.run(f"{t.dir}/moved/bin/wmi-cc", "-shared", "-o", "x.so", "a.c")
    shutil.rmtree(f"{t.dir}/moved/share/freewmi/include/mingw")
    p = t.run(f"{t.dir}/moved/bin/wmi-cc", "-c", "a.c", status=1)
    t.true("mingw-w64-common" in p.err[-1], f"{p.err}")


main()
