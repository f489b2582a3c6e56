// SPDX-License-Identifier: MIT
// wmi-cc: compile Windows driver and COM client sources, unmodified, into native objects.
#include "wmi-cc.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
                        if (status)
                                print_hints(errors);
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
        remove_temporary();
        return status;
}
