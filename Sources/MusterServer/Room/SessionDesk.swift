import HTTPTypes
import IncidentDomain

/// Somebody who is signed in at a browser.
struct Session: Sendable {
    let principal: Principal
    /// The token's SHA-256; nil of the built-in administrator's, which cannot be revoked.
    let tokenHash: [UInt8]?
    /// What every form of this session carries: no other site knows it. It is of the token, so that a page still counts when somebody
    /// has signed in again.
    let formCode: String
    /// When it ends; nil when something else says it.
    var endsAt: Timestamp? = nil
}

/// Signing in at a browser. A session is a cookie that holds the token and the time of signing in, sealed under the key of the
/// installation: every daemon on the database can open it, nothing is stored of it, and it ends with its token.
///
/// The token itself stands in it, and not its hash: whoever reads a copy of the database has the key and the hashes, and
/// could make sessions of those (decision 0070).
struct SessionDesk: Sendable {
    let authenticator: Authenticator
    let box: SecretBox
    let settings: RoomSettings

    /// More is no cookie of ours.
    private static let cookieBytesMax = 1024
    private static let place = "session of a browser"
    /// Longer than any token (`auth.bootstrap_token`).
    static let tokenBytesMax = 256

    /// A browser keeps other sites and plain HTTP from setting a cookie of the first name.
    private var name: String { Self.names[settings.isSecure ? 0 : 1] }

    /// The cookie of somebody who shows a token.
    ///
    /// - Throws: `Problem` 401 when nobody has the token.
    func begin(token: String, now: Timestamp) async throws -> String {
        guard token.utf8.count <= Self.tokenBytesMax else {
            throw Authenticator.unauthenticated("The token does not exist or was revoked.", error: "invalid_token")
        }
        _ = try await authenticator.principal(token: token[...])
        let sealed = try await box.seal("\(now.milliseconds) \(token)", for: Self.place)
        return cookie(sealed, seconds: Int(settings.session.components.seconds))
    }

    /// What takes the cookie out of a browser.
    var ended: String { cookie("", seconds: 0) }

    private func cookie(_ value: String, seconds: Int) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
            + (settings.isSecure ? "; Secure" : "")
    }

    /// Who is signed in; nil when nobody is, or no longer.
    func session(_ headers: RequestFields, now: Timestamp) async throws -> Session? {
        guard let value = value(in: headers), let opened = try await box.open(value, for: Self.place) else {
            return nil
        }
        let parts = opened.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let begun = Int64(parts[0]) else { return nil }
        let beginning = Timestamp(milliseconds: begun)
        let lifetime = Double(settings.session.components.seconds)
        let age = now.seconds(since: beginning)
        // A daemon's clock may be a little behind that of the one that made it.
        guard age > -60, age < lifetime else { return nil }
        do {
            let principal = try await authenticator.principal(token: parts[1])
            let isBootstrap = principal == Authenticator.bootstrap
            let hash = OpenSSL.sha256(Array(parts[1].utf8))
            return Session(
                principal: principal, tokenHash: isBootstrap ? nil : hash,
                formCode: HashChain.hex(try await box.code(of: HashChain.hex(hash), for: "form of a browser")),
                endsAt: beginning.adding(seconds: lifetime))
        } catch let problem as Problem where problem.kind == .unauthenticated {
            return nil
        }
    }

    static let names = ["__Host-muster_session", "muster_session"]
    /// Says that our own page has led a browser on, which then has no session.
    static let ledName = "muster_led"
    /// Says that a browser was just given a session.
    static let begunName = "muster_begun"

    /// Whether a browser sends a cookie of one of these names, whatever it is worth.
    static func isShown(_ names: [String], in headers: RequestFields) -> Bool {
        headers[values: .cookie].joined(separator: ";").split(separator: ";").contains { cookie in
            let cookie = cookie.drop { $0 == " " }
            return names.contains { cookie.hasPrefix("\($0)=") }
        }
    }

    /// A cookie that says one thing for some seconds, and opens nothing.
    static func mark(_ name: String) -> String { "\(name)=1; Path=/; Max-Age=20; HttpOnly; SameSite=Lax" }

    /// A browser sends each name once for a path; of several, one was put there by somebody else.
    private func value(in headers: RequestFields) -> String? {
        let pairs: [Substring] = headers[values: .cookie].joined(separator: ";").split(separator: ";")
        let ours = pairs.map { pair in pair.drop { $0 == " " } }.filter { $0.hasPrefix("\(name)=") }
            .map { $0.dropFirst(name.utf8.count + 1) }
        guard ours.count == 1, ours[0].utf8.count <= Self.cookieBytesMax else { return nil }
        return String(ours[0])
    }
}

/// Whether a request comes from a page of this installation, as browsers tell.
enum PageOrigin {
    /// What `Origin` and `Sec-Fetch-Site` say against a form.
    ///
    /// - Parameters:
    ///   - publicURL: `http.public_url`: a proxy may name another host to us than to browsers.
    ///   - Throws: `Problem` 403 when another site sent it. Whoever says nothing is no browser, or one that has no cookie either.
    static func check(_ head: RequestHead, publicURL: String?) throws(Problem) {
        if let site = head.headerFields[.secFetchSite], site != "same-origin" { throw stranger }
        guard let origin = head.headerFields[.origin] else { return }
        // Where it is known how browsers reach us, the scheme counts as well: a page that came by plain HTTP may be anybody's.
        if let publicURL, isSame(origin, publicURL) { return }
        guard let scheme = origin.firstRange(of: "://"),
            origin[scheme.upperBound...].lowercased() == head.authority?.lowercased(),
            publicURL.map({ !hasHost($0, of: origin) }) ?? true
        else { throw stranger }
    }

    /// Whether both name the same host and port, by whatever scheme.
    private static func hasHost(_ url: String, of origin: String) -> Bool {
        func host(_ text: String) -> Substring? {
            text.firstRange(of: "://").map { text[$0.upperBound...].prefix { $0 != "/" } }
        }
        return host(url)?.lowercased() == host(origin)?.lowercased()
    }

    private static func isSame(_ origin: String, _ url: String) -> Bool {
        guard let scheme = url.firstRange(of: "://") else { return false }
        let host = url[scheme.upperBound...].prefix { $0 != "/" }
        return origin.lowercased() == "\(url[..<scheme.upperBound])\(host)".lowercased()
    }

    static var stranger: Problem {
        Problem(.foreignForm, "Not sent by a page of this session. Load the page again, and send it from there.")
    }
}

/// Where a browser goes on after signing in.
enum PageTarget {
    /// The path itself when it leads to a page of the room, else the board: never to another site.
    static func safe(_ path: String?) -> String {
        guard let path, path.utf8.count <= 2000, path.hasPrefix("/"), !path.hasPrefix("//"),
            path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
            let target = try? RequestTarget(path),
            !target.segments.contains(where: { $0 == "." || $0 == ".." }),
            target.segments.isEmpty || pages.contains(target.segments[0])
        else { return "/" }
        return path
    }

    /// What begins the paths of pages.
    private static let pages: Set<String> = ["incidents"]
}

extension HTTPField.Name {
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
}
