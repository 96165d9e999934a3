import COpenAPI
import HTTPTypes

/// `/openapi.yaml`: what this API takes and answers, for people and for tools.
struct OpenAPIRoutes: Sendable {
    var routes: [Route] {
        [
            Route(.get, "/openapi.yaml", role: nil, "readDescription", query: .anything) { _ in
                Answer(.ok, Self.document, type: "application/yaml")
            }
        ]
    }

    /// `docs/openapi.yaml` as it was when the daemon was compiled.
    static var document: UnsafeBufferPointer<UInt8> {
        var count = 0
        let bytes = muster_openapi_document(&count)
        return UnsafeBufferPointer(start: bytes, count: count)
    }
}
