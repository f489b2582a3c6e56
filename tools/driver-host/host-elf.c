// SPDX-License-Identifier: MIT
// Reading a driver's ELF file with libelf: its undefined symbols, notes, libraries and functions.
#include "host-elf.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <glob.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cim/status.h"

// Of one name, in bytes; of all names of a file, in bytes; of undefined symbols. Hostile files have more.
enum { NAME_MOST = 1024, NAMES_MOST = 64 << 20, UNDEFINED_MOST = 100000 };

// libc functions that mean the same on Windows and here: a driver may call them. Compilers make calls of some
// of these themselves. Nothing that prints, allocates, opens or waits.
static const char *const harmless[] = {
        "__chk_fail",
        "__ctype_b_loc",
        "__ctype_tolower_loc",
        "__ctype_toupper_loc",
        "__memcpy_chk",
        "__memmove_chk",
        "__memset_chk",
        "__stack_chk_fail",
        "__stpcpy_chk",
        "__strcat_chk",
        "__strcpy_chk",
        "__strncat_chk",
        "__strncpy_chk",
        "__tls_get_addr",
        "_setjmp",
        "abs",
        "atoi",
        "bcmp",
        "bsearch",
        "isalnum",
        "isalpha",
        "iscntrl",
        "isdigit",
        "isgraph",
        "islower",
        "isprint",
        "ispunct",
        "isspace",
        "isupper",
        "isxdigit",
        "labs",
        "llabs",
        "longjmp",
        "memchr",
        "memcmp",
        "memcpy",
        "memmove",
        "mempcpy",
        "memset",
        "qsort",
        "rand",
        "setjmp",
        "srand",
        "stpcpy",
        "strcat",
        "strchr",
        "strcmp",
        "strcpy",
        "strcspn",
        "strlen",
        "strncat",
        "strncmp",
        "strncpy",
        "strnlen",
        "strpbrk",
        "strrchr",
        "strspn",
        "strstr",
        "strtok",
        "tolower",
        "toupper",
};

// Names that come from the tools with which it was built: there when they are loaded.
static const char *const tools[] = {"fwcrt_",
                                    "__asan_",
                                    "__ubsan_",
                                    "__lsan_",
                                    "__tsan_",
                                    "__sanitizer_",
                                    "_GLOBAL_OFFSET_TABLE_",
                                    "__cxa_finalize",
                                    "__gmon_start__",
                                    "_ITM_"};

static int order(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool push(char ***list, size_t *count, const char *text)
{
        char **grown = realloc(*list, (*count + 1) * sizeof **list);
        if (!grown)
                return false;
        *list = grown;
        grown[*count] = strdup(text);
        return grown[*count] && ++*count;
}

// --- opening --------------------------------------------------------------------------------------

typedef struct Reading {
        const char *path;
        Elf *elf;
        HostElf *ret;
        bool entry, failed;
        bool asan_symbols;
        bool absurd; // its symbols are nobody's who means well
} Reading;

static void read_symbols(Reading *r, Elf_Scn *scn, const GElf_Shdr *sh)
{
        Elf_Data *data = elf_getdata(scn, NULL);
        size_t n = data && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;
        for (size_t i = 1; i < n; i++) {
                GElf_Sym sym;
                const char *name;
                if (!gelf_getsym(data, (int)i, &sym) ||
                    !(name = elf_strptr(r->elf, sh->sh_link, sym.st_name)) || !*name)
                        continue;
                if (sym.st_shndx != SHN_UNDEF) {
                        r->entry = r->entry || strcmp(name, "DriverEntry") == 0;
                        continue;
                }
                if (strncmp(name, "__asan_", 7) == 0)
                        r->asan_symbols = true;
                if (strnlen(name, NAME_MOST + 1) > NAME_MOST || r->ret->undefined_count == UNDEFINED_MOST) {
                        r->absurd = true;
                        return;
                }
                if (GELF_ST_BIND(sym.st_info) != STB_WEAK &&
                    !push(&r->ret->undefined, &r->ret->undefined_count, name))
                        r->failed = true;
        }
}

static void push_paths(Reading *r, const char *list)
{
        const char *slash = strrchr(r->path, '/');
        while (*list) {
                size_t n = strcspn(list, ":");
                char dir[1024];
                const char *origin = strncmp(list, "$ORIGIN", 7) == 0 ? "." : "";
                size_t skip = *origin ? 7 : 0;
                if (*origin && slash)
                        snprintf(dir, sizeof dir, "%.*s%.*s", (int)(slash - r->path), r->path,
                                 (int)(n - skip), list + skip);
                else
                        snprintf(dir, sizeof dir, "%s%.*s", origin, (int)(n - skip), list + skip);
                if (!push(&r->ret->paths, &r->ret->path_count, dir))
                        r->failed = true;
                list += n + (list[n] == ':');
        }
}

static void read_dynamic(Reading *r, Elf_Scn *scn, const GElf_Shdr *sh)
{
        Elf_Data *data = elf_getdata(scn, NULL);
        size_t n = data && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;
        for (size_t i = 0; i < n; i++) {
                GElf_Dyn dyn;
                if (!gelf_getdyn(data, (int)i, &dyn) || dyn.d_tag == DT_NULL)
                        break;
                if (dyn.d_tag != DT_NEEDED && dyn.d_tag != DT_RUNPATH && dyn.d_tag != DT_RPATH)
                        continue;
                const char *text = elf_strptr(r->elf, sh->sh_link, dyn.d_un.d_val);
                if (!text)
                        continue;
                if (dyn.d_tag != DT_NEEDED)
                        push_paths(r, text);
                else if (!push(&r->ret->needed, &r->ret->needed_count, text))
                        r->failed = true;
        }
}

static void read_notes(Reading *r, Elf_Scn *scn)
{
        Elf_Data *data = elf_getdata(scn, NULL);
        GElf_Nhdr note;
        size_t at = 0, name_at, text_at, next;
        while (data && (next = gelf_getnote(data, at, &note, &name_at, &text_at)) > 0) {
                const char *p = data->d_buf;
                if (note.n_type == 1 && note.n_namesz == sizeof "FreeWMI" && note.n_descsz >= 5 &&
                    memcmp(p + name_at, "FreeWMI", sizeof "FreeWMI") == 0 &&
                    memcmp(p + text_at, "linux", 5) == 0)
                        r->ret->linux_note = true;
                at = next;
        }
}

static HostSanitizer sanitizer_of(const Reading *r)
{
        for (size_t i = 0; i < r->ret->needed_count; i++) {
                if (strstr(r->ret->needed[i], "tsan"))
                        return HOST_SANITIZER_THREAD;
                if (strstr(r->ret->needed[i], "asan"))
                        return HOST_SANITIZER_ADDRESS;
        }
        return r->asan_symbols ? HOST_SANITIZER_ADDRESS : HOST_SANITIZER_NONE;
}

static int read_all(Reading *r, Diag *d)
{
        GElf_Ehdr eh;
        if (elf_kind(r->elf) != ELF_K_ELF || !gelf_getehdr(r->elf, &eh))
                return diag_set(d, CIM_E_FAILED, "%s is not an ELF file", r->path);
        if (eh.e_machine != EM_X86_64 || gelf_getclass(r->elf) != ELFCLASS64)
                return diag_set(d, CIM_E_FAILED,
                                "%s is for another machine (ELF machine %u), this one is x86-64", r->path,
                                eh.e_machine);
        if (eh.e_type != ET_DYN) {
                diag_set(d, CIM_E_FAILED, "%s is not a shared object", r->path);
                return diag_hint(d, "link drivers with: wmi-cc -shared");
        }
        for (Elf_Scn *scn = NULL; (scn = elf_nextscn(r->elf, scn)) != NULL;) {
                GElf_Shdr sh;
                if (!gelf_getshdr(scn, &sh))
                        continue;
                if (sh.sh_type == SHT_DYNSYM)
                        read_symbols(r, scn, &sh);
                else if (sh.sh_type == SHT_DYNAMIC)
                        read_dynamic(r, scn, &sh);
                else if (sh.sh_type == SHT_NOTE)
                        read_notes(r, scn);
        }
        if (r->failed)
                return -ENOMEM;
        if (r->absurd)
                return diag_set(d, CIM_E_FAILED,
                                "%s has undefined symbols beyond all measure (%u names, %u bytes each)",
                                r->path, UNDEFINED_MOST, NAME_MOST);
        r->ret->has_entry = r->entry;
        size_t segments = 0;
        if (!r->entry && elf_getphdrnum(r->elf, &segments) == 0) {
                for (size_t i = 0; i < segments; i++) {
                        GElf_Phdr ph;
                        if (gelf_getphdr(r->elf, (int)i, &ph) && ph.p_type == PT_INTERP) // what it lacks is of no interest
                                return diag_set(d, CIM_E_FAILED, "%s has no DriverEntry: it is a program", r->path);
                }
        }
        if (r->ret->undefined_count)
                qsort(r->ret->undefined, r->ret->undefined_count, sizeof *r->ret->undefined, order);
        r->ret->sanitizer = sanitizer_of(r);
        return 0;
}

int host_elf_open(const char *path, HostElf *ret, Diag *reterr)
{
        *ret = (HostElf){0};
        *reterr = (Diag){0};
        elf_version(EV_CURRENT);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return diag_set(reterr, CIM_E_NOT_FOUND, "%s: %s", path, strerror(errno));
        Reading r = {.path = path, .elf = elf_begin(fd, ELF_C_READ, NULL), .ret = ret};
        int e = r.elf ? read_all(&r, reterr) : diag_set(reterr, CIM_E_FAILED, "%s is not an ELF file", path);
        elf_end(r.elf);
        close(fd);
        if (e)
                host_elf_close(ret);
        return e;
}

static void list_free(char **list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(list[i]);
        free(list);
}

void host_elf_close(HostElf *elf)
{
        list_free(elf->undefined, elf->undefined_count);
        list_free(elf->needed, elf->needed_count);
        list_free(elf->paths, elf->path_count);
        *elf = (HostElf){0};
}

// --- missing symbols ------------------------------------------------------------------------------

static bool has_prefix(const char *name, const char *const *prefixes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
                        return true;
        return false;
}

static bool in_process(const char *name)
{
        dlerror();
        return dlsym(RTLD_DEFAULT, name) != NULL || dlerror() == NULL;
}

// Another library that the driver is linked with has it. Its constructors run; it is not the driver.
static bool in_needed(const HostElf *elf, const char *name)
{
        for (size_t i = 0; i < elf->needed_count; i++) {
                void *lib = dlopen(elf->needed[i], RTLD_LAZY | RTLD_LOCAL);
                for (size_t p = 0; !lib && p < elf->path_count; p++) {
                        char file[2048];
                        snprintf(file, sizeof file, "%s/%s", elf->paths[p], elf->needed[i]);
                        lib = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
                }
                if (lib && dlsym(lib, name))
                        return true;
        }
        return false;
}

static bool is_there(const HostElf *elf, const char *name, bool (*find)(const char *name))
{
        if (find(name))
                return true;
        for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
                if (strcmp(name, harmless[i]) == 0)
                        return true;
        if (strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0)
                return true;
        if (has_prefix(name, tools, sizeof tools / sizeof tools[0]))
                return in_process(name) || in_needed(elf, name);
        return elf->linux_note && (in_process(name) || in_needed(elf, name));
}

static const char *hint_for(const HostElf *elf, const char *name)
{
        static const char *const kernel[] = {"Cc", "Cm",  "Etw", "Ex", "Fs", "Hal", "Io",  "Ke",
                                             "Kf", "Ks",  "Ld",  "Mm", "Nt", "Ob",  "Obf", "Po",
                                             "Ps", "Rtl", "Se",  "Tm", "Vf", "Zw"};
        static const char *const kmdf[] = {"Wdf"};
        static const char *const ports[] = {"ScsiPort", "StorPort", "Ndis", "Hid", "Video",
                                            "Class",    "Battery",  "Usbd", "USBD"};
        if (has_prefix(name, kmdf, 1))
                return "KMDF is not supported yet";
        if (has_prefix(name, ports, sizeof ports / sizeof ports[0]))
                return "port and class drivers are not supported";
        if (strncmp(name, "fwcrt_", 6) == 0)
                return "a C runtime function that FreeWMI does not have yet";
        if (!elf->linux_note && in_process(name))
                return "libc has it, but a Windows driver cannot use it: link with wmi-cc -mlinux if this "
                       "driver is Linux code";
        for (size_t i = 0; i < sizeof kernel / sizeof kernel[0]; i++) {
                size_t n = strlen(kernel[i]);
                char c = name[0] && strlen(name) > n ? name[n] : '\0';
                if (strncmp(name, kernel[i], n) == 0 && ((c >= 'A' && c <= 'Z') || c == 'f' || c == 'i'))
                        return "a Windows kernel routine that FreeWMI does not have yet";
        }
        return "no routine of the Windows kernel that FreeWMI knows: is a source file missing at the link?";
}

size_t host_elf_missing(const HostElf *elf, bool (*find)(const char *name),
                        void (*tell)(void *arg, const char *name, const char *hint), void *arg)
{
        size_t n = 0;
        for (size_t i = 0; i < elf->undefined_count; i++) {
                const char *name = elf->undefined[i];
                if ((i && strcmp(name, elf->undefined[i - 1]) == 0) || is_there(elf, name, find))
                        continue;
                n++;
                tell(arg, name, hint_for(elf, name));
        }
        return n;
}

// --- sanitizers -----------------------------------------------------------------------------------

char *host_elf_runtime(const HostElf *elf)
{
        const char *word = elf->sanitizer == HOST_SANITIZER_THREAD ? "tsan" : "asan";
        for (size_t i = 0; i < elf->needed_count; i++) {
                if (!strstr(elf->needed[i], word))
                        continue;
                for (size_t p = 0; p < elf->path_count; p++) {
                        char file[2048];
                        snprintf(file, sizeof file, "%s/%s", elf->paths[p], elf->needed[i]);
                        if (access(file, R_OK) == 0)
                                return strdup(file);
                }
                return strdup(elf->needed[i]); // the loader's search path
        }
        // clang without -shared-libasan leaves the runtime to the program: take the newest that is installed.
        char pattern[128];
        snprintf(pattern, sizeof pattern, "/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.%s-x86_64.so",
                 word);
        glob_t g;
        char *found = NULL;
        if (glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc)
                found = strdup(g.gl_pathv[g.gl_pathc - 1]);
        globfree(&g);
        return found;
}

// --- symbols --------------------------------------------------------------------------------------

static int symbol_order(const void *a, const void *b)
{
        const HostSymbol *x = a, *y = b;
        return x->value < y->value ? -1 : x->value > y->value;
}

static int symbols_take(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, HostSymbols *ret)
{
        Elf_Data *data = elf_getdata(scn, NULL);
        size_t n = data && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0, bytes = 0;
        GElf_Sym sym;
        for (int pass = 0; pass < 2; pass++) {
                if (pass == 1) {
                        ret->all = calloc(ret->count + 1, sizeof *ret->all);
                        ret->names = malloc(bytes + 1);
                        if (!ret->all || !ret->names)
                                return -ENOMEM;
                        ret->count = bytes = 0;
                }
                for (size_t i = 1; i < n; i++) {
                        const char *name;
                        if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF ||
                            (GELF_ST_TYPE(sym.st_info) != STT_FUNC &&
                             GELF_ST_TYPE(sym.st_info) != STT_GNU_IFUNC) ||
                            !(name = elf_strptr(elf, sh->sh_link, sym.st_name)) || !*name)
                                continue;
                        // Many symbols may share one endless name: neither may cost more than the file is
                        // worth.
                        size_t length = strnlen(name, NAME_MOST);
                        if (bytes > NAMES_MOST - NAME_MOST - 1)
                                break;
                        if (pass == 1) {
                                ret->all[ret->count] =
                                        (HostSymbol){sym.st_value, sym.st_size, (uint32_t)bytes};
                                memcpy(ret->names + bytes, name, length);
                                ret->names[bytes + length] = '\0';
                        }
                        ret->count++;
                        bytes += length + 1;
                }
        }
        qsort(ret->all, ret->count, sizeof *ret->all, symbol_order);
        return 0;
}

int host_symbols_load(const char *path, HostSymbols *ret)
{
        *ret = (HostSymbols){0};
        elf_version(EV_CURRENT);
        int fd = open(path, O_RDONLY | O_CLOEXEC), e = 1;
        Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
        Elf_Scn *best = NULL;
        GElf_Shdr best_header = {0};
        for (Elf_Scn *scn = NULL; elf && (scn = elf_nextscn(elf, scn)) != NULL;) {
                GElf_Shdr sh;
                if (gelf_getshdr(scn, &sh) &&
                    (sh.sh_type == SHT_SYMTAB || (sh.sh_type == SHT_DYNSYM && !best))) {
                        best = scn;
                        best_header = sh;
                }
        }
        if (best)
                e = symbols_take(elf, best, &best_header, ret);
        elf_end(elf);
        if (fd >= 0)
                close(fd);
        return e;
}

const char *host_symbols_find(const HostSymbols *s, uint64_t value, uint64_t *ret_offset)
{
        size_t low = 0, high = s->count;
        while (low < high) { // the last symbol that begins at or before value
                size_t middle = low + (high - low) / 2;
                if (s->all[middle].value <= value)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == 0)
                return NULL;
        const HostSymbol *f = &s->all[low - 1];
        if (f->size && value - f->value >= f->size)
                return NULL;
        *ret_offset = value - f->value;
        return s->names + f->name;
}
