// SPDX-License-Identifier: MIT
// Files that are written whole or not at all.
#ifndef WMI_WRITE_FILE_H
#define WMI_WRITE_FILE_H

#include "base/str.h"

typedef struct WriteFile {
        const char *path; // "-": standard output
        Str bytes;
} WriteFile;

// Writes them: each into a file of another name beside it, on the disk, before any takes its own. A link stays one: the
// file that it leads to is replaced. What is no regular file (/dev/null, a pipe) is written into. 0, or a negative errno
// with *ret_path (may be NULL) the one that it is about; of a failure no draft is left.
int write_files(const WriteFile *files, size_t n, const char **ret_path);
// One. WMI_DONE, or WMI_FAILED after a message.
int write_file(const char *path, Str bytes);

#endif
