// SPDX-License-Identifier: MIT
// wpprecorder.h: the in-flight trace recorder; compiles to nothing, like all WPP tracing (wpp-stub.h).
#ifndef FREEWMI_WPPRECORDER_H
#define FREEWMI_WPPRECORDER_H

typedef struct RECORDER_LOG__ *RECORDER_LOG;

#define WppRecorderIsDefaultLogAvailable() FALSE
#define WppRecorderLogGetDefault() ((RECORDER_LOG)0)
#define WppRecorderLogCreate(...) STATUS_SUCCESS
#define WppRecorderLogDelete(...) ((void)0)
#define WppRecorderConfigure(...) ((void)0)
#define WPP_RECORDER_LEVEL_FLAGS_ARGS(...)
#define WPP_RECORDER_LEVEL_FLAGS_FILTER(...)

#endif
