// SPDX-License-Identifier: MIT
// wmi-cc: what its files share. Everything runs once, on one thread; memory lives as long as the program.
#ifndef WMI_CC_H
#define WMI_CC_H

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_USAGE = 2 };

typedef struct {
        char **at;
        size_t count;
        size_t capacity;
} List;

typedef enum { LinkProgram, LinkDriver, CompileOnly } Mode;

typedef struct {
        char *prefix;      // the installation: PREFIX/bin/wmi-cc
        char *share;       // PREFIX/share/freewmi
        char *lib;         // PREFIX/lib
        char *mingw;       // the directory of links to the mingw-w64 headers
        char *temporary;   // a private directory, NULL until one is needed
        char *forward;     // forwarders to user headers, inside `temporary`
        char *forward_sys; // forwarders to Windows headers
        List compiler;     // the compiler's command and its own first arguments
        bool clang;
        bool verbose;
        bool linux_code;
        bool sanitize;
        bool output_given;
        bool keep_all; // a shared object without DriverEntry: nothing is reachable, so nothing is left out
        bool color_given;
        bool preprocess; // -E, -M: the result goes to standard output unless -o names a file
        Mode mode;
        char *output;   // what -o names; NULL without it
        List user;      // the user's arguments that reach the compiler
        List sources;   // C sources among them
        List include;   // the user's -I and -iquote directories
        List libraries; // the user's -L directories, and ours
        List forwarded; // names for which a forwarder exists
} Job;

// --- util.c: memory, lists, paths, commands ---

extern Job *cleanup_job; // whose temporary directory goes when the program ends

// Says "wmi-cc: ..." on standard error, removes the temporary directory and exits.
_Noreturn void die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
// As realloc, malloc of n bytes with a zero behind them, and printf into new memory; they end the program on
// failure.
void *allocate(void *old, size_t size);
char *copy_text(const char *text, size_t size);
char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Lists own copies of their words and end with a NULL that count does not count.
void list_add(List *list, const char *text);
void list_add_all(List *list, const List *other);
bool list_has(const List *list, const char *text);
void list_free(List *list);

bool starts(const char *text, const char *with);
bool ends_in(const char *text, const char *suffix); // in any case
// Is the word of `size` characters in a list like " a b c "?
bool has_word(const char *list, const char *word, size_t size, bool any_case);
// Takes the terminal's color sequences out of a text.
void strip_colors(char *text);
const char *base_name(const char *path);
char *directory_of(const char *path); // "." where there is none
bool exists(const char *path);        // and can be read
bool is_directory(const char *path);
void make_directories(const char *path); // and those above it

// The private temporary directory, made at the first call.
const char *temporary(Job *job);
void remove_temporary(void);

// An unnamed file for a child's output, and what is in it (with a closing zero; *size may be NULL).
int capture_file(void);
char *captured(int fd, size_t *size);
// Runs a command with its output going to the descriptors `out` and `err`, -1: ours. Returns its exit status,
// 128 + signal where it was killed, 127 where it could not be run.
int run(const Job *job, const List *command, int out, int err);
// The first line that a command prints, NULL where it fails.
char *first_line(const Job *job, const List *command);

// --- setup.c: the installation, the headers, the compiler, the command line ---

void find_installation(Job *job);
void find_mingw(Job *job, const char *given); // given: --mingw-include, or NULL
void find_compiler(Job *job);
// Reads the command line; returns --mingw-include's directory, NULL without one.
const char *read_arguments(Job *job, int argc, char **argv);
bool takes_next_word(const char *option); // options of gcc and clang whose argument is the next word

// --- command.c: the compiler's command ---

void add_word(List *command, char *word); // made by print; freed
void add_option(List *command, const char *option, char *value);
void add_compile_flags(const Job *job, List *command);
void add_include_directories(const Job *job, List *command);
List build_command(const Job *job); // the whole command for the user's request

// --- headers.c: headers in other words ---

bool says_header_missing(const char *errors);
// Makes forwarders for headers of the sources that the compiler does not find and that are there in another
// spelling. Returns whether there is any.
bool resolve_headers(Job *job);

// --- hints.c ---

// Prints a line for each error that is typical of sources which only Microsoft's compiler accepts, and for
// warnings that mean another size than on Windows.
void print_hints(const char *errors, bool failed);

#endif
