// SPDX-License-Identifier: MIT
// The handful of Win32 that COM clients lean on: events, threads, waits, critical sections, code pages.
//
// Handles are pointers to objects of ours; one lock and one condition serve all waits, which are rare in
// clients. A handle that is closed while somebody waits on it keeps its object until the wait ends.
#include "com.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"

enum {
        HANDLE_EVENT = 0x45764E54,
        HANDLE_THREAD = 0x54687264,
        HANDLE_MUTEX = 0x4D757478,
        HANDLE_GONE = 0x476F6E65
};

typedef struct Waitable {
        uint32_t kind;
        uint32_t refs;
        BOOL manual;   // event: stays set until reset
        BOOL signaled; // event: set; thread: ended; mutex: free
        DWORD owner;   // mutex
        DWORD depth;   // mutex
        DWORD exit_code;
        DWORD id; // thread: 0 until it runs
        LPTHREAD_START_ROUTINE start;
        void *argument;
        List waiters; // of Waiter
} Waitable;

// One object of one wait.
typedef struct Waiter {
        List link;
        pthread_cond_t *woken;
} Waiter;

static pthread_mutex_t wait_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread DWORD last_error;

static void WaitCondInit(pthread_cond_t *c)
{
        pthread_condattr_t a;
        pthread_condattr_init(&a);
        pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
        pthread_cond_init(c, &a);
        pthread_condattr_destroy(&a);
}

DWORD WINAPI GetLastError(void)
{
        return last_error;
}

void WINAPI SetLastError(DWORD error)
{
        last_error = error;
}

DWORD WINAPI GetCurrentThreadId(void)
{
        return (DWORD)gettid();
}

DWORD WINAPI GetCurrentProcessId(void)
{
        return (DWORD)getpid();
}

ULONGLONG WINAPI GetTickCount64(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (ULONGLONG)t.tv_sec * 1000 + (ULONGLONG)t.tv_nsec / 1000000;
}

DWORD WINAPI GetTickCount(void)
{
        return (DWORD)GetTickCount64();
}

void WINAPI Sleep(DWORD ms)
{
        if (ms == INFINITE)
                for (;;)
                        pause();
        struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
        while (nanosleep(&t, &t) != 0)
                ;
}

static Waitable *WaitableNew(uint32_t kind)
{
        Waitable *w = calloc(1, sizeof(*w));
        if (w) {
                w->kind = kind;
                w->refs = 1;
                list_init(&w->waiters);
        } else {
                SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        }
        return w;
}

// Under wait_lock.
static void WaitableUnref(Waitable *w)
{
        if (--w->refs)
                return;
        w->kind = HANDLE_GONE;
        free(w);
}

// Whoever waits for it shall look. Not one alone: one that waits for more objects may have to leave it. Under
// wait_lock.
static void WaitableWake(Waitable *w)
{
        LIST_EACH(i, &w->waiters)
        pthread_cond_signal(list_entry(i, Waiter, link)->woken);
}

static Waitable *WaitableOf(HANDLE h)
{
        Waitable *w = h;
        if (!w || h == INVALID_HANDLE_VALUE ||
            (w->kind != HANDLE_EVENT && w->kind != HANDLE_THREAD && w->kind != HANDLE_MUTEX)) {
                SetLastError(ERROR_INVALID_HANDLE);
                return NULL;
        }
        return w;
}

HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES security, WINBOOL manual, WINBOOL initial, LPCWSTR name)
{
        (void)security;
        if (name) { // between processes: not here
                SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
                return NULL;
        }
        Waitable *w = WaitableNew(HANDLE_EVENT);
        if (w) {
                w->manual = manual;
                w->signaled = initial;
        }
        return w;
}

HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES security, WINBOOL manual, WINBOOL initial, LPCSTR name)
{
        return CreateEventW(security, manual, initial, name ? L"" : NULL);
}

HANDLE WINAPI CreateMutexW(LPSECURITY_ATTRIBUTES security, WINBOOL owned, LPCWSTR name)
{
        (void)security;
        if (name) {
                SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
                return NULL;
        }
        Waitable *w = WaitableNew(HANDLE_MUTEX);
        if (w) {
                w->signaled = !owned;
                w->owner = owned ? GetCurrentThreadId() : 0;
                w->depth = owned ? 1 : 0;
        }
        return w;
}

HANDLE WINAPI CreateMutexA(LPSECURITY_ATTRIBUTES security, WINBOOL owned, LPCSTR name)
{
        return CreateMutexW(security, owned, name ? L"" : NULL);
}

static WINBOOL EventChange(HANDLE h, BOOL signaled)
{
        Waitable *w = WaitableOf(h);
        if (!w || w->kind != HANDLE_EVENT)
                return FALSE;
        pthread_mutex_lock(&wait_lock);
        w->signaled = signaled;
        if (signaled)
                WaitableWake(w);
        pthread_mutex_unlock(&wait_lock);
        return TRUE;
}

WINBOOL WINAPI SetEvent(HANDLE h)
{
        return EventChange(h, TRUE);
}

WINBOOL WINAPI ResetEvent(HANDLE h)
{
        return EventChange(h, FALSE);
}

WINBOOL WINAPI ReleaseMutex(HANDLE h)
{
        Waitable *w = WaitableOf(h);
        if (!w || w->kind != HANDLE_MUTEX)
                return FALSE;
        pthread_mutex_lock(&wait_lock);
        BOOL mine = w->depth && w->owner == GetCurrentThreadId();
        if (mine && --w->depth == 0) {
                w->signaled = TRUE;
                WaitableWake(w);
        }
        pthread_mutex_unlock(&wait_lock);
        if (!mine)
                SetLastError(ERROR_NOT_OWNER);
        return mine;
}

static BOOL WaitReady(const Waitable *w)
{
        return w->signaled || (w->kind == HANDLE_MUTEX && w->depth && w->owner == GetCurrentThreadId());
}

static void WaitTake(Waitable *w)
{
        if (w->kind == HANDLE_EVENT && !w->manual)
                w->signaled = FALSE;
        if (w->kind == HANDLE_MUTEX) {
                w->signaled = FALSE;
                w->owner = GetCurrentThreadId();
                w->depth++;
        }
}

static DWORD WaitTry(Waitable **w, DWORD n, BOOL all)
{
        DWORD ready = 0, first = n;
        for (DWORD i = 0; i < n; i++) {
                if (!WaitReady(w[i]))
                        continue;
                ready++;
                if (first == n)
                        first = i;
        }
        if (all ? ready < n : ready == 0)
                return WAIT_TIMEOUT;
        for (DWORD i = 0; i < n; i++)
                if (all || i == first)
                        WaitTake(w[i]);
        return WAIT_OBJECT_0 + (all ? 0 : first);
}

// Waits in earnest. Under wait_lock.
static DWORD WaitLong(Waitable **w, DWORD n, BOOL all, DWORD ms)
{
        Waiter waiters[MAXIMUM_WAIT_OBJECTS];
        pthread_cond_t woken;
        struct timespec until;
        WaitCondInit(&woken);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ms / 1000;
        until.tv_nsec += (long)(ms % 1000) * 1000000;
        if (until.tv_nsec >= 1000000000) {
                until.tv_sec++;
                until.tv_nsec -= 1000000000;
        }
        for (DWORD i = 0; i < n; i++) {
                waiters[i].woken = &woken;
                list_push(&w[i]->waiters, &waiters[i].link);
                w[i]->refs++;
        }
        DWORD r;
        while ((r = WaitTry(w, n, all)) == WAIT_TIMEOUT && ms) {
                if (ms == INFINITE)
                        pthread_cond_wait(&woken, &wait_lock);
                else if (pthread_cond_timedwait(&woken, &wait_lock, &until) != 0)
                        ms = 0; // one last look
        }
        for (DWORD i = 0; i < n; i++) {
                list_remove(&waiters[i].link);
                WaitableUnref(w[i]);
        }
        pthread_cond_destroy(&woken);
        return r;
}

DWORD WINAPI WaitForMultipleObjects(DWORD n, const HANDLE *handles, WINBOOL all, DWORD ms)
{
        Waitable *w[MAXIMUM_WAIT_OBJECTS];
        if (n == 0 || n > MAXIMUM_WAIT_OBJECTS) {
                SetLastError(ERROR_INVALID_PARAMETER);
                return WAIT_FAILED;
        }
        for (DWORD i = 0; i < n; i++)
                if (!(w[i] = WaitableOf(handles[i])))
                        return WAIT_FAILED;
        pthread_mutex_lock(&wait_lock);
        DWORD r = WaitTry(w, n, all);
        if (r == WAIT_TIMEOUT && ms)
                r = WaitLong(w, n, all, ms);
        pthread_mutex_unlock(&wait_lock);
        return r;
}

DWORD WINAPI WaitForSingleObject(HANDLE h, DWORD ms)
{
        return WaitForMultipleObjects(1, &h, FALSE, ms);
}

WINBOOL WINAPI CloseHandle(HANDLE h)
{
        Waitable *w = WaitableOf(h);
        if (!w)
                return FALSE;
        pthread_mutex_lock(&wait_lock);
        WaitableUnref(w);
        pthread_mutex_unlock(&wait_lock);
        return TRUE;
}

// --- threads
// ------------------------------------------------------------------------------------------------

static pthread_cond_t thread_started = PTHREAD_COND_INITIALIZER; // some thread has its id

static void *ThreadRun(void *p)
{
        Waitable *w = p;
        pthread_mutex_lock(&wait_lock);
        w->id = GetCurrentThreadId();
        pthread_cond_broadcast(&thread_started);
        pthread_mutex_unlock(&wait_lock);
        DWORD code = w->start(w->argument);
        pthread_mutex_lock(&wait_lock);
        w->exit_code = code;
        w->signaled = TRUE;
        WaitableWake(w);
        WaitableUnref(w);
        pthread_mutex_unlock(&wait_lock);
        return NULL;
}

HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T stack, LPTHREAD_START_ROUTINE start,
                           LPVOID argument, DWORD flags, LPDWORD id)
{
        (void)security;
        (void)stack;
        if (flags & CREATE_SUSPENDED) {
                SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
                return NULL;
        }
        Waitable *w = WaitableNew(HANDLE_THREAD);
        if (!w)
                return NULL;
        w->start = start;
        w->argument = argument;
        w->exit_code = STILL_ACTIVE;
        w->refs = 2; // the handle's and the thread's
        pthread_t t;
        if (pthread_create(&t, NULL, ThreadRun, w) != 0) {
                free(w);
                SetLastError(ERROR_NOT_ENOUGH_MEMORY);
                return NULL;
        }
        pthread_detach(t);
        pthread_mutex_lock(&wait_lock);
        while (!w->id)
                pthread_cond_wait(&thread_started, &wait_lock);
        if (id)
                *id = w->id;
        pthread_mutex_unlock(&wait_lock);
        return w;
}

WINBOOL WINAPI GetExitCodeThread(HANDLE h, LPDWORD ret)
{
        Waitable *w = WaitableOf(h);
        if (!w || w->kind != HANDLE_THREAD)
                return FALSE;
        pthread_mutex_lock(&wait_lock);
        *ret = w->exit_code;
        pthread_mutex_unlock(&wait_lock);
        return TRUE;
}

// --- critical sections: recursive mutexes that hang off the structure
// --------------------------------------------

static pthread_mutex_t *SectionMutex(LPCRITICAL_SECTION s)
{
        return (pthread_mutex_t *)(void *)s->LockSemaphore;
}

void WINAPI InitializeCriticalSection(LPCRITICAL_SECTION s)
{
        pthread_mutexattr_t a;
        memset(s, 0, sizeof(*s));
        pthread_mutex_t *m = malloc(sizeof(*m));
        if (!m)
                abort(); // the function has no way to fail
        pthread_mutexattr_init(&a);
        pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
        pthread_mutex_init(m, &a);
        pthread_mutexattr_destroy(&a);
        s->LockSemaphore = m;
}

WINBOOL WINAPI InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION s, DWORD spin)
{
        (void)spin;
        InitializeCriticalSection(s);
        return TRUE;
}

void WINAPI EnterCriticalSection(LPCRITICAL_SECTION s)
{
        pthread_mutex_lock(SectionMutex(s));
}

WINBOOL WINAPI TryEnterCriticalSection(LPCRITICAL_SECTION s)
{
        return pthread_mutex_trylock(SectionMutex(s)) == 0;
}

void WINAPI LeaveCriticalSection(LPCRITICAL_SECTION s)
{
        pthread_mutex_unlock(SectionMutex(s));
}

void WINAPI DeleteCriticalSection(LPCRITICAL_SECTION s)
{
        if (!s->LockSemaphore)
                return;
        pthread_mutex_destroy(SectionMutex(s));
        free(SectionMutex(s));
        s->LockSemaphore = NULL;
}

// --- memory, names, code pages
// ------------------------------------------------------------------------------------

HLOCAL WINAPI LocalAlloc(UINT flags, SIZE_T n)
{
        return flags & LMEM_ZEROINIT ? calloc(1, n ? n : 1) : malloc(n ? n : 1);
}

HLOCAL WINAPI LocalFree(HLOCAL p)
{
        free(p);
        return NULL;
}

WINBOOL WINAPI GetComputerNameA(LPSTR out, LPDWORD size)
{
        char name[256] = "";
        if (gethostname(name, sizeof(name) - 1) != 0)
                return FALSE;
        DWORD n = (DWORD)strlen(name);
        if (*size <= n) {
                *size = n + 1;
                SetLastError(ERROR_BUFFER_OVERFLOW);
                return FALSE;
        }
        memcpy(out, name, n + 1);
        *size = n;
        return TRUE;
}

WINBOOL WINAPI GetComputerNameW(LPWSTR out, LPDWORD size)
{
        char name[256];
        DWORD n = sizeof(name);
        if (!GetComputerNameA(name, &n))
                return FALSE;
        if (*size <= n) {
                *size = n + 1;
                SetLastError(ERROR_BUFFER_OVERFLOW);
                return FALSE;
        }
        for (DWORD i = 0; i <= n; i++)
                out[i] = (unsigned char)name[i];
        *size = n;
        return TRUE;
}

// Every code page is UTF-8 here.
int WINAPI MultiByteToWideChar(UINT page, DWORD flags, LPCCH in, int in_size, LPWSTR out, int out_size)
{
        (void)page;
        Arena a = {0};
        if (!in || in_size == 0 || out_size < 0) {
                SetLastError(ERROR_INVALID_PARAMETER);
                return 0;
        }
        size_t n = in_size < 0 ? strlen(in) + 1 : (size_t)in_size;
        if (flags & MB_ERR_INVALID_CHARS && !utf8_valid(in, n, NULL)) {
                SetLastError(ERROR_NO_UNICODE_TRANSLATION);
                return 0;
        }
        Str16 w = utf_to16(&a, (Str){in, n});
        int r = (int)w.n;
        if (out_size) {
                if (!w.p || w.n > (size_t)out_size) {
                        SetLastError(ERROR_INSUFFICIENT_BUFFER);
                        r = 0;
                } else {
                        memcpy(out, w.p, w.n * sizeof(WCHAR));
                }
        }
        arena_deinit(&a);
        return r;
}

int WINAPI WideCharToMultiByte(UINT page, DWORD flags, LPCWCH in, int in_size, LPSTR out, int out_size,
                               LPCCH default_char, LPBOOL used_default)
{
        (void)page;
        (void)flags;
        (void)default_char;
        Arena a = {0};
        if (!in || in_size == 0 || out_size < 0) {
                SetLastError(ERROR_INVALID_PARAMETER);
                return 0;
        }
        if (used_default)
                *used_default = FALSE;
        size_t n = in_size < 0 ? wcslen(in) + 1 : (size_t)in_size;
        Str s = utf_to8(&a, (Str16){(const char16_t *)in, n});
        int r = (int)s.n;
        if (out_size) {
                if (!s.p || s.n > (size_t)out_size) {
                        SetLastError(ERROR_INSUFFICIENT_BUFFER);
                        r = 0;
                } else {
                        memcpy(out, s.p, s.n);
                }
        }
        arena_deinit(&a);
        return r;
}
