// SPDX-License-Identifier: MIT
// mofck: headers, declaration by declaration, compiled, and measured against the layout of data blocks.
#include "mofck/header.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cim/layout.h"
#include "cim/method.h"
#include "mofck/block.h"
#include "mofck/test-mofck.h"

static const char sample[] =
        "[WMI, HeaderName(\"PAIR\"), guid(\"{A1C15015-B069-11d1-9290-00A0C9062910}\"),\n"
        " cpp_quote(\"typedef enum { LOW = 1, HIGH = 2 } LEVEL;\\n\")]\n"
        "class Vendor_Pair { [WmiDataId(2)] uint8 Small; [WmiDataId(1)] uint64 Large; };\n"
        "[" BLOCK_QUALIFIERS ", Description(\"All there is.\")]\n"
        "class Vendor_All {\n" REQUIRED "[WmiDataId(1), Description(\"A flag\")] boolean Flag;\n"
        "[WmiDataId(2)] sint8 Tiny;\n"
        "[WmiDataId(3)] uint16 Word;\n"
        "[WmiDataId(4), DefineValues{\"QUIET\", \"LOUD\"}, Values{\"Quiet\", \"Loud\"}, ValueMap{\"1\", "
        "\"0x10\"}] uint32 Mode;\n"
        "[WmiDataId(5), DefineValues{\"BIT_A\", \"BIT_B\"}, BitMap{\"0\", \"3\"}] sint64 Bits;\n"
        "[WmiDataId(6)] uint16 Fixed[3];\n"
        "[WmiDataId(7)] Vendor_Pair One;\n"
        "[WmiDataId(8)] Vendor_Pair Two[2];\n"
        "[WmiDataId(9)] datetime When;\n"
        "[WmiDataId(10)] real32 Single;\n"
        "[WmiDataId(11), DefineDataId(\"LAST_ITEM\")] char16 Letter;\n"
        "[Implemented, WmiMethodId(7)] void Set([in] uint32 In, [in, out] uint8 Both, [out] Vendor_Pair "
        "Out);\n"
        "[Implemented, WmiMethodId(8), HeaderName(\"ASK\")] uint32 Ask([in, ID(1)] uint8 Second, [in, ID(0)] "
        "uint32 First);\n"
        "};\n";

// The header of a text. u, m and k as the options; to be deinited.
static Buf header_of(const char *text, const char *options)
{
        MofDocument *d = document_of(text);
        MofckHeaderOptions o = {.methods = strchr(options, 'm'),
                                .after_variable = strchr(options, 'u'),
                                .kernel = strchr(options, 'k'),
                                .name = "dir/try-1.h"};
        Buf b = {0};
        Diag diag = {0};
        if (mofck_header(d, &o, &b, &diag))
                fail_msg("%u:%u: %s", diag.line, diag.column, diag.message);
        mof_document_free(d);
        buf_z(&b);
        return b;
}

// Is each of the pieces there, in this order? Blanks count as one.
static void expect_pieces(const Buf *b, const char *const *pieces)
{
        Buf flat = {0};
        for (size_t i = 0; i < b->n; i++) {
                char c = (char)b->p[i];
                bool blank = c == ' ' || c == '\n' || c == '\t';
                if (!blank || (flat.n && flat.p[flat.n - 1] != ' '))
                        buf_u8(&flat, blank ? ' ' : (uint8_t)c);
        }
        const char *at = buf_z(&flat);
        for (; *pieces; pieces++) {
                const char *found = strstr(at, *pieces);
                if (!found)
                        fail_msg("not there, or not in its place: %s\n%s", *pieces, b->p);
                at = found + strlen(*pieces);
        }
        buf_deinit(&flat);
}

static void windows_declares_what_its_tools_declare(void **state)
{
        (void)state;
        Buf b = header_of(sample, "m");
        expect_pieces(
                &b, (const char *[]){
                            "#ifndef _try_1_h_ #define _try_1_h_ typedef enum { LOW = 1, HIGH = 2 } LEVEL; "
                            "// Vendor_Pair - PAIR",
                            "#define Vendor_PairGuid \\ { 0xa1c15015,0xb069,0x11d1, { "
                            "0x92,0x90,0x00,0xa0,0xc9,0x06,0x29,0x10 } }",
                            "#if ! (defined(MIDL_PASS)) DEFINE_GUID(Vendor_Pair_GUID, \\ "
                            "0xa1c15015,0xb069,0x11d1,0x92,0x90,0x00,0xa0,0xc9,0x06,0x29,0x10); #endif",
                            "typedef struct _PAIR { // ULONGLONG Large; #define PAIR_Large_SIZE "
                            "sizeof(ULONGLONG) #define PAIR_Large_ID 1 // UCHAR Small;",
                            "} PAIR, *PPAIR; #define PAIR_SIZE (FIELD_OFFSET(PAIR, Small) + PAIR_Small_SIZE)",
                            "// Vendor_All - Vendor_All // All there is.",
                            "typedef struct _Vendor_All { // A flag BOOLEAN Flag; #define "
                            "Vendor_All_Flag_SIZE sizeof(BOOLEAN) #define Vendor_All_Flag_ID 1",
                            "CHAR Tiny;",
                            "USHORT Word;",
                            "#define QUIET 1 #define LOUD 0x10 ULONG Mode;",
                            "#define BIT_A 0x1 #define BIT_B 0x8 LONGLONG Bits;",
                            "USHORT Fixed[3]; #define Vendor_All_Fixed_SIZE sizeof(USHORT[3])",
                            "PAIR One; #define Vendor_All_One_SIZE sizeof(PAIR)",
                            "PAIR Two[2]; #define Vendor_All_Two_SIZE sizeof(PAIR[2])",
                            "WCHAR When[25];",
                            "float Single;",
                            "WCHAR Letter; #define LAST_ITEM_SIZE sizeof(WCHAR) #define LAST_ITEM_ID 11",
                            "} Vendor_All, *PVendor_All; #define Vendor_All_SIZE (FIELD_OFFSET(Vendor_All, "
                            "Letter) + LAST_ITEM_SIZE)",
                            "// Method id definitions for Vendor_All #define Set 7 typedef struct _Set_IN {",
                            "ULONG In; #define Set_IN_In_SIZE sizeof(ULONG) #define Set_IN_In_ID 1",
                            "UCHAR Both; #define Set_IN_Both_SIZE sizeof(UCHAR) #define Set_IN_Both_ID 2",
                            "} Set_IN, *PSet_IN; #define Set_IN_SIZE",
                            "typedef struct _Set_OUT { // UCHAR Both; #define Set_OUT_Both_SIZE "
                            "sizeof(UCHAR) #define Set_OUT_Both_ID 2",
                            "PAIR Out; #define Set_OUT_Out_SIZE sizeof(PAIR) #define Set_OUT_Out_ID 3",
                            "#define Ask 8 typedef struct _ASK_IN { // ULONG First;",
                            "#define ASK_IN_First_ID 1 // UCHAR Second;",
                            "typedef struct _ASK_OUT { ULONG ReturnValue;",
                            "#endif",
                            NULL,
                    });
        buf_deinit(&b);
        b = header_of(sample, "");
        assert_non_null(strstr((const char *)b.p, "#define Set     7\n"));
        assert_null(strstr((const char *)b.p, "Set_IN"));
        buf_deinit(&b);
}

static void data_of_variable_size_comes_last(void **state)
{
        (void)state;
        Buf b = header_of(
                BLOCK("", "[WmiDataId(1)] uint32 Count; [WmiDataId(2), WmiSizeIs(\"Count\")] uint16 Many[];"),
                "");
        expect_pieces(&b, (const char *[]){"ULONG Count;", "#define Thing_Count_ID 1",
                                           "USHORT Many[1]; #define Thing_Many_ID 2 } Thing", NULL});
        assert_null(strstr((const char *)b.p, "Thing_SIZE"));
        buf_deinit(&b);
        b = header_of(BLOCK("", "[WmiDataId(1)] uint32 A; [WmiDataId(2)] string Text;"), "");
        expect_pieces(&b, (const char *[]){"ULONG A;",
                                           "CHAR VariableData[1]; #define Thing_Text_ID 2 } Thing", NULL});
        assert_null(strstr((const char *)b.p, "Thing_SIZE"));
        buf_deinit(&b);
        b = header_of(BLOCK("", "[WmiDataId(1), MaxLen(31)] string Text; [WmiDataId(2)] uint32 A; "
                                "[WmiDataId(3), MaxLen(4)] string Last;"),
                      "");
        expect_pieces(
                &b, (const char *[]){"WCHAR Text[31 + 1]; #define Thing_Text_ID 1", "ULONG A;",
                                     "WCHAR Last[4 + 1]; #define Thing_Last_ID 3 } Thing",
                                     "#define Thing_SIZE (FIELD_OFFSET(Thing, Last) + sizeof(WCHAR[4 + 1]))",
                                     NULL});
        buf_deinit(&b);
}

#define TWO_VARIABLE                                                                                         \
        BLOCK("", "[WmiDataId(1)] uint32 A; [WmiDataId(2)] string Text; [WmiDataId(3)] uint32 B; "           \
                  "[WmiDataId(4)] string Last;")

static void behind_it_members_are_asked_for(void **state)
{
        (void)state;
        Buf b = header_of(TWO_VARIABLE, "");
        expect_pieces(&b, (const char *[]){"typedef struct _Thing { char VariableData[1]; } Thing, *PThing;",
                                           NULL});
        assert_null(strstr((const char *)b.p, "_ID"));
        buf_deinit(&b);
        b = header_of(TWO_VARIABLE, "u");
        expect_pieces(&b, (const char *[]){"ULONG A; #define Thing_A_SIZE sizeof(ULONG) #define Thing_A_ID 1",
                                           "CHAR VariableData[1]; #define Thing_Text_ID 2", "ULONG B;",
                                           "#define Thing_B_ID 3", "#define Thing_Last_ID 4 } Thing", NULL});
        buf_deinit(&b);
}

static void guids_and_headers_have_names_of_their_own(void **state)
{
        (void)state;
        Buf b = header_of("[" WMI_A ", GuidName1(\"THE_GUID\"), GuidName2(\"TheOther\")] class A { };\n"
                          "[" WMI_B ", WmiGenerateHeader(FALSE)] class Hidden { [WmiDataId(1)] uint32 X; };\n"
                          "[" WMI_B ", WmiGenerateHeader(TRUE)] class Shown { [WmiDataId(1)] Hidden X; "
                          "[WmiDataId(2)] Elsewhere Y; };\n",
                          "");
        expect_pieces(&b, (const char *[]){"#define THE_GUID \\", "DEFINE_GUID(TheOther, \\", "Hidden X;",
                                           "Elsewhere Y;", NULL});
        assert_null(strstr((const char *)b.p, "struct _Hidden"));
        assert_null(strstr((const char *)b.p, "struct _A"));
        buf_deinit(&b);
}

static void embedded_classes_come_first(void **state)
{
        (void)state;
        for (int kernel = 0; kernel < 2; kernel++) {
                Buf b = header_of("[" WMI_A "] class Outer { [WmiDataId(1)] Inner A; };\n" INNER,
                                  kernel ? "k" : "");
                expect_pieces(&b, (const char *[]){kernel ? "struct inner {" : "struct _Inner",
                                                   kernel ? "struct inner a;" : "Inner A;", NULL});
                buf_deinit(&b);
        }
}

// What comes out of a description cannot end its comment.
static void comments_stay_comments(void **state)
{
        (void)state;
        static const char text[] =
                "[" WMI_A ", Description(\"one\\ntwo\\\\\")]\nclass A { [WmiDataId(1), Description(\"x */ "
                "int y; ?\?/\"),"
                " Values{\"*/ int z;\"}] uint32 X; [WmiDataId(2), DefineValues{\"no name\"}] uint32 Y; };";
        Buf b = header_of(text, "");
        expect_pieces(
                &b, (const char *[]){"// one // two\\. #define", "// x */ int y; ?\?/.", "// no name", NULL});
        buf_deinit(&b);
        b = header_of(text, "k");
        expect_pieces(&b, (const char *[]){"/* one two\\ */", "/* x * / int y; ?\?/ */",
                                           "/* 0: * / int z; */", NULL});
        buf_deinit(&b);
}

static void refuse(const char *text, const char *options, unsigned line, const char *why)
{
        MofDocument *d = document_of(text);
        MofckHeaderOptions o = {.methods = true, .kernel = strchr(options, 'k')};
        Buf b = {0};
        Diag diag = {0};
        assert_int_equal(mofck_header(d, &o, &b, &diag), E_DIAG);
        assert_int_equal(b.n, 0);
        if (diag.line != line || !strstr(diag.message, why))
                fail_msg("%u: \"%s\" is not \"%s\" at %u", diag.line, diag.message, why, line);
        buf_deinit(&b);
        mof_document_free(d);
}

static void what_makes_no_structure_is_refused(void **state)
{
        (void)state;
        refuse("[" WMI_A ",\nHeaderName(\"a b\")] class A { };", "", 2, "cannot be a name");
        refuse("[" WMI_A ",\nGuidName1(\"a;\")] class A { };", "", 2, "cannot be a name");
        refuse("[" WMI_A "] class A {\n[WmiDataId(1)] object X; };", "", 2, "object");
        refuse("[" WMI_A "] class A {\n[WmiDataId(1)] A X; };", "", 2, "itself");
        refuse("[" WMI_A "] class A {\n[WmiDataId(1)] A X; };", "k", 2, "itself");
        refuse("[" WMI_A "] class A { [WmiDataId(1)] uint8 X;\n[WmiDataId(1)] uint8 Y; };", "", 2,
               "same place");
        refuse("[" WMI_A "] class A { [WmiMethodId(1)]\nstring X(); };", "", 2, "string");
}

// --- compiled ------------------------------------------------------------------------------------

static int run(const char *const *argv, const char *input)
{
        int pipe_fd[2];
        if (pipe(pipe_fd))
                return -1;
        pid_t child = fork();
        if (child == 0) {
                dup2(pipe_fd[0], STDIN_FILENO);
                close(pipe_fd[0]);
                close(pipe_fd[1]);
                dup2(STDERR_FILENO, STDOUT_FILENO);
                execvp(argv[0], (char *const *)(uintptr_t)argv);
                _exit(127);
        }
        close(pipe_fd[0]);
        size_t left = strlen(input);
        while (left) {
                ssize_t n = write(pipe_fd[1], input, left);
                if (n <= 0)
                        break;
                input += n;
                left -= (size_t)n;
        }
        close(pipe_fd[1]);
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool have_compiler(void)
{
        return run((const char *[]){"cc", "-fsyntax-only", "-x", "c", "-", NULL}, "int x;") == 0;
}

static void compile(Buf *source)
{
        const char *text = buf_z(source);
        if (run((const char *[]){"cc", "-std=gnu17", "-fsyntax-only", "-fshort-wchar", "-Wall", "-Werror",
                                 "-x", "c", "-", NULL},
                text))
                fail_msg("it does not compile:\n%s", text);
}

static const char windows_types[] =
        "#include <stddef.h>\ntypedef unsigned char UCHAR, BOOLEAN; typedef signed char CHAR; typedef short "
        "SHORT; typedef unsigned short USHORT, WCHAR;\n"
        "typedef int LONG; typedef unsigned int ULONG; typedef long long LONGLONG; typedef unsigned long "
        "long ULONGLONG;\n"
        "#define DEFINE_GUID(n, a, b, c, ...) static const struct { unsigned x; unsigned short y, z; "
        "unsigned char w[8]; } n __attribute__((unused)) = {a, b, c, {__VA_ARGS__}}\n"
        "#define FIELD_OFFSET(t, m) offsetof(t, m)\n";

static const char kernel_types[] =
        "#include <stddef.h>\ntypedef unsigned char u8; typedef signed char s8; typedef unsigned short "
        "__le16; typedef unsigned int __le32;\n"
        "typedef unsigned long long __le64;\n#define __packed __attribute__((packed))\n#define "
        "static_assert(e) _Static_assert(e, #e)\n";

// Asserts for each item of a layout. kernel: snake is the structure's tag and members have the names that the
// test knows.
static void put_asserts(Buf *out, const CimClass *c, const char *type, bool kernel)
{
        const CimLayout *l = c->layout;
        assert_non_null(l);
        for (size_t i = 0; i < l->item_count; i++) {
                const char *name = c->properties[l->items[i].property].name.p;
                char lower[64];
                size_t n = 0;
                for (; name[n]; n++)
                        lower[n] =
                                (char)(kernel && name[n] >= 'A' && name[n] <= 'Z' ? name[n] | 0x20 : name[n]);
                lower[n] = '\0';
                buf_printf(out, "_Static_assert(offsetof(%s, %s) == %u, \"%s\");\n", type, lower,
                           l->items[i].offset, lower);
        }
}

static void the_windows_form_is_laid_out_as_blocks_are(void **state)
{
        (void)state;
        if (!have_compiler())
                testkit_skip("no C compiler");
        Buf h = header_of(sample, "m"), source = {0};
        buf_text(&source, windows_types);
        buf_put(&source, h.p, h.n);
        MofDocument *d = document_of(sample);
        MofckBlocks *blocks;
        const CimClass *all, *pair;
        assert_int_equal(mofck_blocks_new((const MofDocument *[]){d}, 1, &blocks), 0);
        assert_int_equal(mofck_blocks_class(blocks, STR("Vendor_All"), &all, NULL), 0);
        assert_int_equal(mofck_blocks_class(blocks, STR("Vendor_Pair"), &pair, NULL), 0);
        put_asserts(&source, all, "Vendor_All", false);
        put_asserts(&source, pair, "PAIR", false);
        for (int out = 0; out < 2; out++) {
                CimClass *buffer;
                assert_int_equal(cim_method_buffer(cim_class_method(all, STR("Set")),
                                                   out ? CIM_METHOD_OUT : CIM_METHOD_IN, &buffer, NULL),
                                 0);
                put_asserts(&source, buffer, out ? "Set_OUT" : "Set_IN", false);
                cim_class_unref(buffer);
                assert_int_equal(cim_method_buffer(cim_class_method(all, STR("Ask")),
                                                   out ? CIM_METHOD_OUT : CIM_METHOD_IN, &buffer, NULL),
                                 0);
                put_asserts(&source, buffer, out ? "ASK_OUT" : "ASK_IN", false);
                cim_class_unref(buffer);
        }
        buf_printf(&source,
                   "_Static_assert(Vendor_All_SIZE == %u, \"\");\n_Static_assert(PAIR_SIZE == %u, \"\");\n",
                   all->layout->size, pair->layout->size);
        buf_text(&source, "_Static_assert(QUIET == 1 && LOUD == 16 && BIT_B == 8 && Set == 7 && "
                          "LAST_ITEM_ID == 11 && LAST_ITEM_SIZE == 2, \"\");\n");
        compile(&source);
        mofck_blocks_free(blocks);
        mof_document_free(d);
        buf_deinit(&h);
        buf_deinit(&source);
}

// The kernel's headers as far as ours include them.
static void put_kernel(Buf *source, const Buf *header)
{
        buf_text(source, kernel_types);
        const char *at = (const char *)header->p, *include;
        while ((include = strstr(at, "#include <linux/")) != NULL) {
                buf_put(source, at, (size_t)(include - at));
                at = strchr(include, '\n');
        }
        buf_text(source, at);
}

static void the_kernel_form_is_laid_out_as_blocks_are(void **state)
{
        (void)state;
        if (!have_compiler())
                testkit_skip("no C compiler");
        Buf h = header_of(sample, "k"), source = {0};
        put_kernel(&source, &h);
        MofDocument *d = document_of(sample);
        MofckBlocks *blocks;
        const CimClass *all, *pair;
        assert_int_equal(mofck_blocks_new((const MofDocument *[]){d}, 1, &blocks), 0);
        assert_int_equal(mofck_blocks_class(blocks, STR("Vendor_All"), &all, NULL), 0);
        assert_int_equal(mofck_blocks_class(blocks, STR("Vendor_Pair"), &pair, NULL), 0);
        put_asserts(&source, all, "struct vendor_all", true);
        put_asserts(&source, pair, "struct vendor_pair", true);
        buf_printf(&source, "_Static_assert(sizeof(struct vendor_all) == %u, \"\");\n", all->layout->size);
        buf_text(&source,
                 "_Static_assert(sizeof(struct vendor_pair) == 16, \"it is an element of an array\");\n"
                 "_Static_assert(sizeof(struct vendor_all_set_in) == 5 && sizeof(struct vendor_all_ask_in) "
                 "== 5, \"\");\n"
                 "_Static_assert(VENDOR_ALL_SET_METHOD_ID == 7, \"\");\n"
                 "_Static_assert(sizeof(VENDOR_PAIR_GUID) == 37, VENDOR_PAIR_GUID);\n");
        expect_pieces(&h,
                      (const char *[]){"#define VENDOR_PAIR_GUID \"A1C15015-B069-11D1-9290-00A0C9062910\"",
                                       "/* 1: Quiet */ /* 0x10: Loud */", NULL});
        compile(&source);
        mofck_blocks_free(blocks);
        mof_document_free(d);
        buf_deinit(&h);
        buf_deinit(&source);
}

static void the_kernel_form_ends_with_what_is_fixed(void **state)
{
        (void)state;
        Buf b = header_of(BLOCK("", "[WmiDataId(1)] uint8 Count; [WmiDataId(2), WmiSizeIs(\"Count\")] uint32 "
                                    "Many[]; [WmiDataId(3)] string After;"),
                          "k");
        expect_pieces(&b, (const char *[]){"struct thing { u8 count; u8 __pad1[3]; __le32 many[]; /* and "
                                           "behind that, where the data says: */ "
                                           "/* string After, aligned to 2 */ } __packed;",
                                           NULL});
        buf_deinit(&b);
        b = header_of(BLOCK("", "[WmiDataId(1)] uint8 A; [WmiDataId(2), MaxLen(8)] string BootDevice; "
                                "[WmiDataId(3)] uint8 B;"),
                      "k");
        expect_pieces(
                &b,
                (const char *[]){
                        "__le16 boot_device_length; /* bytes of UTF-16 that follow */ __le16 boot_device[];",
                        "/* uint8 B, aligned to 1 */", NULL});
        buf_deinit(&b);
        b = header_of(BLOCK("", "[WmiDataId(1)] uint8 default; [WmiDataId(2)] uint8 AbC; [WmiDataId(3)] "
                                "uint8 Ab_C; [WmiDataId(4)] uint8 HTTPServer2;"),
                      "k");
        expect_pieces(&b,
                      (const char *[]){"u8 default_;", "u8 ab_c;", "u8 ab_c_2;", "u8 http_server2;", NULL});
        buf_deinit(&b);
        b = header_of(BLOCK("", "[WmiDataId(2)] uint8 A;"), "k");
        expect_pieces(&b, (const char *[]){"/* no struct thing: no item has WmiDataId(1), A has 2 */", NULL});
        buf_deinit(&b);
}

// Neither do characters that cannot be seen: behind a backslash they would be a blank, and the line would go
// on.
static void what_cannot_be_seen_ends_no_comment(void **state)
{
        (void)state;
        static const char text[] =
                "[" WMI_A ", Description(\"a \\\\\\x1\")]\nclass A { [WmiDataId(1), Description(\"b "
                "\\\\\\x7f \\x1f\")] uint32 X; [WmiDataId(2), Description(\"c /\\x1\")] uint32 Y;"
                " [WmiDataId(3), Description(\"d\\x202e /* e\\x2028*\\x0001/ \\x2066\")] uint32 Z; };";
        Buf b = header_of(text, ""), source = {0};
        expect_pieces(&b, (const char *[]){"// a \\. #define", "// b \\. ULONG X;", "// c /. ULONG Y;",
                                           "// d? /* e?* / ? ULONG Z;", NULL});
        buf_text(&source, windows_types);
        buf_put(&source, b.p, b.n);
        compile(&source);
        buf_deinit(&b);
        b = header_of(text, "k");
        expect_pieces(&b, (const char *[]){"/* d? / * e?* / ? */", NULL});
        source.n = 0;
        put_kernel(&source, &b);
        compile(&source);
        buf_deinit(&b);
        buf_deinit(&source);
}

static void names_stand_for_one_thing(void **state)
{
        (void)state;
        static const char text[] =
                "[" WMI_A
                "] class BootOrder { [WmiDataId(1), DefineValues{\"A1\", \"A1\", \"struct\", \"u8\", "
                "\"static_assert\", \"BOOT_ORDER_GUID\", \"ab_c\"}] uint32 A; [WmiDataId(2)] uint8 AbC; "
                "[WmiDataId(3)] uint8 Ab_C;"
                " [WmiDataId(4)] uint8 Ab_C_2; [WmiDataId(5)] uint8 int; [WmiDataId(6)] uint8 __packed; "
                "[WmiMethodId(1)] void Get([out] uint32 X); };\n"
                "[" WMI_B "] class Boot_Order { [WmiDataId(1)] BootOrder A; [WmiMethodId(1)] Plain Get([out] "
                          "uint32 X); };\n"
                "class Plain { [WmiDataId(1)] uint64 A; [WmiDataId(2)] uint8 B; };\n"
                "[WMI] class Boot { [WmiMethodId(2)] void Order_Get([out] uint32 X); };\n"
                "[WMI] class static { [WmiDataId(1)] Boot_Order A; };\n";
        Buf b = header_of(text, "k"), source = {0};
        expect_pieces(&b, (const char *[]){"#define BOOT_ORDER_GUID \"15D851F1", "struct boot_order {",
                                           "#define A1 0 // A1 // struct // u8 // static_assert",
                                           "// BOOT_ORDER_GUID #define ab_c 6 __le32 a;", "u8 ab_c_2;",
                                           "u8 ab_c_3;", "u8 ab_c_2_2;", "u8 int_;", "u8 __packed_2;",
                                           "struct plain {", "#define BOOT_ORDER_2_GUID",
                                           "struct boot_order_2 { struct boot_order a;",
                                           "struct boot_order_2_get_out {", "struct plain return_value;",
                                           "#define BOOT_ORDER_GET_METHOD_ID_2 0x2",
                                           "struct static_ { struct boot_order_2 a;", NULL});
        put_kernel(&source, &b);
        compile(&source);
        buf_deinit(&b);
        buf_deinit(&source);
        // Windows' names are what drivers use: one that cannot be is told.
        refuse("[" WMI_A "] class A { [WmiDataId(1)] uint8 X; };\n[" WMI_B
               ", HeaderName(\"A\")] class\nB { [WmiDataId(1)] uint8 X; };",
               "", 3, "A twice");
        refuse("[" WMI_A "] class A { [WmiDataId(1)] uint8 X; };\n[" WMI_B
               "] class\nPA { [WmiDataId(1)] uint8 X; };",
               "", 3, "PA twice");
        refuse("[" WMI_A "] class A { [WmiMethodId(1)] void Go(); };\n[" WMI_B
               "] class B { [WmiMethodId(2)] void\nGo(); };",
               "", 3, "Go twice");
        refuse("[" WMI_A "] class A { [WmiMethodId(1)] void Go([in] uint8 X); };\n[" WMI_B
               "] class B { [WmiMethodId(1)] void\nGo([in] uint8 X); };",
               "", 3, "Go_IN twice");
        refuse("[" WMI_A "] class A { [WmiDataId(1), DefineValues{\"B\"}] uint8 X; };\n[" WMI_B
               "] class C { [WmiDataId(1)] uint8\nB; };",
               "", 3, "B twice");
        refuse("[" WMI_A "] class A { [WmiDataId(1)] uint8\nint; };", "", 2, "cannot be a name");
        refuse("[" WMI_A "] class\nstruct { };", "", 2, "cannot be a name");
        b = header_of(
                "[" WMI_A
                "] class A { [WmiDataId(1), DefineValues{\"X\", \"ULONG\", \"OK\"}] uint32 X; [WmiDataId(2), "
                "DefineValues{\"1\", \"NO\", \"OK\"}, ValueMap{\"5\", \"6\", \"2\"}] uint32 Y; };\n",
                "");
        expect_pieces(&b, (const char *[]){"// X // ULONG #define OK 2 ULONG X;",
                                           "// 1 #define NO 6 ULONG Y;", NULL});
        buf_deinit(&b);
}

// A thousand inherited members for each of many classes: bounded by what is looked at, not by what is
// written.
static void members_are_counted(void **state)
{
        (void)state;
        enum { EACH = 1024, CLASSES = LIMIT_MEMBERS / EACH };
        for (int more = -1; more <= 1; more++) {
                Buf text = {0};
                buf_text(&text, "[" WMI_A "] class B { ");
                for (int i = 0; i < EACH; i++)
                        buf_printf(&text, "uint8 P%d;", i);
                buf_text(&text, "};\n");
                for (int i = 1; i < CLASSES + more; i++)
                        buf_printf(&text, "[WMI] class D%d : B { };\n", i);
                MofDocument *d = document_of(buf_z(&text));
                Buf b = {0};
                Diag diag = {0};
                int r = mofck_header(d, &(MofckHeaderOptions){0}, &b, &diag);
                assert_int_equal(r, more > 0 ? E_DIAG : 0);
                if (r)
                        assert_non_null(strstr(diag.message, "4194304 properties"));
                buf_deinit(&b);
                buf_deinit(&text);
                mof_document_free(d);
        }
}

static void bytes_become_numbers(void **state)
{
        (void)state;
        Buf b = {0};
        assert_int_equal(mofck_hex((Str){"FOMB\x01\0\0\0\xff\x10\x20\x30\x40\x50\x60\x70\x80", 17}, &b), 0);
        assert_string_equal(buf_z(&b), "    0x46, 0x4f, 0x4d, 0x42, 0x01, 0x00, 0x00, 0x00, 0xff, 0x10, "
                                       "0x20, 0x30, 0x40, 0x50, 0x60, 0x70,\n    0x80\n");
        buf_deinit(&b);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(windows_declares_what_its_tools_declare),
                TEST(data_of_variable_size_comes_last),
                TEST(behind_it_members_are_asked_for),
                TEST(guids_and_headers_have_names_of_their_own),
                TEST(embedded_classes_come_first),
                TEST(comments_stay_comments),
                TEST(what_cannot_be_seen_ends_no_comment),
                TEST(names_stand_for_one_thing),
                TEST(members_are_counted),
                TEST(what_makes_no_structure_is_refused),
                TEST(the_windows_form_is_laid_out_as_blocks_are),
                TEST(the_kernel_form_is_laid_out_as_blocks_are),
                TEST(the_kernel_form_ends_with_what_is_fixed),
                TEST(bytes_become_numbers),
                TEST_END,
        });
}
