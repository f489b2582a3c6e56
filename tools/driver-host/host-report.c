// SPDX-License-Identifier: MIT
// Report lines: one write each, so that lines of several threads and of the driver do not mix.
#include "host-report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int report_fd = -1;

void host_report_open(int fd)
{
        report_fd = fd;
}

static void write_line(int fd, const char *head, const char *text, size_t n)
{
        char copy[1024];
        n = n < sizeof copy ? n : sizeof copy;
        for (size_t i = 0; i < n; i++)
                copy[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
        struct iovec v[3] = {
                {(void *)(uintptr_t)head, strlen(head)}, {copy, n}, {(void *)(uintptr_t) "\n", 1}};
        if (writev(fd, v, 3) < 0)
                return; // nobody is there to be told
}

static void tell(const char *word, bool say, const char *text, size_t n)
{
        if (say)
                write_line(STDERR_FILENO, "wmi-driver-host: ", text, n);
        if (report_fd < 0 || !word)
                return;
        char head[32];
        size_t w = strlen(word);
        w = w < sizeof head - 2 ? w : sizeof head - 2;
        memcpy(head, word, w);
        head[w] = ' ';
        head[w + 1] = '\0';
        write_line(report_fd, head, text, n);
}

__attribute__((format(printf, 3, 0))) static void tellv(const char *word, bool say, const char *format,
                                                        va_list args)
{
        char text[1024];
        int n = vsnprintf(text, sizeof text, format, args);
        tell(word, say, text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void host_report(const char *word, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        tellv(word, false, format, args);
        va_end(args);
}

void host_say(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        tellv(NULL, true, format, args);
        va_end(args);
}

void host_tell(const char *word, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        tellv(word, true, format, args);
        va_end(args);
}

void host_line_text(HostLine *l, const char *text)
{
        while (*text && l->n < sizeof l->text)
                l->text[l->n++] = *text++;
}

static void line_digits(HostLine *l, uint64_t n, unsigned base)
{
        char digits[21];
        size_t i = sizeof digits - 1;
        digits[i] = '\0';
        do
                digits[--i] = "0123456789abcdef"[n % base];
        while ((n /= base) != 0);
        host_line_text(l, digits + i);
}

void host_line_hex(HostLine *l, uint64_t n)
{
        host_line_text(l, "0x");
        line_digits(l, n, 16);
}

void host_line_number(HostLine *l, uint64_t n)
{
        line_digits(l, n, 10);
}

void host_line_tell(const char *word, HostLine *l)
{
        tell(word, true, l->text, l->n);
        l->n = 0;
}
