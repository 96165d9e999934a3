/// A request that two readers may understand in two ways: what follows it, a request of its own, would then be somebody
/// else's. RFC 9112 says what to do with each.
struct SmugglingShape: Sendable {
    let name: String
    /// The shape, and behind it a whole request that must not be answered once the shape was refused.
    let bytes: [UInt8]
    /// What may be answered. Empty where the connection may also be closed without a word.
    let answers: Set<Int>
    /// How many answers there may be: two where the shape is a request that may be taken, and the one behind it is one, too.
    let answersMax: Int

    /// Refused, and the connection closed.
    private static func refused(
        _ name: String, _ text: String, _ answers: Set<Int> = [400], bytes: [UInt8]? = nil
    ) -> SmugglingShape {
        SmugglingShape(name: name, bytes: (bytes ?? Array(text.utf8)) + behind, answers: answers, answersMax: 1)
    }

    /// May be refused, or taken for the one thing that it can mean.
    private static func clear(_ name: String, _ text: String, or status: Int) -> SmugglingShape {
        SmugglingShape(name: name, bytes: Array(text.utf8) + behind, answers: [400, status], answersMax: 2)
    }

    static let behind = Array(
        "GET /healthz HTTP/1.1\r\nHost: muster\r\nX-Hidden: yes\r\nConnection: close\r\n\r\n".utf8)

    /// - Parameter hook: A path whose body is read.
    static func all(hook: String) -> [SmugglingShape] {
        let post = "POST \(hook) HTTP/1.1\r\nHost: muster\r\n"
        return lengths(post) + codings(post, hook) + chunks(post + "Transfer-Encoding: chunked\r\n\r\n")
            + fields(post) + lines + taken
    }

    private static func lengths(_ post: String) -> [SmugglingShape] {
        let wrong = ["-5", "+5", "0x5", "5 5", "5, 6", "5;", "", "five", "5.0", "99999999999999999999999999", "1e1"]
        return wrong.map { refused("a length of “\($0)”", post + "Content-Length: \($0)\r\n\r\nhello", [400, 413]) } + [
            refused("both lengths", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            refused(
                "both lengths, the other way", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
            ),
            refused("two lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        ]
    }

    private static func codings(_ post: String, _ hook: String) -> [SmugglingShape] {
        let wrong = [
            "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "xchunked", "chunked, identity", "",
            "\u{0B}chunked", "chunked;q=1", "\"chunked\"", "gzip",
        ]
        return wrong.map {
            refused("a transfer coding of “\($0)”", post + "Transfer-Encoding: \($0)\r\n\r\n0\r\n\r\n", [400, 501])
        } + [
            refused(
                "two transfer codings",
                post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                [400, 501]),
            refused(
                "chunks in HTTP/1.0",
                "POST \(hook) HTTP/1.0\r\nHost: muster\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [200, 400, 422]),
            refused(
                "a transfer coding with a space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"
            ),
        ]
    }

    private static func chunks(_ head: String) -> [SmugglingShape] {
        [
            ("a chunk without a size", "\r\nhello\r\n0\r\n\r\n"),
            ("a chunk's size that is no number", "zz\r\nhello\r\n0\r\n\r\n"),
            ("a negative chunk", "-5\r\nhello\r\n0\r\n\r\n"), ("a chunk of 0x5", "0x5\r\nhello\r\n0\r\n\r\n"),
            ("a chunk of more than can be counted", "FFFFFFFFFFFFFFFFFF\r\nhello"),
            ("a chunk that is longer than its size", "3\r\nhello\r\n0\r\n\r\n"),
            ("a chunk without an end", "5\r\nhelloX\r\n0\r\n\r\n"),
            ("a chunk's size that ends with CR", "5\rhello\r\n0\r\n\r\n"),
            ("a chunk with a space before its size", " 5\r\nhello\r\n0\r\n\r\n"),
        ].map { refused($0.0, head + $0.1) }
    }

    private static func fields(_ post: String) -> [SmugglingShape] {
        let get = "GET /healthz HTTP/1.1\r\n"
        let host = get + "Host: muster\r\n"
        return [
            refused("no host", get + "\r\n"), refused("two hosts", host + "Host: muster\r\n\r\n"),
            refused("two different hosts", host + "Host: other\r\n\r\n"),
            refused("a host with a space", get + "Host: a b\r\n\r\n"),
            refused("a host with a path", get + "Host: a/b\r\n\r\n"),
            refused("a host with a name", get + "Host: a@b\r\n\r\n"),
            refused("a folded line", host + "X-A: b\r\n c: d\r\n\r\n"),
            refused("a folded length", post + "Content-Length:\r\n 5\r\n\r\nhello"),
            refused("a folded first line", get + " Host: muster\r\n\r\n"),
            refused("a space before the colon", host + "X-A : b\r\n\r\n"),
            refused("a length with a space before the colon", post + "Content-Length : 5\r\n\r\nhello"),
            refused("a tab before the colon", host + "X-A\t: b\r\n\r\n"), refused("no colon", host + "X-A\r\n\r\n"),
            refused("no name", host + ": b\r\n\r\n"), refused("a name with a space", host + "X A: b\r\n\r\n"),
            refused("NUL in a value", host + "X-A: b\0c\r\n\r\n"), refused("NUL in a name", host + "X-\0A: b\r\n\r\n"),
            refused("CR in a value", host + "X-A: b\rc\r\n\r\n"),
            refused("CR as the end of a line", host + "X-A: b\rX-B: c\r\n\r\n"),
            refused("ESC in a value", host + "X-A: b\u{1B}c\r\n\r\n"),
            refused("a name that is not ASCII", host + "X-é: b\r\n\r\n"),
        ]
    }

    private static let lines: [SmugglingShape] = [
        refused("HTTP/0.9", "GET /healthz\r\n"),
        refused("HTTP/1.1 and more", "GET /healthz HTTP/1.1 x\r\nHost: muster\r\n\r\n"),
        refused("HTTP/9.9", "GET /healthz HTTP/9.9\r\nHost: muster\r\n\r\n", [400, 505]),
        refused("HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]),
        refused("http/1.1", "GET /healthz http/1.1\r\nHost: muster\r\n\r\n"),
        refused("HTTP/1.10", "GET /healthz HTTP/1.10\r\nHost: muster\r\n\r\n", [400, 505]),
        refused("a method with a sign", "G@T /healthz HTTP/1.1\r\nHost: muster\r\n\r\n", [400, 501]),
        refused("no target", "GET  HTTP/1.1\r\nHost: muster\r\n\r\n"),
        refused("NUL in the target", "GET /health\0z HTTP/1.1\r\nHost: muster\r\n\r\n"),
        refused("a space in the target", "GET /health z HTTP/1.1\r\nHost: muster\r\n\r\n"),
        refused("a tab between the words", "GET\t/healthz\tHTTP/1.1\r\nHost: muster\r\n\r\n"),
        refused("CR in the target", "GET /health\rz HTTP/1.1\r\nHost: muster\r\n\r\n"),
        refused(
            "a handshake of TLS", "", bytes: [0x16, 0x03, 0x01, 0x00, 0x2A, 0x01, 0x00, 0x00, 0x26, 0x03, 0x03]),
        refused("bytes", "", bytes: (0..<64).map { UInt8($0 * 37 % 256) }),
        refused("a tunnel", "CONNECT muster:443 HTTP/1.1\r\nHost: muster:443\r\n\r\n", [400, 404, 405, 501]),
    ]

    /// What RFC 9112 lets a server take.
    private static let taken: [SmugglingShape] = [
        clear("lines that end with LF", "GET /healthz HTTP/1.1\nHost: muster\n\n", or: 200),
        clear("empty lines before the request", "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: muster\r\n\r\n", or: 200),
        clear(
            "the same length twice",
            "GET /healthz HTTP/1.1\r\nHost: muster\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", or: 200),
        clear("a GET with a body", "GET /healthz HTTP/1.1\r\nHost: muster\r\nContent-Length: 5\r\n\r\nhello", or: 200),
        clear("a target with a host", "GET http://muster/healthz HTTP/1.1\r\nHost: muster\r\n\r\n", or: 200),
        clear("the server as the target", "OPTIONS * HTTP/1.1\r\nHost: muster\r\n\r\n", or: 404),
        clear(
            "an upgrade", "GET /healthz HTTP/1.1\r\nHost: muster\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            or: 200),
        clear("a host with a port", "GET /healthz HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", or: 200),
    ]
}
