// SPDX-License-Identifier: MIT
// The state of the WMI kernel half, its start, and its small services.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"

WmiState wmi;

#define MAX_EVENT_KEY "HKLM\\SYSTEM\\CurrentControlSet\\Control\\WMI"
enum { MAX_EVENT_DEFAULT = 1024, IRP_TIMEOUT_MS = 5000, REPORT_MS = 3000 };

void wmi_limits_refresh(void)
{
        ULONG limit;
        int r = nt_registry_get_dword(MAX_EVENT_KEY, "MaxEventSize", &limit);
        atomic_store_explicit(&wmi.max_event, r == 0 ? limit : MAX_EVENT_DEFAULT, memory_order_relaxed);
}

static int separator_set(const char *text)
{
        Arena a = {0};
        Str16 s = utf_to16(&a, str_of(text ? text : ""));
        if (!s.p)
                return -ENOMEM;
        if (s.n > WMI_SEPARATOR) {
                arena_deinit(&a);
                return -EINVAL;
        }
        wmi.separator.Buffer = malloc((s.n + 1) * sizeof(WCHAR));
        if (wmi.separator.Buffer)
                memcpy(wmi.separator.Buffer, s.p, s.n * sizeof(WCHAR));
        wmi.separator.Length = wmi.separator.MaximumLength = (USHORT)(s.n * sizeof(WCHAR));
        arena_deinit(&a);
        return wmi.separator.Buffer ? 0 : -ENOMEM;
}

int wmi_init(const WmiOptions *options)
{
        if (options)
                wmi.options = *options;
        WmiOptions *o = &wmi.options;
        o->irp_timeout_ms = o->irp_timeout_ms ? o->irp_timeout_ms : IRP_TIMEOUT_MS;
        o->queue = o->queue ? o->queue : LIMIT_INTAKE_QUEUE;
        o->queue_bytes = o->queue_bytes ? o->queue_bytes : LIMIT_INTAKE_BYTES;
        o->report_ms = o->report_ms ? o->report_ms : REPORT_MS;
        KeInitializeSpinLock(&wmi.lock);
        pthread_mutex_init(&wmi.apply, NULL);
        InitializeListHead(&wmi.registrations);
        InitializeListHead(&wmi.rounds);
        KeInitializeEvent(&wmi.settled, NotificationEvent, TRUE);
        int r = separator_set(o->separator);
        if (r == 0)
                r = wmi_wake_init();
        if (r == 0)
                r = wmi_intake_init(o->queue, o->queue_bytes);
        if (r == 0)
                r = wmi_threads_start();
        if (r < 0)
                return r;
        nt_registry_changed = wmi_limits_refresh;
        wmi_limits_refresh();
        nt_exports_add(wmi_exports);
        return 0;
}

char *wmi_guid_text(const GUID *g, char out[GUID_TEXT])
{
        Guid guid;
        memcpy(&guid, g, sizeof guid);
        return guid_text(&guid, out);
}

char *wmi_utf8(const UNICODE_STRING *s)
{
        Arena a = {0};
        Str t = utf_to8(&a, (Str16){(const char16_t *)(const void *)s->Buffer, s->Length / 2u});
        char *copy = t.p ? strndup(t.p, t.n) : NULL;
        arena_deinit(&a);
        return copy;
}

char *wmi_device_text(PDEVICE_OBJECT device, char *buf, size_t size)
{
        PDEVICE_OBJECT pdo = nt_device_pdo_reference(device);
        UNICODE_STRING path;
        char *text = pdo && nt_device_instance_path(pdo, &path) ? wmi_utf8(&path) : NULL;
        snprintf(buf, size, "%s (provider %u)", text ? text : "no device node", nt_device_id(device));
        free(text);
        if (pdo)
                ObfDereferenceObject(pdo);
        return buf;
}
