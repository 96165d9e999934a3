import HTTPTypes

/// Every name under `/problems/`: the whole catalogue of what this API answers instead of what was asked.
///
/// The names are a contract: scripts switch over them. A new one is a new case; none is ever renamed.
enum ProblemKind: String, CaseIterable, Sendable {
    // Requests that cannot be read.
    case malformedRequest = "malformed-request"
    case notJSON = "not-json"
    case notYAML = "not-yaml"
    case bodyTooLarge = "body-too-large"
    case headerTooLarge = "header-too-large"
    case requestTimeout = "request-timeout"
    case unsupportedMediaType = "unsupported-media-type"
    case invalidValue = "invalid-value"

    // Who asks, and for what.
    case unauthenticated
    case roleRequired = "role-required"
    case signatureInvalid = "signature-invalid"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"

    // Refusals of the rules, given the state.
    case wrongPhase = "wrong-phase"
    case requirementsUnmet = "requirements-unmet"
    case noSuchTransition = "no-such-transition"
    case gateClosed = "gate-closed"
    case stepState = "step-state"
    case mitigationState = "mitigation-state"
    case mergeRefused = "merge-refused"
    case reviewState = "review-state"
    case inUse = "in-use"
    case ownToken = "own-token"

    // Two writers, or one twice.
    case versionMismatch = "version-mismatch"
    case versionRequired = "version-required"
    case idempotencyInFlight = "idempotency-in-flight"
    case idempotencyKeyReused = "idempotency-key-reused"

    // Not now.
    case tooManyRequests = "too-many-requests"
    case overloaded
    case unavailable
    case deadlineExceeded = "deadline-exceeded"
    case notReady = "not-ready"
    case internalError = "internal-error"
}

extension ProblemKind {
    /// The status that goes with the name, always the same one.
    var status: HTTPResponse.Status {
        switch self {
        case .malformedRequest, .notJSON, .notYAML: .badRequest
        case .bodyTooLarge: .contentTooLarge
        case .headerTooLarge: .requestHeaderFieldsTooLarge
        case .requestTimeout: .requestTimeout
        case .unsupportedMediaType: .unsupportedMediaType
        case .invalidValue, .idempotencyKeyReused: .unprocessableContent
        case .unauthenticated, .signatureInvalid: .unauthorized
        case .roleRequired: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .wrongPhase, .requirementsUnmet, .noSuchTransition, .gateClosed, .stepState, .mitigationState,
            .mergeRefused, .reviewState, .inUse, .ownToken, .idempotencyInFlight:
            .conflict
        case .versionMismatch: .preconditionFailed
        case .versionRequired: .preconditionRequired
        case .tooManyRequests: .tooManyRequests
        case .overloaded, .unavailable, .deadlineExceeded, .notReady: .serviceUnavailable
        case .internalError: .internalServerError
        }
    }

    /// A short title, the same for every occurrence.
    var title: String {
        switch self {
        case .malformedRequest: "The request is malformed"
        case .notJSON: "The body is not JSON"
        case .notYAML: "The body is not YAML"
        case .bodyTooLarge: "The body is too large"
        case .headerTooLarge: "The header fields are too large"
        case .requestTimeout: "The request did not come in time"
        case .unsupportedMediaType: "The body has the wrong media type"
        case .invalidValue: "A value is wrong"
        case .unauthenticated: "A valid token is needed"
        case .roleRequired: "The role does not suffice"
        case .signatureInvalid: "The message is not signed as it should be"
        case .notFound: "There is no such thing"
        case .methodNotAllowed: "The method is not allowed here"
        case .wrongPhase: "Not in this phase"
        case .requirementsUnmet: "The phase still asks for something"
        case .noSuchTransition: "There is no way to that phase"
        case .gateClosed: "The component has to wait"
        case .stepState: "Not in this state of the restoration step"
        case .mitigationState: "Not in this state of the mitigation"
        case .mergeRefused: "These incidents cannot be merged"
        case .reviewState: "Not in this state of the review"
        case .inUse: "It is still in use"
        case .ownToken: "A token cannot revoke itself"
        case .versionMismatch: "It has changed meanwhile"
        case .versionRequired: "If-Match is required"
        case .idempotencyInFlight: "The same request is being carried out"
        case .idempotencyKeyReused: "The idempotency key was used for another request"
        case .tooManyRequests: "Too many requests"
        case .overloaded: "Too much to do just now"
        case .unavailable: "The database cannot be reached"
        case .deadlineExceeded: "It took too long"
        case .notReady: "Not ready"
        case .internalError: "A fault on our side"
        }
    }

    /// What the page of the problem says: what happened, and what the caller can do.
    var explanation: String {
        switch self {
        case .malformedRequest:
            "The path, the query or a header could not be read: a wrong percent escape, text that is not UTF-8, a "
                + "character U+0000, or a header that breaks its own rules. Correct the request; repeating it is no use."
        case .notJSON:
            "The body should be one JSON document (RFC 8259) and is not. The detail says where reading stopped."
        case .notYAML:
            "The body should be one YAML document without anchors, aliases, tags and doubled keys, and is not. The detail "
                + "says in which line. A text that begins with a special character needs quotes."
        case .bodyTooLarge:
            "The body has more bytes than `http.request_body_max_bytes` allows, or a message of another tool more than "
                + "`ingress.body_max_bytes`. Send less at a time."
        case .headerTooLarge: "The header fields of a request may have 64 KiB in all, and 16 KiB each. Send fewer."
        case .requestTimeout:
            "A body has to be here within `http.body_timeout_seconds`, and may not come more slowly than "
                + "`http.body_rate_min_bytes` a second. Send the request again; the connection is closed."
        case .unsupportedMediaType:
            "Send the body as `Content-Type: application/json`; the catalog is also taken as `application/yaml`."
        case .invalidValue:
            "The body or the query was read, and something in it is wrong. `errors` names every such place by a JSON "
                + "pointer; for query parameters, the pointer is the parameter's name after a slash. Unknown fields are errors."
        case .unauthenticated:
            "Send `Authorization: Bearer TOKEN` with a token that exists and is not revoked."
        case .roleRequired:
            "The token is valid, and its role is too small for this. The roles, each containing the ones before it, are "
                + "viewer, responder, commander and admin."
        case .signatureInvalid:
            "The source takes only messages with a valid signature. Compare its `signature` with the settings of the tool: the "
                + "scheme, the names of the headers and the secret. Nothing was stored."
        case .notFound: "No such path, or nothing of that name is stored."
        case .methodNotAllowed: "The header `Allow` lists the methods of this path."
        case .wrongPhase: "The incident is in a phase in which this cannot be done; the detail lists the right ones."
        case .requirementsUnmet:
            "The phase cannot be left before its requirements hold. `unmet` lists each one with the call that meets "
                + "it; a commander may override them with a reason, which is recorded."
        case .noSuchTransition: "The phases have a fixed order; the detail lists where one can go from here."
        case .gateClosed: "Something that the component depends on, or something more critical, is not restored yet."
        case .stepState: "The detail lists the states in which this can be done."
        case .mitigationState: "The detail lists the states that can follow the present one."
        case .mergeRefused: "The detail says why."
        case .reviewState: "The review does not exist yet, or is already approved."
        case .inUse: "Something else still refers to it; the detail says what."
        case .ownToken:
            "A token cannot revoke itself, so that nobody locks himself out by mistake. Use another admin token."
        case .versionMismatch:
            "`If-Match` names a version that is no longer the current one. Read it again, decide again, and repeat."
        case .versionRequired: "This installation takes writes only with `If-Match`, so that no change goes unseen."
        case .idempotencyInFlight:
            "A request with the same `Idempotency-Key` has not ended yet. Repeat it after the time in `Retry-After`."
        case .idempotencyKeyReused:
            "The `Idempotency-Key` came before with another body. Use a new key for a new request."
        case .tooManyRequests: "Slow down; repeat after the time in `Retry-After`."
        case .overloaded: "More requests are waiting than can be served. Repeat after the time in `Retry-After`."
        case .unavailable: "Repeat after the time in `Retry-After`; with an `Idempotency-Key`, nothing is done twice."
        case .deadlineExceeded:
            "The database did not answer in time, and the outcome of a write is unknown. Repeat after the time in "
                + "`Retry-After`; with an `Idempotency-Key`, nothing is done twice."
        case .notReady: "The daemon runs and cannot serve yet; `reasons` says why."
        case .internalError: "The fault is recorded under the request id, which the header `X-Request-Id` has."
        }
    }
}
