import AsyncHTTPClient
import Glibc
import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A daemon under a token. Every wait has a bound, redirects are not followed, and a token goes nowhere where it can be read.
package final class Connection: Sendable {
    package struct Settings: Sendable {
        package var address: DaemonAddress
        package var token: String
        package var caFile: String?
        /// Whether the token may go over plain HTTP to another machine.
        package var isOpenAllowed = false
        /// For one request with all of its tries.
        package var timeout = 30.0

        package init(address: DaemonAddress, token: String) {
            self.address = address
            self.token = token
        }
    }

    package struct Answer: Sendable {
        package let status: Int
        package let headers: HTTPHeaders
        package let bytes: [UInt8]
        /// Null where the answer is empty or no JSON.
        package let body: JSON

        package var isJSON: Bool { headers.first(name: "content-type")?.contains("json") == true }
        package var etag: String? { headers.first(name: "etag") }
        /// The header field by which only this version is changed; none where it has no version.
        package var ifMatch: [(String, String)] { etag.map { [("if-match", $0)] } ?? [] }
    }

    /// The largest answer that is read.
    package static let answerMax = 64 << 20
    private static let triesMax = 3
    /// A daemon says something every 15 s on a stream; after so many seconds without a byte it counts as broken.
    private static let silenceMax: Int64 = 40

    package let settings: Settings
    private let client: HTTPClient
    /// The daemon's clock less this machine's, in seconds.
    private let clockOffset = Mutex(0.0)

    package init(_ settings: Settings) throws(Failure) {
        if settings.address.isOpen && !settings.isOpenAllowed {
            throw Failure(
                .usage,
                "\(settings.address.text) is plain HTTP to another machine: whoever listens on the way reads the token. "
                    + "Use https, or say --insecure-http if the way is safe.")
        }
        guard !settings.token.isEmpty, settings.token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure(.noAccess, "The token is empty or has signs that no token has.\nNext:\n  muster login")
        }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(max(Self.silenceMax, Int64(settings.timeout) + 10))))
        if let file = settings.caFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            } catch {
                throw Failure(.usage, "The certificates in \(SafeText.line(file)) cannot be read.")
            }
            configuration.tlsConfiguration = tls
        }
        configuration.httpVersion = .http1Only
        self.settings = settings
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    package func close() async { try? await client.shutdown() }

    /// Seconds since 1970 by the daemon's clock.
    package var now: Double { Moments.machineNow + clockOffset.withLock { $0 } }
}

// MARK: - Requests

extension Connection {
    /// - Parameters:
    ///   - path: With its query, from the slash on.
    ///   - key: Of a POST that is tried again: the daemon then does it once.
    /// - Returns: A good answer; every other one is thrown as a failure.
    @discardableResult
    package func send(
        _ method: String, _ path: String, _ body: JSON? = nil, headers: [(String, String)] = [],
        key: String = Connection.randomKey()
    ) async throws -> Answer {
        try await send(
            method, path, bytes: body.map { Array($0.compact.utf8) }, type: "application/json", headers: headers,
            key: key)
    }

    @discardableResult
    package func send(
        _ method: String, _ path: String, bytes: [UInt8]?, type: String, headers: [(String, String)] = [],
        key: String = Connection.randomKey()
    ) async throws -> Answer {
        var request = request(method, path)
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if method == "POST" { request.headers.add(name: "idempotency-key", value: key) }
        if let bytes {
            request.headers.add(name: "content-type", value: type)
            request.body = .bytes(ByteBuffer(bytes: bytes))
        }
        let answer = try await tries(request, end: Moments.machineNow + settings.timeout)
        guard answer.status == 428, request.headers["if-match"].isEmpty, let version = try await version(before: path)
        else { return try good(answer, isWrite: method != "GET") }
        // The installation asks for a version with each write: the one that holds now.
        request.headers.replaceOrAdd(name: "if-match", value: version)
        if method == "POST" { request.headers.replaceOrAdd(name: "idempotency-key", value: Connection.randomKey()) }
        return try good(try await tries(request, end: Moments.machineNow + settings.timeout), isWrite: true)
    }

    package func get(_ path: String) async throws -> JSON {
        let answer = try await send("GET", path)
        guard answer.isJSON else { throw Connection.notUnderstood("GET \(path)") }
        return answer.body
    }

    /// The version of the incident, or of the catalog, that a change of this path asks for.
    private func version(before path: String) async throws -> String? {
        if path.hasPrefix("/v1/components") { return try await send("GET", "/v1/catalog.json").etag }
        guard let match = path.prefixMatch(of: /\/v1\/(?:incidents\/|actions\/(?:[Ii][Nn][Cc]-)?)([0-9]+)/) else {
            return nil
        }
        return try await send("GET", "/v1/incidents/\(match.output.1)").etag
    }

    private func request(_ method: String, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: settings.address.text + path)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "authorization", value: "Bearer \(settings.token)")
        request.headers.add(name: "user-agent", value: "muster/\(ClientVersion.current)")
        request.headers.add(name: "accept", value: "application/json, application/problem+json;q=0.9, */*;q=0.5")
        return request
    }

    /// Tries again what may be repeated, until the end of its time.
    private func tries(_ request: HTTPClientRequest, end: Double) async throws -> Answer {
        // A PATCH has no key: it is repeated only if it surely was not read.
        let isRepeatable = request.method != .PATCH
        for number in 1... {
            let left = end - Moments.machineNow
            do {
                let answer = try await once(request, seconds: max(0.1, left))
                // The try before may still be carried out.
                let isCarriedOut =
                    answer.status == 409 && answer.body["type"].text?.hasSuffix("/idempotency-in-flight") ?? false
                let isLater = answer.status == 429 || isCarriedOut || (answer.status == 503 && isRepeatable)
                let pause = min(answer.headers.first(name: "retry-after").flatMap { Double($0) } ?? 1, 10)
                guard isLater, number < Self.triesMax, end - Moments.machineNow > pause + 1 else { return answer }
                // As long as the daemon says, ten seconds at most, and only where time for another try is left.
                try await Task.sleep(for: .seconds(pause))
            } catch let error as CancellationError {
                throw error
            } catch let failure as Failure {
                throw failure
            } catch {
                let isUnsent = Self.isUnsent(error)
                guard isRepeatable || isUnsent, number < Self.triesMax, end - Moments.machineNow > 1.5 else {
                    throw Self.failure(error, request, settings.address, isUnsent: isUnsent)
                }
                // What broke off, as a daemon's restart does, is better soon: after 0.2 s, then 0.8 s.
                try await Task.sleep(for: .milliseconds(200 * number * number))
            }
        }
        throw Connection.notUnderstood("the request")
    }

    /// One try: with its body, it is over in time.
    private func once(_ request: HTTPClientRequest, seconds: Double) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.whole(request, seconds: seconds) }
            group.addTask {
                // The client's own limit ends with the head of the answer; this one is for its body, too.
                try await Task.sleep(for: .seconds(min(seconds, 86400)))
                return nil
            }
            guard let answer = try await group.next() ?? nil else { throw HTTPClientError.deadlineExceeded }
            return answer
        }
    }

    private func whole(_ request: HTTPClientRequest, seconds: Double) async throws -> Answer {
        let response = try await client.execute(
            request, timeout: .milliseconds(Int64(min(seconds, 86400) * 1000)))
        let body = try await response.body.collect(upTo: Self.answerMax)
        noteClock(response.headers)
        let bytes = Array(buffer: body)
        let isJSON = response.headers.first(name: "content-type")?.contains("json") == true
        let value = isJSON && !bytes.isEmpty ? try? JSONReader.read(bytes) : nil
        return Answer(
            status: Int(response.status.code), headers: response.headers, bytes: bytes, body: value ?? .null)
    }

    private func noteClock(_ headers: HTTPHeaders) {
        guard let date = headers.first(name: "date"), let time = HTTPDate.parse(date) else { return }
        let offset = time - Moments.machineNow
        // The field has seconds only: what is less is no difference of clocks.
        clockOffset.withLock { $0 = abs(offset) < 2 ? 0 : offset }
    }

    private func good(_ answer: Answer, isWrite: Bool) throws(Failure) -> Answer {
        switch answer.status {
        case 200..<300:
            // A proxy's page is no answer to a change.
            if isWrite && !answer.isJSON && !answer.bytes.isEmpty { throw Connection.notUnderstood("the request") }
            if answer.isJSON && answer.body.isNull && !answer.bytes.isEmpty && answer.bytes != Array("null".utf8) {
                throw Connection.notUnderstood("the request")
            }
            return answer
        case 300..<400:
            let place = SafeText.line(answer.headers.first(name: "location") ?? "nowhere")
            throw Failure(
                .broken,
                "\(settings.address.text) sends to \(place). The token is not sent there. If that is the daemon's address:"
                    + "\nNext:\n  muster login --url \(Hint.word(place))")
        default:
            guard answer.headers.first(name: "content-type")?.hasPrefix("application/problem+json") == true else {
                let ending = Failure.ending(status: answer.status, type: "")
                throw Failure(
                    ending == .unreachable ? ending : .broken,
                    "\(settings.address.text) answered \(answer.status), and not as Muster does. Is it the right address?"
                )
            }
            throw Failure(status: answer.status, problem: answer.body)
        }
    }

    private static func notUnderstood(_ what: String) -> Failure {
        Failure(.broken, "The answer to \(SafeText.line(what)) cannot be understood. Is it Muster that answers?")
    }

    /// Whether it surely did not reach the daemon.
    private static func isUnsent(_ error: any Error) -> Bool {
        if error is NIOConnectionError { return true }
        guard let error = error as? HTTPClientError else { return false }
        return error == .connectTimeout || error == .tlsHandshakeTimeout || error == .getConnectionFromPoolTimeout
    }

    private static func failure(
        _ error: any Error, _ request: HTTPClientRequest, _ address: DaemonAddress, isUnsent: Bool
    ) -> Failure {
        let why = SafeText.line(SafeText.cut("\(error)", to: 200))
        if error is NIOSSLError || error is NIOSSLExtraError || why.contains("CERTIFICATE_VERIFY_FAILED") {
            return Failure(
                .unreachable,
                "\(address.text) shows a certificate that is not trusted here: \(why). If it is of your own authority, "
                    + "name that: --ca-file FILE.")
        }
        let isWrite = request.method != .GET && request.method != .HEAD
        let outcome =
            isWrite && !isUnsent ? " Whether it was done is not known; look before you do it again: muster show." : ""
        return Failure(.unreachable, "\(address.text) does not answer (\(why)).\(outcome)")
    }

    /// For an Idempotency-Key.
    package static func randomKey() -> String {
        (0..<4).map { _ in
            let digits = String(UInt32.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }
}

// MARK: - Streams

extension Connection {
    /// The events behind a position, until the stream ends or is silent for too long.
    package func stream(
        after position: String?, opened: @Sendable () async -> Void,
        _ take: (ServerSentEvent) async throws -> Void
    ) async throws {
        var request = request("GET", "/v1/events")
        request.headers.replaceOrAdd(name: "accept", value: "text/event-stream")
        if let position { request.headers.add(name: "last-event-id", value: position) }
        let response = try await client.execute(request, deadline: .now() + .hours(24 * 365))
        guard response.status == .ok else {
            let bytes = Array(buffer: try await response.body.collect(upTo: 1 << 20))
            throw Failure(status: Int(response.status.code), problem: (try? JSONReader.read(bytes)) ?? .null)
        }
        noteClock(response.headers)
        await opened()
        var reader = ServerSentEvents()
        for try await chunk in response.body {
            for event in try reader.read(Array(buffer: chunk)) { try await take(event) }
        }
    }

    /// The daemon's version, from the head of its own description; nil where it has none.
    package func daemonVersion() async -> String? {
        let response = try? await client.execute(request("GET", "/openapi.yaml"), timeout: .seconds(5))
        guard let response, response.status == .ok else { return nil }
        var head: [UInt8] = []
        do {
            for try await chunk in response.body {
                head += Array(buffer: chunk)
                if head.count > 4096 { break }
            }
        } catch { return nil }
        let text = String(decoding: head.prefix(4096), as: UTF8.self)
        return text.firstMatch(of: /\n  version: ([0-9A-Za-z.+-]{1,40})\n/).map { String($0.output.1) }
    }
}

/// The date of HTTP's fields (RFC 9110, IMF-fixdate).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func parse(_ text: String) -> Double? {
        guard let match = text.wholeMatch(of: /[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT/),
            let month = months.firstIndex(of: String(match.output.2))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Moments.parse("\(match.output.3)-\(number)-\(match.output.1)T\(match.output.4)Z")
    }
}
