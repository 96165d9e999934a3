import Logging

/// By what a line of the log finds its request and its trace again, also where a line is written by something that knows of
/// no request.
struct RequestNames: Sendable {
    /// Of the request that this task carries out; nil outside of requests.
    @TaskLocal static var current: RequestNames?

    let requestID: String
    let trace: Traceparent?

    /// The trace is the caller's: `span_id` is its span, the place in its trace where this request belongs.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["request_id": .string(requestID)]
        guard let trace else { return metadata }
        metadata["trace_id"] = .string(trace.traceID)
        metadata["span_id"] = .string(trace.parentID)
        return metadata
    }
}
