// SPDX-License-Identifier: MIT
// A document of MOF as JSON: all that it says.
//
//   {"kind":"class","name":"Thing","superclass":"Base","alias":"A","namespace":"root\\wmi","classFlags":1,"instanceFlags":2,
//    "qualifiers":[{"name":"guid","value":"{...}","flavors":["ToInstance"]}],
//    "properties":[{"name":"Size","type":"uint32","cimtype":"UINT32","array":true,"max":4,"class":"Other","qualifiers":[],
//                   "value":[1,2]}],
//    "methods":[{"name":"Get","returns":"void","qualifiers":[],"parameters":[as properties]}]}
//   {"kind":"instance","class":"Thing","properties":[{"name":"Size","value":1}]}
//   {"kind":"deleteclass"|"deleteinstance","what":"...","fail":true}   {"kind":"qualifier","name":...}
//
// What is not there is left out: "value" where nothing is written. Values: null, true, integers whole, reals,
// strings, arrays; {"char":65}; {"alias":"A"}; {"instance":{...}}.
#ifndef WMI_MOF_JSON_H
#define WMI_MOF_JSON_H

#include "jsontext.h"
#include "mof/document.h"

void mof_json_item(JsonText *j, const char *key, const MofItem *item);
void mof_json_value(JsonText *j, const char *key, const MofValue *v);

#endif
