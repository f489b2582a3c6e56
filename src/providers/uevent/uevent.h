// SPDX-License-Identifier: MIT
// What uevent.c (a WDM driver) and uevent-linux.c (its Linux half) say to each other.
#ifndef UEVENT_H
#define UEVENT_H

// Opens the kernel's uevent group. Returns a handle, or NULL with *Error an errno.
void *UeventOpen(int *Error);

// Waits for the next message of the kernel itself and copies it: KEY=VALUE strings, each ended by a NUL, after a first
// string "action@path". Returns its length in bytes (at most Size), 0 after UeventStop, or -ENOBUFS when the kernel
// says that it had to drop some. After 0 the handle is gone.
long UeventRead(void *Handle, char *Buffer, unsigned long Size);

// Makes the UeventRead that waits, or the next one, return 0. Any thread.
void UeventStop(void *Handle);

#endif
