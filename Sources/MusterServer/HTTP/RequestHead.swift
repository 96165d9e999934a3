import HTTPTypes
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
