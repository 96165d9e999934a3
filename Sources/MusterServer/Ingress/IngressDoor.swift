import HTTPTypes
import Metrics
import NIOCore

extension Route {
    /// A door of other tools whose senders are known by a key in the head: only a source's message is received whole, and one
    /// that is too large or cannot be read leaves its beginning as a dead letter.
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
            refuse: { request, refused in
                guard let entry, let key = try key(request), let source = try await desk.sender(key: key) else {
                    return JSONObject()
                }
                return try await desk.refuse(request, refused, by: entry, from: source)
            })
        return route
    }
}

extension IngressDesk {
    /// Tells operators of a message that no format was asked about, and keeps its beginning. The sender gets a no, and most send
    /// the same again and again: whatever of it came this time, it is one letter.
    ///
    /// - Returns: `dead_letter`, for the refusal; nothing where the source signs, as this message is not known to be its own.
    func refuse(
        _ request: RequestContext, _ refused: Route.Refused, by entry: IngressEntry, from source: Source
    ) async throws -> JSONObject {
        let isTooLarge = refused.problem.kind == .bodyTooLarge
        if isTooLarge {
            Counter(label: "muster_ingress_too_large", dimensions: [("kind", source.kind.rawValue)]).increment()
        }
        // Whoever knows the address of a source that signs could push the letters out that it has signed.
        guard source.signature == nil else {
            warnOfUnkept(refused.problem, from: source)
            return JSONObject()
        }
        let announced = request.head.headerFields[.contentLength].flatMap { Int($0) }
        let arrived = request.body.readableBytes
        let isWhole = announced.map { $0 <= arrived } ?? (arrived <= DeadLetterStore.bodyBytesMax)
        var letter = request.foreign()
        var form = DeadLetterStore.Form(isCoded: refused.inflated == nil)
        if let inflated = refused.inflated {
            letter.body = inflated.body
            form.hash = OpenSSL.sha256(request.body.readableBytesView)
            form.bodyBytes = inflated.inflatedBytes
        } else if !isWhole {
            // How much of it came before it was refused is chance.
            let name =
                announced.map { Array("\($0) bytes".utf8) }
                ?? Array(request.body.readableBytesView.prefix(DeadLetterStore.bodyBytesMax))
            form.hash = OpenSSL.sha256(Array("\(refused.problem.kind.rawValue) ".utf8) + name)
            form.bodyBytes = announced
        }
        var problem = refused.problem
        if isTooLarge, refused.inflated == nil {
            let size = announced.map { " of \($0) bytes" } ?? ""
            problem.detail = "A body\(size) is larger than ingress.body_max_bytes allows; its beginning is kept."
        } else if isTooLarge {
            problem.remark("Its beginning is kept, inflated.")
        }
        return try await kept(problem, letter, by: entry, of: source, as: form).members
    }
}
