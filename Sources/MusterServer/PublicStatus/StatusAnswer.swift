import HTTPTypes
import IncidentDomain
import NIOCore

/// One public answer, rendered before anybody asks: its bytes in each coding, and its header fields.
struct StatusAnswer: Sendable {
    /// What an answer is beside its bytes.
    struct Kind: Sendable {
        let type: String
        var status: HTTPResponse.Status = .ok
        /// Whether it depends on the reader's language.
        var isTranslated = false
        /// Whether it depends on what the reader can show.
        var isNegotiated = false
        /// What a page may load; nil for what is no page.
        var contentPolicy: String?
    }

    /// The answers in one coding.
    private struct Form: Sendable {
        let tag: String
        let body: ByteBuffer
        let whole: Answer
        /// To who has it already.
        let known: Answer

        init(_ status: HTTPResponse.Status, _ tag: String, _ headers: HTTPFields, _ body: ByteBuffer) {
            (self.tag, self.body) = (tag, body)
            var headers = headers
            headers[.eTag] = tag
            var whole = Answer(status, headers: headers, body: .bytes(body))
            whole.isShared = true
            self.whole = whole.writtenAhead
            // There are no bytes that these could be said of.
            (headers[.contentType], headers[.contentEncoding]) = (nil, nil)
            known = Answer(.notModified, headers: headers).writtenAhead
        }
    }

    private let kind: Kind
    private let bytes: [UInt8]
    private let digest: [UInt8]
    private let identity: Form
    /// Nil where it would be no smaller.
    private let gzip: Form?
    let modifiedAt: Timestamp

    /// How long it may be kept, and shown while we cannot be asked.
    static let cacheControl = "public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"

    /// - Parameter asOf: Said when nobody looks after what is shown any more: when it was so.
    init(_ bytes: [UInt8], _ kind: Kind, modifiedAt: Timestamp, asOf: Timestamp? = nil) {
        (self.kind, self.bytes, self.modifiedAt) = (kind, bytes, modifiedAt)
        digest = OpenSSL.sha256(bytes)
        let tag = HashChain.hex(Array(digest.prefix(12)))
        var headers: HTTPFields = [
            .contentType: kind.type, .cacheControl: Self.cacheControl,
            .vary: "Accept-Encoding" + (kind.isTranslated ? ", Accept-Language" : "")
                + (kind.isNegotiated ? ", Accept" : ""),
            .lastModified: HTTPDate.text(secondsSince1970: Int(modifiedAt.milliseconds / 1000)),
            .xContentTypeOptions: "nosniff",
        ]
        if let policy = kind.contentPolicy {
            headers[.contentSecurityPolicy] = policy
            headers[.referrerPolicy] = "no-referrer"
        } else {
            headers[.accessControlAllowOrigin] = "*"
        }
        if let asOf { headers[.musterAsOf] = asOf.description }
        identity = Form(kind.status, "\"\(tag)\"", headers, ByteBuffer(bytes: bytes))
        gzip = Gzip.compress(bytes).flatMap { packed in
            guard packed.count < bytes.count else { return nil }
            headers[.contentEncoding] = "gzip"
            return Form(kind.status, "\"\(tag)-gzip\"", headers, ByteBuffer(bytes: packed))
        }
    }

    /// Whether it says the same in the same way, so that it can stay as it is.
    func says(_ bytes: [UInt8], _ kind: Kind, asOf: Timestamp?) -> Bool {
        self.bytes == bytes && self.kind.type == kind.type && self.kind.status == kind.status
            && self.kind.contentPolicy == kind.contentPolicy && self.kind.isTranslated == kind.isTranslated
            && identity.whole.headers[.musterAsOf] == asOf?.description
    }

    /// How large it is, as it is and by gzip, in bytes.
    var sizes: (identity: Int, gzip: Int) {
        (identity.body.readableBytes, (gzip ?? identity).body.readableBytes)
    }

    /// What a request is answered. It touches nothing but this value.
    func answer(to head: RequestHead) -> Answer {
        let form = AcceptedCoding.takesGzip(head.headerFields[.acceptEncoding]) ? gzip ?? identity : identity
        return kind.status == .ok && isKnown(form, to: head) ? form.known : form.whole
    }

    /// Whether the caller has it already. A tag is asked before a time (RFC 9110, 13.2.2).
    private func isKnown(_ form: Form, to head: RequestHead) -> Bool {
        if let header = head.headerFields[.ifNoneMatch] {
            return header == "*" || (EntityTag.list(header) ?? []).contains { "\"\($0)\"" == form.tag }
        }
        guard let since = head.headerFields[.ifModifiedSince].flatMap(HTTPDate.read) else { return false }
        return modifiedAt.milliseconds / 1000 <= since.milliseconds / 1000
    }
}

/// What `Accept-Encoding` (RFC 9110, 12.5.3) says of gzip.
enum AcceptedCoding {
    static func takesGzip(_ header: String?) -> Bool {
        var any = false
        // What nearly all clients say, without taking it apart.
        guard let header, !header.hasPrefix("gzip,"), header != "gzip" else { return header != nil }
        for item in header.split(separator: ",").prefix(20) {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let name = parts.first else { continue }
            let isRefused = parts.dropFirst().contains { $0.hasPrefix("q=") && (Double($0.dropFirst(2)) ?? 1) <= 0 }
            if name == "gzip" || name == "x-gzip" { return !isRefused }
            if name == "*" { any = !isRefused }
        }
        return any
    }
}

extension HTTPField.Name {
    static let contentSecurityPolicy = HTTPField.Name("Content-Security-Policy")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    /// When what is shown was so, on answers that nobody looks after any more.
    static let musterAsOf = HTTPField.Name("X-Muster-As-Of")!
}
