// SPDX-License-Identifier: MIT
// What wmi-driver-host tells whoever started it: options, exit statuses, and the lines on --report-fd.
//
//   wmi-driver-host (--fd N | --socket PATH) [OPTION...] DRIVER.so
//     --fd N               a connected stream socket to the service; its end is the host's
//     --socket PATH        the Unix socket of the service; when the service goes away, the host waits for it to come
//                          back there (of the same user, or root), for ever; 30 s when it refuses the host
//     --name NAME          what the service calls the driver; default: the file name without .so
//     --device PATH        device instance path; default: ROOT\<NAME IN UPPER CASE>\0000
//     --reg HKLM\KEY\VALUE=N   a DWORD of the hosted registry (decimal or 0x...), before DriverEntry; repeatable
//     --deadline S         seconds an entry point may take before the driver counts as hanging; 30, 0: for ever
//     --irp-timeout S      seconds that the service waits for ENABLE and DISABLE; 5
//     --base-name-separator TEXT   between a base name and its number; nothing
//     --report-fd N        write the lines below to this descriptor
//     --log FILE           append standard output and standard error to FILE
//     --no-wmi             the driver need not register with WMI: nothing is said when it does not
//
// Lines on --report-fd. Each is one write, ends with a newline, and begins with one of these words; whoever reads must
// skip a line whose word it does not know. Control characters in TEXT are replaced by '?'. What missing, fail, warn, crash
// and hang say is on standard error (or in --log FILE), too.
//
//   state loading       the file was checked; DriverEntry, AddDevice and START_DEVICE come next
//   state started       START_DEVICE has succeeded
//   state registered    the first registration with WMI was answered
//   state unloading     REMOVE_DEVICE and DriverUnload come next
//   state unloaded      DriverUnload has returned; the last line of an orderly end
//   missing SYMBOL TEXT a symbol that the driver needs and nobody has; TEXT is a hint. Before anything of it runs
//   fail TEXT           why the host ends with status 1 or 2
//   warn TEXT           something wrong that does not end the host: a malformed registration, a leak
//   crash TEXT          one line of the report about a crash; the first names signal, module and function+offset, the
//                       next ones, which begin with two spaces, the callers. The host then dies with the signal
//   hang TEXT           the same for an entry point beyond its deadline. The host then exits with status 4
//   stopping TEXT       why an orderly end begins: told by the service, a signal, the service went away for good
#ifndef TOOLS_WMI_DRIVER_HOST_H
#define TOOLS_WMI_DRIVER_HOST_H

enum {
        HOST_EXIT_DONE = 0,    // orderly end: the driver was unloaded
        HOST_EXIT_FAILED = 1,  // the driver could not be loaded or started, or the service could not be reached
        HOST_EXIT_USAGE = 2,   // wrong options
        HOST_EXIT_HANG = 4,    // an entry point did not return within the deadline
        // A crash ends the host by its signal: SIGSEGV, SIGBUS, SIGILL, SIGFPE, or SIGABRT (bug checks too).
};

#endif
