// SPDX-License-Identifier: MIT
// cim: the table of numbers.
#include "cim/status.h"

#include "base/testkit.h"
#include "cim/test-cim.h"

static const struct {
        uint32_t value;
        const char *our, *name, *says;
} rows[] = {
#define STATUS(our, value, text, says) {(uint32_t)(value), #our, text, says},
#include "cim/status.def"
#undef STATUS
};

static void one_row_for_each_number(void **state)
{
        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                assert_true(i == 0 || rows[i].value > rows[i - 1].value); // so none is there twice
                assert_string_equal(cim_status_name(rows[i].value), rows[i].name);
                assert_string_equal(cim_status_says(rows[i].value), rows[i].says);
                for (size_t k = 0; k < i; k++)
                        assert_true(strcmp(rows[k].name, rows[i].name) != 0);
        }
        assert_null(cim_status_name(0x80041FFF));
        assert_string_equal(cim_status_says(0x80041FFF), "unknown status");
}

// Our names are the public ones with another beginning, shortened here and there; the beginning says failure
// or success.
static void names_fit_their_numbers(void **state)
{
        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                bool error = strstr(rows[i].name, "_E_") != NULL;
                assert_int_equal(error, cim_failed(rows[i].value));
                assert_int_equal(error, strncmp(rows[i].our, "CIM_S_", 6) != 0);
                assert_int_equal(strncmp(rows[i].name, "WBEMMOF_", 8) == 0,
                                 strncmp(rows[i].our, "CIM_MOF_", 8) == 0);
                assert_int_equal(strncmp(rows[i].name, "WBEMMOF_", 8) == 0, rows[i].value >> 12 == 0x80044);
                assert_int_equal(strncmp(rows[i].name, "WBEMESS_", 8) == 0, rows[i].value >> 12 == 0x80042);
        }
}

int main(void)
{
        return testkit_run(
                (TestCase[]){TEST(one_row_for_each_number), TEST(names_fit_their_numbers), TEST_END});
}
