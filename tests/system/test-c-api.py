#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The C API as its users have it: installed headers, libraries and pages, pkg-config, and the examples."""
import re
import shutil

from kit import *

HEADERS = ("freewmi/freewmi.h", "freewmi/service.h", "freewmi/status.h")


def flags(t, package, *what):
    env = {**os.environ, "PKG_CONFIG_PATH": os.path.join(PREFIX, "lib/pkgconfig")}
    r = subprocess.run(["pkg-config", *what, package], env=env, capture_output=True, text=True, check=True)
    return r.stdout.split()


def run_env(t, fails=False):
    """fails: the program gives up, and leaves its memory to the system."""
    env = {**t.env, "LD_LIBRARY_PATH": os.path.join(PREFIX, "lib")}
    if fails:
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return env


def build(t, name, package="freewmi", compiler="cc"):
    """An example, with nothing but what pkg-config says."""
    out = os.path.join(t.dir, name)
    sanitize = ["-fsanitize=address,undefined"] if SANITIZED else []
    p = t.run(shutil.which(compiler), os.path.join(SOURCE, "examples", name + ".c"), *sanitize,
              *flags(t, package, "--cflags", "--libs"), "-o", out)
    t.equal(p.err, [], "what the compiler says")
    return out


def functions():
    """The public functions: what the lists of symbols have."""
    names = []
    for library in ("freewmi", "freewmi-service"):
        with open(os.path.join(SOURCE, f"tests/abi/{library}.symbols"), encoding="ascii") as f:
            names += [n for n in f.read().split() if n.startswith("freewmi_")]
    return names


@test
def headers_stand_alone_in_C_and_CXX(t):
    used = 0
    for compiler, standard, language in (("gcc", "c17", "c"), ("clang", "c17", "c"), ("g++", "c++17", "c++"), ("clang++", "c++17", "c++")):
        if not shutil.which(compiler):
            t.note(f"{compiler} is not there")
            continue
        used += 1
        for header in HEADERS:
            source = os.path.join(t.dir, "x.c")
            with open(source, "w", encoding="ascii") as f:
                f.write(f"#include <{header}>\n#include <{header}>\nint x;\n")
            t.run(shutil.which(compiler), "-x", language, f"-std={standard}", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wshadow",
                  "-Wconversion", *flags(t, "freewmi", "--cflags"), "-c", source, "-o", os.path.join(t.dir, "x.o"))
    t.true(used >= 1, "no compiler")


@test
def headers_need_ISO_alone(t):
    for header in HEADERS:
        with open(os.path.join(SOURCE, "include", header), encoding="utf-8") as f:
            included = re.findall(r"^#include <([^>]+)>", f.read(), re.M)
        others = set(included) - {"stdbool.h", "stddef.h", "stdint.h"} - set(HEADERS)
        t.equal(others, set(), f"what {header} includes")


@test
def a_CXX_program_runs(t):
    if not shutil.which("g++"):
        raise Skipped("g++ is not there")
    source = os.path.join(t.dir, "x.cc")
    with open(source, "w", encoding="ascii") as f:
        f.write(r"""#include <freewmi/service.h>
#include <cstdio>
int main()
{
        freewmi_service *service;
        freewmi *wmi;
        freewmi_error error;
        if (freewmi_service_new(nullptr, &service, &error) < 0 || freewmi_service_connect(service, "x", &wmi, &error) < 0)
                return 1;
        int r = freewmi_subscribe(wmi, "root/wmi", "SELECT * FROM Nothing", 0, nullptr, &error);
        std::printf("%s %s %s\n", freewmi_result_name(r), freewmi_status_name(error.status), error.parameter);
        freewmi_close(wmi);
        freewmi_service_free(service);
        return 0;
}
""")
    out = os.path.join(t.dir, "x")
    t.run(shutil.which("g++"), "-std=c++17", "-Wall", "-Wextra", "-Werror", source, *(["-fsanitize=address,undefined"] if SANITIZED else []),
          *flags(t, "freewmi-service", "--cflags", "--libs"), "-o", out)
    p = t.run(out, env=run_env(t))
    t.equal(p.out, ["FREEWMI_REFUSED WBEM_E_NOT_FOUND SELECT * FROM Nothing"])


@test
def c_watch_is_the_one_in_the_README(t):
    with open(os.path.join(SOURCE, "examples/c-watch.c"), encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
        shown = re.findall(r"^```c\n(.*?)^```$", f.read(), re.M | re.S)
    t.equal(shown, [text], "the program in the README")
    t.true(len(text.splitlines()) <= 40, f"c-watch.c has {len(text.splitlines())} lines")


@test
def c_watch_prints_an_event(t):
    watch = build(t, "c-watch")
    p = t.run(watch, env=run_env(t, True), status=1)
    t.true("no service listens there" in p.err[0] and "start one with" in p.err[0], p.err)
    service = t.service()
    t.load(t.toaster(), "examples/toaster/toaster.mof", *parameter("toaster", "Period", 20))
    p = t.run(watch, "root/wmi", "SELECT * FROM Toaster_Popped", 3, env=run_env(t))
    t.equal(len(p.out), 3, "lines")
    for line in p.out:
        t.true(re.match(r'Toaster_Popped .*InstanceName="[^"]+" Active=TRUE .*SlotNumber=\d+ ', line), line)
    p = t.run(watch, "root/wmi", "SELECT * FORM Toaster_Popped", env=run_env(t, True), status=1)
    t.true("WBEM_E_" in p.err[0], p.err)
    # The service goes: said, not silent.
    p = t.start(watch, "root/wmi", "SELECT * FROM Toaster_Popped", -1, env=run_env(t, True))
    p.wait_until(lambda p: p.out, "an event")
    service.signal(signal.SIGTERM)
    t.equal(p.wait(), 1, "exit status")
    t.true("c-watch: " in p.err[-1] and "the service" in p.err[-1], p.err)


@test
def c_objects_changes_the_store(t):
    objects = build(t, "c-objects")
    t.service()
    p = t.run(objects, env=run_env(t))
    t.equal(p.out, ['put Example_Disk.Name="sda"', 'put Example_Disk.Name="sdb"', "sda: 4000 bytes, healthy", "sdb: 9000 bytes, failing",
                    "DeleteInstance: WBEM_E_NOT_FOUND"])


@test
def c_publish_and_c_watch(t):
    publish, watch = build(t, "c-publish"), build(t, "c-watch")
    t.service()
    t.equal(t.run(publish, 1, env=run_env(t)).out, ["event 0: queued for 0 subscriptions"])
    p = t.start(watch, "root/default", "SELECT * FROM Example_Backup WHERE Failed = 2", 1, env=run_env(t))
    while True:  # until its subscription is there
        out = t.run(publish, 4, env=run_env(t)).out
        if "event 2: queued for 1 subscriptions" in out:
            break
    t.equal(p.wait(), 0, "exit status")
    t.true(re.match(r'Example_Backup .*Volume="/home" Bytes=4294967296 Failed=2 Finished="\d{14}\.000000\+000" Skipped=\{"/var/tmp", "/var/cache"\}$',
                    p.out[0]), p.out)


@test
def c_embed_needs_no_other_process(t):
    p = t.run(build(t, "c-embed", "freewmi-service"), env=run_env(t))
    t.equal(p.out, ["tick 0", "tick 1", "tick 2"])


@test
def every_function_has_a_page(t):
    pages = os.path.join(PREFIX, "share/man/man3")
    names = functions()
    t.true(len(names) > 70, f"{len(names)} functions")
    for name in names:
        path = os.path.join(pages, name + ".3")
        t.true(os.path.exists(path), f"there is no page for {name}")
        with open(path, encoding="utf-8") as f:
            page = f.read()
        t.true(re.search(rf"^\.(Fn|Fo) {name}\b", page.split(".Sh DESCRIPTION")[0], re.M), f"{os.path.realpath(path)}: the synopsis has no {name}")
        t.true(re.search(rf"\b{name}\b", page.split(".Sh DESCRIPTION")[1]) or name.endswith("s") or name.endswith("_at"),
               f"{os.path.realpath(path)}: the description has no {name}")


@test
def pages_and_headers_agree(t):
    """A function is declared in the header exactly as its page says."""
    text = ""
    for header in HEADERS:
        with open(os.path.join(SOURCE, "include", header), encoding="utf-8") as f:
            text += re.sub(r"//[^\n]*", "", f.read())
    for name in functions():
        found = re.search(rf"^([\w ]+[\w*] ?\*?){name}\(((?:[^()]|\([^()]*\))*)\);", text, re.M)
        t.true(found, f"{name} is in no header")
        declared = re.sub(r"\s+", " ", found.group(2))
        with open(os.path.join(PREFIX, "share/man/man3", name + ".3"), encoding="utf-8") as f:
            page = f.read().split(".Sh DESCRIPTION")[0]
        one = re.search(rf'^\.Fn {name}((?: "[^"]*")*)$', page, re.M)
        many = re.search(rf"^\.Fo {name}\n(.*?)\.Fc", page, re.M | re.S)
        arguments = re.findall(r'"([^"]*)"', (one or many).group(1))
        t.equal(", ".join(arguments), declared, f"arguments of {name}")


main()
