import NIOHTTP1

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
            return refusal("The header field Host should be a name or an address, with a port or without.")
        }
        // Section 6.3.
        if lengths > 1 { return refusal("A request has at most one header field Content-Length.") }
        guard codings > 0 else { return nil }
        if lengths > 0 { return refusal("A request has Content-Length or Transfer-Encoding, not both.") }
        if head.version.minor == 0 { return refusal("HTTP/1.0 has no Transfer-Encoding.") }
        // Section 6.1.
        guard codings == 1, coding == "chunked" else {
            return refusal("The only Transfer-Encoding that is taken is chunked.")
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
