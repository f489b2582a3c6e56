// SPDX-License-Identifier: MIT
// c-objects: instances in the store: put, get, query, change, delete.
//
//   cc c-objects.c $(pkg-config --cflags --libs freewmi) -o c-objects && ./c-objects
#include <freewmi/freewmi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char mof[] = "class Example_Disk\n"
                          "{\n"
                          "        [key] string Name;\n"
                          "        uint64 Size;\n"
                          "        boolean Healthy = TRUE;\n"
                          "};\n";
static const char ns[] = "root/default";

static int complain(const freewmi_error *error)
{
        char text[1024];
        fprintf(stderr, "c-objects: %s\n", freewmi_error_text(error, text, sizeof(text)));
        return 1;
}

static int put(freewmi *wmi, const char *name, uint64_t size, freewmi_error *error)
{
        freewmi_object *disk;
        const char *path;
        int r = freewmi_new(wmi, ns, "Example_Disk", &disk, error);
        if (r < 0)
                return r;
        freewmi_set_string(disk, "Name", name);
        freewmi_set_uint64(disk, "Size", size);
        r = freewmi_put(wmi, ns, disk, FREEWMI_CREATE_ONLY, &path, error);
        if (r == FREEWMI_OK)
                printf("put %s\n", path);
        freewmi_object_unref(disk);
        return r;
}

static int show(freewmi *wmi, const char *query, freewmi_error *error)
{
        freewmi_results *results;
        freewmi_object *disk;
        int r = freewmi_query(wmi, ns, query, &results, error);
        if (r < 0)
                return r;
        while ((r = freewmi_results_next(results, &disk, error)) > 0) {
                const char *name = "?";
                uint64_t size = 0;
                bool healthy = false;
                freewmi_get_string(disk, "Name", &name, NULL);
                if (freewmi_get_uint64(disk, "Size", &size) == FREEWMI_IS_NULL)
                        printf("%s has no size\n", name);
                freewmi_get_bool(disk, "Healthy", &healthy);
                printf("%s: %" PRIu64 " bytes, %s\n", name, size, healthy ? "healthy" : "failing");
                freewmi_object_unref(disk);
        }
        freewmi_results_free(results);
        return r;
}

static int change(freewmi *wmi, const char *path, freewmi_error *error)
{
        freewmi_object *disk;
        int r = freewmi_get(wmi, ns, path, &disk, error);
        if (r < 0)
                return r;
        freewmi_set_bool(disk, "Healthy", false);
        r = freewmi_put(wmi, ns, disk, FREEWMI_UPDATE_ONLY, NULL, error);
        freewmi_object_unref(disk);
        return r;
}

int main(void)
{
        freewmi *wmi;
        freewmi_error error;

        if (freewmi_connect(NULL, "c-objects", &wmi, &error) < 0 ||
            freewmi_compile_mof(wmi, ns, "c-objects.mof", mof, strlen(mof), &error) < 0 ||
            put(wmi, "sda", 4000, &error) < 0 || put(wmi, "sdb", 9000, &error) < 0 ||
            change(wmi, "Example_Disk.Name=\"sdb\"", &error) < 0 ||
            show(wmi, "SELECT * FROM Example_Disk WHERE Size > 1000", &error) < 0 ||
            freewmi_delete(wmi, ns, "Example_Disk=\"sda\"", &error) < 0)
                return complain(&error);
        // What is not there is refused, with WMI's number for it.
        if (freewmi_delete(wmi, ns, "Example_Disk=\"sda\"", &error) != FREEWMI_REFUSED ||
            error.status != FREEWMI_E_NOT_FOUND)
                return complain(&error);
        printf("%s: %s\n", error.operation, freewmi_status_name(error.status));
        if (freewmi_delete(wmi, ns, "Example_Disk", &error) < 0) // the class, with what is left of it
                return complain(&error);
        freewmi_close(wmi);
        return 0;
}
