#ifndef MUSTER_OPENAPI_H
#define MUSTER_OPENAPI_H

#include <stddef.h>

/// The bytes of docs/openapi.yaml, as it was when this was compiled. They live as long as the process.
const unsigned char *muster_openapi_document(size_t *count);

#endif
