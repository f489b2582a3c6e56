// SPDX-License-Identifier: MIT
// A driver's file before anything of it runs: is it one, what does it need, where do its functions lie.
#ifndef DRIVER_HOST_ELF_H
#define DRIVER_HOST_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum HostSanitizer {
        HOST_SANITIZER_NONE,
        HOST_SANITIZER_ADDRESS,
        HOST_SANITIZER_THREAD
} HostSanitizer;

typedef struct HostElf {
        char **undefined; // names, sorted, without weak ones
        size_t undefined_count;
        char **needed; // DT_NEEDED
        size_t needed_count;
        char **paths; // directories of DT_RUNPATH and DT_RPATH, $ORIGIN replaced
        size_t path_count;
        bool has_entry;          // it defines DriverEntry
        bool linux_note;         // built with wmi-cc -mlinux
        HostSanitizer sanitizer; // the runtime that must come first
} HostElf;

// Reads the file. 0; E_DIAG: not an ELF file, another machine, not a shared object, a program; -ENOMEM.
int host_elf_open(const char *path, HostElf *ret, Diag *reterr);
void host_elf_close(HostElf *elf);

// Calls tell(arg, name, hint) for every undefined name that nobody has, in order. `find` answers for the
// kernel's own routines. Returns how many.
size_t host_elf_missing(const HostElf *elf, bool (*find)(const char *name),
                        void (*tell)(void *arg, const char *name, const char *hint), void *arg);

// The sanitizer runtime to preload: a path or a soname, in memory of the caller's. NULL: none is found.
char *host_elf_runtime(const HostElf *elf);

// --- symbols --------------------------------------------------------------------------------------

typedef struct HostSymbol {
        uint64_t value, size;
        uint32_t name; // offset in names
} HostSymbol;

// The functions of one file, static ones included where it has a symbol table.
typedef struct HostSymbols {
        HostSymbol *all; // sorted by value
        size_t count;
        char *names;
} HostSymbols;

// 0; 1: the file cannot be read as ELF (then it has no symbols); -ENOMEM.
int host_symbols_load(const char *path, HostSymbols *ret);
// The function at an address of the file; NULL: none. Async-signal-safe.
const char *host_symbols_find(const HostSymbols *s, uint64_t value, uint64_t *ret_offset);

#endif
