// SPDX-License-Identifier: MIT
// The iSCSI samples' MOF includes a header of this name and takes nothing from it.
#pragma once
