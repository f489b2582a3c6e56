// SPDX-License-Identifier: MIT
// Messages that wait for the socket, and how the I/O thread is woken.
//
// The I/O thread says that it goes to sleep, looks once more whether there is work, and polls. Whoever makes
// work afterwards finds the word set, takes it, and writes to an eventfd: one wake-up a sleep, none while it
// is awake, and never a call that blocks (the counter of an eventfd cannot be full after one write).
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static pthread_mutex_t out_mutex = PTHREAD_MUTEX_INITIALIZER;
static Buf out;
static size_t out_whole; // bytes of whole messages, while one is added
static bool out_closed;  // there is no service: messages go nowhere
static int wake_fd = -1;
static atomic_bool sleeping;

Buf *wmi_out_begin(void)
{
        pthread_mutex_lock(&out_mutex);
        out_whole = out.n;
        return &out;
}

void wmi_out_end(void)
{
        bool failed = out.failed;
        if (failed || out_closed) // half a message would cost all that come behind it
                out.n = out_whole;
        out.failed = false;
        pthread_mutex_unlock(&out_mutex);
        if (failed)
                nt_log(NT_LOG_ERROR, "WMI: a message to the service is lost: out of memory");
        wmi_wake();
}

void wmi_out_close(Buf *empty)
{
        pthread_mutex_lock(&out_mutex);
        out_closed = true;
        Buf b = out;
        out = *empty;
        pthread_mutex_unlock(&out_mutex);
        *empty = b;
}

void wmi_out_open(void)
{
        pthread_mutex_lock(&out_mutex);
        out_closed = false;
        pthread_mutex_unlock(&out_mutex);
}

void wmi_out_take(Buf *empty)
{
        pthread_mutex_lock(&out_mutex);
        Buf b = out;
        out = *empty;
        pthread_mutex_unlock(&out_mutex);
        *empty = b;
}

bool wmi_out_waiting(void)
{
        pthread_mutex_lock(&out_mutex);
        bool waiting = out.n > 0;
        pthread_mutex_unlock(&out_mutex);
        return waiting;
}

int wmi_wake_init(void)
{
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return wake_fd < 0 ? -errno : 0;
}

int wmi_wake_fd(void)
{
        return wake_fd;
}

void wmi_wake(void)
{
        atomic_thread_fence(memory_order_seq_cst);
        if (!atomic_load_explicit(&sleeping, memory_order_relaxed) || !atomic_exchange(&sleeping, false))
                return;
        uint64_t one = 1;
        if (write(wake_fd, &one, sizeof one) < 0)
                return; // a wake-up is pending already
}

void wmi_sleep_begin(void)
{
        atomic_store(&sleeping, true);
        atomic_thread_fence(memory_order_seq_cst);
}

void wmi_sleep_end(void)
{
        atomic_store(&sleeping, false);
        uint64_t count;
        if (read(wake_fd, &count, sizeof count) < 0)
                return; // nobody woke us
}
