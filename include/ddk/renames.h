// SPDX-License-Identifier: MIT
/*
 * Every C runtime function that a Windows source must find in our runtime (src/crt) and never in libc, under the name
 * fwcrt_NAME. The pragma works in gcc and clang, keeps the source's own spelling in messages, and reaches declarations
 * that a source writes itself.
 */

/* libc has these for a 32-bit wchar_t: never ours, in no mode. */
/* strings */
#pragma redefine_extname wcslen fwcrt_wcslen
#pragma redefine_extname wcsnlen fwcrt_wcsnlen
#pragma redefine_extname wcscpy fwcrt_wcscpy
#pragma redefine_extname wcsncpy fwcrt_wcsncpy
#pragma redefine_extname wcscat fwcrt_wcscat
#pragma redefine_extname wcsncat fwcrt_wcsncat
#pragma redefine_extname wcscmp fwcrt_wcscmp
#pragma redefine_extname wcsncmp fwcrt_wcsncmp
#pragma redefine_extname wcschr fwcrt_wcschr
#pragma redefine_extname wcsrchr fwcrt_wcsrchr
#pragma redefine_extname wcsstr fwcrt_wcsstr
#pragma redefine_extname wcsspn fwcrt_wcsspn
#pragma redefine_extname wcscspn fwcrt_wcscspn
#pragma redefine_extname wcspbrk fwcrt_wcspbrk
#pragma redefine_extname wcstok fwcrt_wcstok
#pragma redefine_extname wcscoll fwcrt_wcscoll
#pragma redefine_extname wcsxfrm fwcrt_wcsxfrm
#pragma redefine_extname wcsdup fwcrt_wcsdup
#pragma redefine_extname wcscasecmp fwcrt_wcscasecmp
#pragma redefine_extname wcsncasecmp fwcrt_wcsncasecmp
#pragma redefine_extname wcpcpy fwcrt_wcpcpy
#pragma redefine_extname wcpncpy fwcrt_wcpncpy
/* memory */
#pragma redefine_extname wmemcpy fwcrt_wmemcpy
#pragma redefine_extname wmemmove fwcrt_wmemmove
#pragma redefine_extname wmemset fwcrt_wmemset
#pragma redefine_extname wmemcmp fwcrt_wmemcmp
#pragma redefine_extname wmemchr fwcrt_wmemchr
#pragma redefine_extname wmempcpy fwcrt_wmempcpy
/* numbers and times */
#pragma redefine_extname wcstol fwcrt_wcstol
#pragma redefine_extname wcstoul fwcrt_wcstoul
#pragma redefine_extname wcstoll fwcrt_wcstoll
#pragma redefine_extname wcstoull fwcrt_wcstoull
#pragma redefine_extname wcstod fwcrt_wcstod
#pragma redefine_extname wcstof fwcrt_wcstof
#pragma redefine_extname wcstold fwcrt_wcstold
#pragma redefine_extname wcsftime fwcrt_wcsftime
/* conversion */
#pragma redefine_extname mblen fwcrt_mblen
#pragma redefine_extname mbtowc fwcrt_mbtowc
#pragma redefine_extname wctomb fwcrt_wctomb
#pragma redefine_extname mbstowcs fwcrt_mbstowcs
#pragma redefine_extname wcstombs fwcrt_wcstombs
#pragma redefine_extname btowc fwcrt_btowc
#pragma redefine_extname wctob fwcrt_wctob
#pragma redefine_extname mbrtowc fwcrt_mbrtowc
#pragma redefine_extname wcrtomb fwcrt_wcrtomb
#pragma redefine_extname mbsrtowcs fwcrt_mbsrtowcs
#pragma redefine_extname wcsrtombs fwcrt_wcsrtombs
#pragma redefine_extname mbsnrtowcs fwcrt_mbsnrtowcs
#pragma redefine_extname wcsnrtombs fwcrt_wcsnrtombs
/* stdio */
#pragma redefine_extname swprintf fwcrt_swprintf
#pragma redefine_extname vswprintf fwcrt_vswprintf
#pragma redefine_extname wprintf fwcrt_wprintf
#pragma redefine_extname vwprintf fwcrt_vwprintf
#pragma redefine_extname fwprintf fwcrt_fwprintf
#pragma redefine_extname vfwprintf fwcrt_vfwprintf
#pragma redefine_extname fputws fwcrt_fputws
#pragma redefine_extname fputwc fwcrt_fputwc
#pragma redefine_extname putwc fwcrt_putwc
#pragma redefine_extname putwchar fwcrt_putwchar
#pragma redefine_extname fgetws fwcrt_fgetws
#pragma redefine_extname fgetwc fwcrt_fgetwc
#pragma redefine_extname getwc fwcrt_getwc
#pragma redefine_extname getwchar fwcrt_getwchar
#pragma redefine_extname ungetwc fwcrt_ungetwc
/* scanning */
#pragma redefine_extname swscanf fwcrt_swscanf
#pragma redefine_extname vswscanf fwcrt_vswscanf
#pragma redefine_extname wscanf fwcrt_wscanf
#pragma redefine_extname vwscanf fwcrt_vwscanf
#pragma redefine_extname fwscanf fwcrt_fwscanf
#pragma redefine_extname vfwscanf fwcrt_vfwscanf
/* classes */
#pragma redefine_extname iswalpha fwcrt_iswalpha
#pragma redefine_extname iswdigit fwcrt_iswdigit
#pragma redefine_extname iswalnum fwcrt_iswalnum
#pragma redefine_extname iswspace fwcrt_iswspace
#pragma redefine_extname iswblank fwcrt_iswblank
#pragma redefine_extname iswupper fwcrt_iswupper
#pragma redefine_extname iswlower fwcrt_iswlower
#pragma redefine_extname iswpunct fwcrt_iswpunct
#pragma redefine_extname iswprint fwcrt_iswprint
#pragma redefine_extname iswgraph fwcrt_iswgraph
#pragma redefine_extname iswcntrl fwcrt_iswcntrl
#pragma redefine_extname iswxdigit fwcrt_iswxdigit
#pragma redefine_extname iswctype fwcrt_iswctype
#pragma redefine_extname wctype fwcrt_wctype
#pragma redefine_extname towlower fwcrt_towlower
#pragma redefine_extname towupper fwcrt_towupper

/* Microsoft's own. */
/* printing */
#pragma redefine_extname _snprintf fwcrt__snprintf
#pragma redefine_extname _vsnprintf fwcrt__vsnprintf
#pragma redefine_extname _snwprintf fwcrt__snwprintf
#pragma redefine_extname _vsnwprintf fwcrt__vsnwprintf
#pragma redefine_extname _scprintf fwcrt__scprintf
#pragma redefine_extname _vscprintf fwcrt__vscprintf
#pragma redefine_extname _scwprintf fwcrt__scwprintf
#pragma redefine_extname _vscwprintf fwcrt__vscwprintf
#pragma redefine_extname _swprintf fwcrt__swprintf
#pragma redefine_extname _vswprintf fwcrt__vswprintf
#pragma redefine_extname sprintf_s fwcrt_sprintf_s
#pragma redefine_extname vsprintf_s fwcrt_vsprintf_s
#pragma redefine_extname swprintf_s fwcrt_swprintf_s
#pragma redefine_extname vswprintf_s fwcrt_vswprintf_s
#pragma redefine_extname _snprintf_s fwcrt__snprintf_s
#pragma redefine_extname _vsnprintf_s fwcrt__vsnprintf_s
#pragma redefine_extname _snwprintf_s fwcrt__snwprintf_s
#pragma redefine_extname _vsnwprintf_s fwcrt__vsnwprintf_s
#pragma redefine_extname printf_s fwcrt_printf_s
#pragma redefine_extname vprintf_s fwcrt_vprintf_s
#pragma redefine_extname fprintf_s fwcrt_fprintf_s
#pragma redefine_extname vfprintf_s fwcrt_vfprintf_s
#pragma redefine_extname wprintf_s fwcrt_wprintf_s
#pragma redefine_extname vwprintf_s fwcrt_vwprintf_s
#pragma redefine_extname fwprintf_s fwcrt_fwprintf_s
#pragma redefine_extname vfwprintf_s fwcrt_vfwprintf_s
/* scanning */
#pragma redefine_extname sscanf_s fwcrt_sscanf_s
#pragma redefine_extname swscanf_s fwcrt_swscanf_s
/* strings */
#pragma redefine_extname _stricmp fwcrt__stricmp
#pragma redefine_extname _strnicmp fwcrt__strnicmp
#pragma redefine_extname _strcmpi fwcrt__strcmpi
#pragma redefine_extname _strlwr fwcrt__strlwr
#pragma redefine_extname _strupr fwcrt__strupr
#pragma redefine_extname _strrev fwcrt__strrev
#pragma redefine_extname _strset fwcrt__strset
#pragma redefine_extname _strnset fwcrt__strnset
#pragma redefine_extname _strdup fwcrt__strdup
#pragma redefine_extname _memicmp fwcrt__memicmp
#pragma redefine_extname strcpy_s fwcrt_strcpy_s
#pragma redefine_extname strncpy_s fwcrt_strncpy_s
#pragma redefine_extname strcat_s fwcrt_strcat_s
#pragma redefine_extname strncat_s fwcrt_strncat_s
#pragma redefine_extname strtok_s fwcrt_strtok_s
#pragma redefine_extname strnlen_s fwcrt_strnlen_s
#pragma redefine_extname _strlwr_s fwcrt__strlwr_s
#pragma redefine_extname _strupr_s fwcrt__strupr_s
#pragma redefine_extname memcpy_s fwcrt_memcpy_s
#pragma redefine_extname memmove_s fwcrt_memmove_s
/* wide strings */
#pragma redefine_extname _wcsicmp fwcrt__wcsicmp
#pragma redefine_extname _wcsnicmp fwcrt__wcsnicmp
#pragma redefine_extname _wcslwr fwcrt__wcslwr
#pragma redefine_extname _wcsupr fwcrt__wcsupr
#pragma redefine_extname _wcsrev fwcrt__wcsrev
#pragma redefine_extname _wcsset fwcrt__wcsset
#pragma redefine_extname _wcsnset fwcrt__wcsnset
#pragma redefine_extname _wcsdup fwcrt__wcsdup
#pragma redefine_extname wcscpy_s fwcrt_wcscpy_s
#pragma redefine_extname wcsncpy_s fwcrt_wcsncpy_s
#pragma redefine_extname wcscat_s fwcrt_wcscat_s
#pragma redefine_extname wcsncat_s fwcrt_wcsncat_s
#pragma redefine_extname wcstok_s fwcrt_wcstok_s
#pragma redefine_extname wcsnlen_s fwcrt_wcsnlen_s
#pragma redefine_extname _wcslwr_s fwcrt__wcslwr_s
#pragma redefine_extname _wcsupr_s fwcrt__wcsupr_s
#pragma redefine_extname wmemcpy_s fwcrt_wmemcpy_s
#pragma redefine_extname wmemmove_s fwcrt_wmemmove_s
/* numbers */
#pragma redefine_extname _itoa fwcrt__itoa
#pragma redefine_extname _ltoa fwcrt__ltoa
#pragma redefine_extname _ultoa fwcrt__ultoa
#pragma redefine_extname _i64toa fwcrt__i64toa
#pragma redefine_extname _ui64toa fwcrt__ui64toa
#pragma redefine_extname _itow fwcrt__itow
#pragma redefine_extname _ltow fwcrt__ltow
#pragma redefine_extname _ultow fwcrt__ultow
#pragma redefine_extname _i64tow fwcrt__i64tow
#pragma redefine_extname _ui64tow fwcrt__ui64tow
#pragma redefine_extname _itoa_s fwcrt__itoa_s
#pragma redefine_extname _ltoa_s fwcrt__ltoa_s
#pragma redefine_extname _ultoa_s fwcrt__ultoa_s
#pragma redefine_extname _i64toa_s fwcrt__i64toa_s
#pragma redefine_extname _ui64toa_s fwcrt__ui64toa_s
#pragma redefine_extname _itow_s fwcrt__itow_s
#pragma redefine_extname _ltow_s fwcrt__ltow_s
#pragma redefine_extname _ultow_s fwcrt__ultow_s
#pragma redefine_extname _i64tow_s fwcrt__i64tow_s
#pragma redefine_extname _ui64tow_s fwcrt__ui64tow_s
#pragma redefine_extname _wtoi fwcrt__wtoi
#pragma redefine_extname _wtol fwcrt__wtol
#pragma redefine_extname _wtoi64 fwcrt__wtoi64
#pragma redefine_extname _wtoll fwcrt__wtoll
#pragma redefine_extname _wtof fwcrt__wtof
#pragma redefine_extname _atoi64 fwcrt__atoi64
#pragma redefine_extname _strtoi64 fwcrt__strtoi64
#pragma redefine_extname _strtoui64 fwcrt__strtoui64
#pragma redefine_extname _wcstoi64 fwcrt__wcstoi64
#pragma redefine_extname _wcstoui64 fwcrt__wcstoui64
/* conversion */
#pragma redefine_extname mbstowcs_s fwcrt_mbstowcs_s
#pragma redefine_extname wcstombs_s fwcrt_wcstombs_s
/* console */
#pragma redefine_extname _putws fwcrt__putws
#pragma redefine_extname _fputwchar fwcrt__fputwchar

/* libc has these with a 64-bit long and other format letters. Linux code (wmi-cc -mlinux) keeps them. */
#ifndef FREEWMI_LINUX
/* stdio */
#pragma redefine_extname printf fwcrt_printf
#pragma redefine_extname fprintf fwcrt_fprintf
#pragma redefine_extname sprintf fwcrt_sprintf
#pragma redefine_extname snprintf fwcrt_snprintf
#pragma redefine_extname vprintf fwcrt_vprintf
#pragma redefine_extname vfprintf fwcrt_vfprintf
#pragma redefine_extname vsprintf fwcrt_vsprintf
#pragma redefine_extname vsnprintf fwcrt_vsnprintf
/* scanning */
#pragma redefine_extname scanf fwcrt_scanf
#pragma redefine_extname fscanf fwcrt_fscanf
#pragma redefine_extname sscanf fwcrt_sscanf
#pragma redefine_extname vscanf fwcrt_vscanf
#pragma redefine_extname vfscanf fwcrt_vfscanf
#pragma redefine_extname vsscanf fwcrt_vsscanf
/* numbers */
#pragma redefine_extname strtol fwcrt_strtol
#pragma redefine_extname strtoul fwcrt_strtoul
#pragma redefine_extname atol fwcrt_atol
#endif
