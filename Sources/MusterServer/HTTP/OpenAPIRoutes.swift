import COpenAPI
import HTTPTypes

/// `/openapi.yaml`: what this API takes and answers, for people and for tools.
struct OpenAPIRoutes: Sendable {
    var routes: [Route] {
        [
            Route(.get, "/openapi.yaml", role: nil, "readDescription", query: .anything) { _ in Self.answer }
        ]
    }

    private static let answer: Answer = {
        var answer = Answer(.ok, document, type: "application/yaml")
        answer.isShared = true
        return answer
    }()

    /// `docs/openapi.yaml` as it was when the daemon was compiled.
    static var document: UnsafeBufferPointer<UInt8> {
        var count = 0
        let bytes = muster_openapi_document(&count)
        return UnsafeBufferPointer(start: bytes, count: count)
    }
}
