// SPDX-License-Identifier: MIT
/*
 * Stands in for the *.tmh files that Microsoft's trace preprocessor generates: tracing calls compile to nothing.
 * No include guard: a source may include the stub under several names.
 */
#ifndef FREEWMI_WPP_STUB_H
#define FREEWMI_WPP_STUB_H

#ifndef TRACE_LEVEL_NONE
#define TRACE_LEVEL_NONE 0
#define TRACE_LEVEL_CRITICAL 1
#define TRACE_LEVEL_FATAL 1
#define TRACE_LEVEL_ERROR 2
#define TRACE_LEVEL_WARNING 3
#define TRACE_LEVEL_INFORMATION 4
#define TRACE_LEVEL_VERBOSE 5
#endif

#define WPP_INIT_TRACING(...) ((void)0)
#define WPP_CLEANUP(...) ((void)0)
#define WPP_SYSTEMCONTROL(driver)
#define WPP_SYSTEMCONTROL2(driver, offset)
#define WPP_RECORDER_INITIALIZE(...)
#define WPP_REGISTER_TRACE_GUIDS(...)
#define WPP_TRACING_ENABLED 0
#define WPP_LEVEL_ENABLED(...) 0
#define WPP_FLAG_ENABLED(...) 0
#define WPP_LEVEL_FLAGS_ENABLED(...) 0

#ifndef TraceEvents
#define TraceEvents(...) ((void)0)
#endif
#ifndef TraceMessage
#define TraceMessage(...) ((void)0)
#endif
#ifndef DoTraceMessage
#define DoTraceMessage(...) ((void)0)
#endif
#ifndef DoTraceMessageEx
#define DoTraceMessageEx(...) ((void)0)
#endif
#ifndef DoTraceLevelMessage
#define DoTraceLevelMessage(...) ((void)0)
#endif
#ifndef Trace
#define Trace(...) ((void)0)
#endif
#ifndef TracePrint
#define TracePrint(...) ((void)0)
#endif
#ifndef TraceFuncEntry
#define TraceFuncEntry(...) ((void)0)
#define TraceFuncExit(...) ((void)0)
#endif

#endif
