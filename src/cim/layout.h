// SPDX-License-Identifier: MIT
// Data-block layout: where WDM puts the items of a class.
//
// Items stand in WmiDataId order, each on its natural alignment (/Zp8), little endian: boolean 1 byte; string u16
// byte length and UTF-16; datetime 25 UTF-16 units without a length; T[n] n elements; T[] with WmiSizeIs("P") as many
// as P says, where P is an integer with a lower WmiDataId; an embedded class its own items on its largest alignment,
// and what follows it starts on a multiple of that, as behind a structure in C. After a string or variable array
// nothing has a fixed offset: the block is walked. (Public page "Driver-Defined WMI Data Items".)
#ifndef CIM_LAYOUT_H
#define CIM_LAYOUT_H

#include "cim/class.h"

typedef struct CimItem {
        uint32_t property;  // index in the class
        uint32_t data_id;
        uint16_t type;
        uint8_t align;      // 1, 2, 4, 8
        uint32_t size;      // of one element; 0: its length is in the block (strings, embedded classes that hold such)
        uint32_t count;     // elements of T[n]; 1 for a scalar; 0 for T[] with WmiSizeIs
        uint32_t count_property; // T[]: index of the property that holds the count
        uint16_t count_slot; // T[] and the item that holds its count: the same number, from 1; 0: neither
        uint32_t max_chars; // MaxLen of a string; 0: none
        const CimClass *object_class; // of an embedded class
        uint32_t offset;    // from the start of the block; UINT32_MAX: depends on the data
} CimItem;

struct CimLayout {
        const CimItem *items; // in WmiDataId order
        size_t item_count;
        uint32_t align;       // of the whole, for embedding
        uint32_t size;        // when every offset is fixed, without padding at the end; UINT32_MAX: depends on the data
        uint32_t least;       // no block is shorter than this
        uint16_t count_slots; // highest count_slot
};

#endif
