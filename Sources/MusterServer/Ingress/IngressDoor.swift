import HTTPTypes
import Metrics

extension Route {
    /// A door of other tools whose senders are known by a key in the head: only a source's message is received whole, and one
    /// that is too large leaves its beginning as a dead letter.
    ///
    /// - Parameters:
    ///   - entry: Who reads the messages of this door; nil where they say nothing about alerts, and no letter is kept.
    ///   - key: The key that the head names.
    func asDoor(
        _ desk: IngressDesk, _ entry: IngressEntry?,
        key: @escaping @Sendable (RequestContext) throws(Problem) -> String?
    ) -> Route {
        var route = self
        route.door = Door(
            knowsSender: { request in
                guard let key = try key(request) else { return false }
                return try await desk.sender(key: key) != nil
            },
            refuseLarge: { request in
                guard let entry, let key = try key(request), let source = try await desk.sender(key: key) else {
                    return JSONObject()
                }
                return try await desk.refuseLarge(request, by: entry, from: source)
            })
        return route
    }
}

extension IngressDesk {
    /// Tells operators of a message that is too large, and keeps its beginning. The sender gets 413, and most send the same
    /// again and again.
    ///
    /// - Returns: `dead_letter`, for the refusal.
    func refuseLarge(_ request: RequestContext, by entry: IngressEntry, from source: Source) async throws -> JSONObject
    {
        Counter(label: "muster_ingress_too_large", dimensions: [("kind", source.kind.rawValue)]).increment()
        let announced = request.head.headerFields[.contentLength].map { " of \($0) bytes" } ?? ""
        let problem = Problem(
            .bodyTooLarge,
            "A body\(announced) is larger than ingress.body_max_bytes allows; its beginning is kept.")
        return try await kept(problem, try request.foreign(), by: entry, of: source).members
    }
}
