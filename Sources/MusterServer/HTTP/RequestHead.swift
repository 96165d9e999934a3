import HTTPTypes
import Logging
import NIOHTTP1

/// The request line and the header fields of a request, as they came.
struct RequestHead: Sendable {
    let method: HTTPRequest.Method
    /// The request's target: a path with its query, or an absolute URI.
    let path: String
    let headerFields: RequestFields

    init(method: HTTPRequest.Method, path: String, headerFields: RequestFields = RequestFields(HTTPHeaders())) {
        self.method = method
        self.path = path
        self.headerFields = headerFields
    }

    /// Nil when the method is no token.
    init?(_ head: HTTPRequestHead) {
        guard let method = Self.method(head.method) else { return nil }
        self.init(method: method, path: head.uri, headerFields: RequestFields(head.headers))
    }

    /// The host that the client asked, with its port.
    var authority: String? {
        guard !path.hasPrefix("/"), let scheme = path.firstRange(of: "://") else { return headerFields[.host] }
        let authority = path[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        return RequestFraming.isHost(authority) ? String(authority) : nil
    }

    private static func method(_ method: HTTPMethod) -> HTTPRequest.Method? {
        switch method {
        case .GET: .get
        case .POST: .post
        case .PUT: .put
        case .PATCH: .patch
        case .DELETE: .delete
        case .HEAD: .head
        case .OPTIONS: .options
        case let other: HTTPRequest.Method(rawValue: other.rawValue)
        }
    }
}

/// Header fields as NIO parsed them, read by name. They are kept as they are, because most requests look at two or three
/// of them and a conversion would cost more than that.
struct RequestFields: Sendable {
    private let headers: HTTPHeaders

    init(_ headers: HTTPHeaders) {
        self.headers = headers
    }

    init(_ fields: HTTPFields) {
        headers = HTTPHeaders(fields.map { ($0.name.rawName, $0.value) })
    }

    /// The value of a field; the values of a repeated one with commas between, as RFC 9110 (5.3) reads them.
    subscript(name: HTTPField.Name) -> String? {
        let wanted = name.rawName
        var found: String?
        for (name, value) in headers where Self.isSame(name, wanted) {
            found = found.map { $0 + ", " + value } ?? value
        }
        return found
    }

    /// Each value of a repeated field.
    subscript(values name: HTTPField.Name) -> [String] {
        headers[name.rawName]
    }

    /// Names are ASCII, which differs in case by one bit; other bytes that differ by it are no letters of a name.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { $0 == $1 || ($0 ^ $1 == 0x20 && $0 | 0x20 >= 0x61) }
    }

    /// All fields, for those who look at more than a few. A field whose name is no token was refused by the parser.
    var all: HTTPFields {
        var fields = HTTPFields()
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return fields
    }
}

extension RequestFields: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (HTTPField.Name, String)...) {
        headers = HTTPHeaders(elements.map { ($0.0.rawName, $0.1) })
    }
}

extension HTTPField.Name {
    static let host = HTTPField.Name("Host")!
}

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

/// The path and the query of a request line, taken apart.
struct RequestTarget: Sendable {
    /// The decoded segments of the path: `/v1/incidents/INC-1` has three. Empty ones are left out: doubled slashes and one at
    /// the end name the same thing, since tools are given addresses with and without them.
    let segments: [String]
    /// The query as it came, without `?`; empty when there is none.
    let rawQuery: Substring

    /// No path, of a request whose target cannot be read.
    init() {
        segments = []
        rawQuery = ""
    }

    /// Reads origin form (`/path?query`) and absolute form (`http://host/path`, which RFC 9112 makes servers take).
    init(_ text: String) throws(Problem) {
        var path = Self.originForm(text)
        // The other forms, `*` and an authority, name no resource of ours.
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw Problem(.notFound, "The request's target must be a path that begins with /.")
        }
        if let mark = path.utf8.firstIndex(of: UInt8(ascii: "?")) {
            rawQuery = path[path.utf8.index(after: mark)...]
            path = path[..<mark]
        } else {
            rawQuery = ""
        }
        var segments: [String] = []
        segments.reserveCapacity(6)
        if path.utf8.count > 1 {
            for part in path.utf8.dropFirst().split(separator: UInt8(ascii: "/")) {
                segments.append(try PercentEncoding.decode(part))
            }
        }
        self.segments = segments
    }

    private static func originForm(_ text: String) -> Substring {
        guard text.utf8.first != UInt8(ascii: "/"), let scheme = text.firstRange(of: "://") else { return text[...] }
        let authority = text[scheme.upperBound...]
        guard let slash = authority.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "/" }
        return authority[slash...]
    }

    /// The names and values of the query, decoded, in their order.
    func parameters() throws(Problem) -> [QueryParameter] {
        guard !rawQuery.isEmpty else { return [] }
        var parameters: [QueryParameter] = []
        for part in rawQuery.utf8.split(separator: UInt8(ascii: "&")) {
            let sign = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let value = sign < part.endIndex ? part[part.index(after: sign)...] : part[sign...]
            parameters.append(
                QueryParameter(
                    name: try PercentEncoding.decode(part[..<sign], plusIsSpace: true),
                    value: try PercentEncoding.decode(value, plusIsSpace: true)))
        }
        return parameters
    }
}

/// One name and value of a query.
struct QueryParameter: Hashable, Sendable {
    let name: String
    let value: String
}

/// What RFC 9112 asks of a request's head beyond what NIO's parser checks. Where a proxy in front and we could read the
/// boundaries of a request differently, one request could be hidden in another: such a request is refused and the
/// connection closed.
enum RequestFraming {
    /// Nil when nothing is wrong.
    static func problem(of head: HTTPRequestHead) -> Problem? {
        var hosts = 0
        var lengths = 0
        var codings = 0
        var coding = ""
        var host = ""
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 4 where name.lowercased() == "host":
                hosts += 1
                host = value
            case 14 where name.lowercased() == "content-length": lengths += 1
            case 17 where name.lowercased() == "transfer-encoding":
                codings += 1
                coding = value.lowercased()
            default: break
            }
        }
        // Section 3.2.
        if hosts > 1 || (hosts == 0 && head.version.minor > 0) {
            return refusal("A request has exactly one header field Host, and this one has \(hosts).")
        }
        // It goes into addresses that we hand out.
        guard isHost(host) else {
            return refusal("The Host header must be a name or an address, with or without a port.")
        }
        // Section 6.3.
        if lengths > 1 { return refusal("A request has at most one header field Content-Length.") }
        guard codings > 0 else { return nil }
        if lengths > 0 { return refusal("A request has Content-Length or Transfer-Encoding, not both.") }
        if head.version.minor == 0 { return refusal("HTTP/1.0 has no Transfer-Encoding.") }
        // Section 6.1.
        guard codings == 1, coding == "chunked" else {
            return refusal("The only supported Transfer-Encoding is chunked.")
        }
        return nil
    }

    /// Whether a text is written as a host is, with a port or without.
    static func isHost(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy(mayStandInHost)
    }

    /// RFC 3986, 3.2.2: what a host with a port may be written with, which is neither a path nor a user.
    private static func mayStandInHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case _: "-._~:[]%!$&'()*+,;=".utf8.contains(byte)
        }
    }

    private static func refusal(_ detail: String) -> Problem {
        Problem(.malformedRequest, detail)
    }
}
