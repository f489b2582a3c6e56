// SPDX-License-Identifier: MIT
// Where wmid keeps its repository when nobody says.
#ifndef TOOLS_REPOSITORY_PLACE_H
#define TOOLS_REPOSITORY_PLACE_H

#include <stddef.h>

// $FREEWMI_REPOSITORY, else /var/lib/freewmi/repository.db for root, else $XDG_STATE_HOME/freewmi/repository.db, else
// ~/.local/state/freewmi/repository.db. 0; -ENAMETOOLONG; -ENOENT: no home.
int repository_place(char *out, size_t size);

#endif
