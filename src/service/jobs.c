// SPDX-License-Identifier: MIT
// Requests that wait for the store: a job in the repository's queue, and what keeps a client's requests in
// order.
//
//   frame -> Job (its own copy) -> run, in the storage thread -> committed -> done, here: the reply
//
// A batch of an enumeration may take many visits to the store, with others in between. So that requests still take
// effect in their order, what a client sends behind one waits here until it is answered.
//
// A job knows its session only from here, and the session forgets its jobs when it ends: they run to their
// end and nobody is answered. While a session has jobs, requests that need no store wait behind them as jobs
// that do nothing.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

#include "base/filetime.h"

enum { JOB_QUIET_MS = 60000 };

static void job_free(Job *j)
{
        if (j->clean)
                j->clean(j);
        buf_deinit(&j->reply);
        buf_deinit(&j->list);
        buf_deinit(&j->parameter);
        free(j);
}

static void job_start(Job *j)
{
        j->started = true;
        if (j->enumeration)
                j->session->turn = j;
        repository_submit(j->service->repository, &j->base);
}

// What waited for its turn, up to the next that others wait for.
static void jobs_start(Session *x)
{
        LIST_EACH(i, &x->jobs)
        {
                Job *j = list_entry(i, Job, of_session);
                if (x->turn)
                        return;
                if (!j->started)
                        job_start(j);
        }
}

void job_submit(Job *j)
{
        if (!j->session->turn)
                job_start(j);
}

// The session has one job less: it may be heard again.
static void job_leave(Job *j)
{
        Session *x = j->session;
        j->service->in_bytes -= j->bytes;
        j->bytes = 0;
        if (!x)
                return;
        bool stalled = connection_stalled(x->c);
        x->job_count--;
        x->job_bytes -= j->charge;
        list_remove(&j->of_session);
        j->session = NULL;
        if (x->turn == j) {
                x->turn = NULL;
                jobs_start(x);
        }
        connection_unstall(x->c, stalled);
}

Asked job_asked(const Job *j)
{
        Asked q = asked(&j->frame);
        if (j->parameter.n && !j->parameter.failed)
                q.parameter = (Str){(const char *)j->parameter.p, j->parameter.n};
        return q;
}

void job_about(Job *j, Str parameter)
{
        buf_deinit(&j->parameter);
        buf_put(&j->parameter, parameter.p, parameter.n);
}

void job_answer(Job *j, int r)
{
        Connection *c = j->session->c;
        if (!r && j->reply.failed)
                r = -ENOMEM;
        if (!r)
                connection_send(c, &j->reply);
        else if (r > 0 && j->list.n && !j->list.failed)
                connection_errors(c, job_asked(j),
                                  j->base.diag.code ? j->base.diag.code : (uint32_t)CIM_E_FAILED,
                                  &j->base.diag, (Str){(const char *)j->list.p, j->list.n});
        else
                connection_refuse(c, job_asked(j), r, &j->base.diag, CIM_E_FAILED);
}

static int job_run(RepositoryJob *base, Store *st)
{
        Job *j = (Job *)base;
        return j->run(j, st);
}

// A store that fails is the administrator's to know, not only the caller's: said once in a while.
static void job_alarm(Job *j)
{
        Service *s = j->service;
        char text[1400];
        uint64_t now = monotonic_ms();
        if (j->base.diag.code != (uint32_t)CIM_E_CRITICAL_ERROR || now < s->store_quiet_until)
                return;
        s->store_quiet_until = now + JOB_QUIET_MS;
        log_line(&s->config.log, LOG_ERROR, "the store fails: %s",
                 diag_text(&j->base.diag, text, sizeof(text)));
}

static void job_done(RepositoryJob *base, int r)
{
        Job *j = (Job *)base;
        if (r == E_DIAG)
                job_alarm(j);
        if (!r && j->again && !j->service->ending && job_wanted(j)) {
                j->again = false;
                repository_submit(j->service->repository, &j->base);
                return;
        }
        if (!r && j->again)
                r = diag_set(&j->base.diag, j->service->ending ? CIM_E_SHUTTING_DOWN : CIM_E_CALL_CANCELLED,
                             j->service->ending ? "the service ends" : "the enumeration was cancelled");
        if (j->session && !j->session->c->ended) {
                if (j->done)
                        j->done(j, r);
                else
                        job_answer(j, r);
        }
        job_leave(j);
        job_free(j);
}

Job *job_new(Session *x, const WireFrame *f, int (*run)(Job *j, Store *st))
{
        Service *s = x->c->service;
        bool room = f->size <= LIMIT_IN_BYTES - s->in_bytes;
        Job *j = room ? calloc(1, sizeof(*j) + f->size) : NULL;
        if (!j)
                return NULL;
        *j = (Job){.base = {.run = job_run, .done = job_done},
                   .service = s,
                   .session = x,
                   .frame = *f,
                   .full = access_may(s, &x->c->identity, RIGHT_FULL_WRITE),
                   .run = run};
        j->bytes = f->size;
        j->charge = sizeof(*j) + f->size;
        j->frame.payload = j->payload;
        if (f->size)
                memcpy(j->payload, f->payload, f->size);
        s->in_bytes += j->bytes;
        list_push(&x->jobs, &j->of_session);
        x->job_count++;
        x->job_bytes += j->charge;
        return j;
}

Job *session_submit(Session *x, const WireFrame *f, int (*run)(Job *j, Store *st))
{
        Job *j = job_new(x, f, run);
        if (j)
                job_submit(j);
        else
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
        return j;
}

void jobs_detach(Session *x)
{
        for (List *i; (i = list_pop(&x->jobs)) != NULL;) {
                Job *j = list_entry(i, Job, of_session);
                j->session = NULL;
                if (j->started)
                        continue;
                job_leave(j);
                job_free(j);
        }
        x->turn = NULL;
        x->job_count = 0;
        x->job_bytes = 0;
}

// --- requests that only wait for their turn ------------------------------------------------------

static int job_nothing(Job *j, Store *st)
{
        (void)j;
        (void)st;
        return 0;
}

static void job_turn(Job *j, int r)
{
        (void)r; // nothing was to be done, so nothing could fail
        if (j->service->ending)
                connection_error(j->session->c, asked(&j->frame), CIM_E_SHUTTING_DOWN, NULL);
        else
                session_perform(j->session, &j->frame);
}

void session_defer(Session *x, const WireFrame *f)
{
        Job *j = job_new(x, f, job_nothing);
        if (!j) {
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
                return;
        }
        j->done = job_turn;
        job_submit(j);
}
