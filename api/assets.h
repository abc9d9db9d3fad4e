/* Files built into the program by api/assets.cmake: openapi.yaml and the page made from it. */
#ifndef TRUNKGUARD_API_ASSETS_H
#define TRUNKGUARD_API_ASSETS_H

#include <stddef.h>

extern const char asset_openapi[];
extern const size_t asset_openapi_len;
extern const char asset_docs[];
extern const size_t asset_docs_len;

#endif
