// SPDX-License-Identifier: MIT
// wmi-cc: compile Windows driver and COM client sources, unmodified, into native objects.
#include "wmi-cc.h"

#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void forward_bytes(int from, FILE *to)
{
        size_t size;
        char *text = captured(from, &size);

        fwrite(text, 1, size, to);
        fflush(to);
        free(text);
}

/* Compile and link; where headers are not found by their names, once more with forwarders. */
static int compile(Job *job)
{
        bool capture = job->preprocess && !job->output_given;

        for (bool again = false;; again = true) {
                List command = build_command(job);
                int out = capture ? capture_file() : -1, err = capture_file();
                int status = run(job, &command, out, err);
                char *errors = captured(err, NULL);
                bool retry;

                strip_colors(errors);
                retry = status && !again && says_header_missing(errors) && resolve_headers(job);

                if (!retry) {
                        if (capture)
                                forward_bytes(out, stdout);
                        forward_bytes(err, stderr);
                        print_hints(errors, status != 0);
                }
                if (capture)
                        close(out);
                close(err);
                free(errors);
                list_free(&command);
                if (!retry)
                        return status;
        }
}

/* Does the shared object define DriverEntry for others? False also for what cannot be read. */
static bool defines_driver_entry(const char *path)
{
        FILE *file = fopen(path, "rb");
        Elf64_Ehdr head;
        bool found = false;

        if (!file)
                return false;
        if (fread(&head, sizeof(head), 1, file) != 1 || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
                head.e_shnum = 0;
        for (unsigned i = 0; i < head.e_shnum && !found; i++) {
                Elf64_Shdr symbols, strings;
                Elf64_Sym symbol;

                if (fseek(file, (long)(head.e_shoff + i * sizeof(symbols)), SEEK_SET) || fread(&symbols, sizeof(symbols), 1, file) != 1)
                        break;
                if (symbols.sh_type != SHT_DYNSYM || symbols.sh_link >= head.e_shnum ||
                    fseek(file, (long)(head.e_shoff + symbols.sh_link * sizeof(strings)), SEEK_SET) ||
                    fread(&strings, sizeof(strings), 1, file) != 1)
                        continue;
                for (uint64_t k = 0; k < symbols.sh_size / sizeof(symbol) && !found; k++) {
                        char name[sizeof("DriverEntry")] = "";

                        if (fseek(file, (long)(symbols.sh_offset + k * sizeof(symbol)), SEEK_SET) ||
                            fread(&symbol, sizeof(symbol), 1, file) != 1)
                                break;
                        if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= strings.sh_size ||
                            fseek(file, (long)(strings.sh_offset + symbol.st_name), SEEK_SET) ||
                            fread(name, 1, sizeof(name), file) != sizeof(name))
                                continue;
                        found = memcmp(name, "DriverEntry", sizeof(name)) == 0;
                }
        }
        fclose(file);
        return found;
}

/* A part of a driver, linked alone, has no DriverEntry from which anything could be reached. It is linked once more with
 * all that it has, so that whoever loads it is told what it lacks. */
static int link_part(Job *job)
{
        job->keep_all = true;
        fprintf(stderr, "wmi-cc: warning: %s defines no DriverEntry: it is a part of a driver, no host starts it\n",
                job->output ? job->output : "a.out");
        return compile(job);
}

int main(int argc, char **argv)
{
        static Job job; // all that it holds lives as long as the program
        const char *mingw;
        int status;

        cleanup_job = &job;
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        mingw = read_arguments(&job, argc, argv);
        find_installation(&job);
        find_compiler(&job);
        if (!job.user.count)
                die(EXIT_USAGE, "no input files; --help tells more");
        find_mingw(&job, mingw);
        list_add(&job.libraries, job.lib);
        status = compile(&job);
        if (status == 0 && job.mode == LinkDriver && !defines_driver_entry(job.output ? job.output : "a.out"))
                status = link_part(&job);
        remove_temporary();
        return status;
}
