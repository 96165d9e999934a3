#include "openapi.h"

// The one thing that C does better here: it takes a file in as it is. The same bytes as a Swift array literal take the
// compiler ten seconds, and SwiftPM's resources would be files beside the one binary.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char document[] = {
#embed "../../docs/openapi.yaml"
};

const unsigned char *muster_openapi_document(size_t *count) {
    *count = sizeof document;
    return document;
}
