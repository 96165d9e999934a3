import AsyncHTTPClient
import FoundationEssentials
import IncidentDomain
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Why an attempt got no answer.
enum OutboundFault: Error, Hashable {
    /// It may work later.
    case network(String)
    /// It will not, as long as the endpoint is what it is.
    case refused(String)
}

/// Sends messages over HTTP. A name is looked up for every attempt, each of its addresses is checked, and a connection goes to
/// a checked address only: so a name that means something else a moment later leads nowhere else. Redirects are not followed,
/// no proxy of the environment is used, and of an answer no more than `OutboundAnswer.bodyBytesMax` is read, within the time-out.
struct OutboundClient: Sendable {
    var networks = OutboundNetworks()
    var names = NameLookup.shared
    let clients: PinnedClients

    private static let addressesMax = 3

    func send(_ request: OutboundRequest, timeout: Duration) async throws -> OutboundAnswer {
        guard let url = ProbeURL(request.url) else { throw OutboundFault.refused("the URL is invalid") }
        if let complaint = OutboundReach.complaint(about: url) { throw OutboundFault.refused("the URL \(complaint)") }
        guard request.headers.allSatisfy(Self.isSound) else {
            throw OutboundFault.refused("a header of the message has characters that HTTP does not allow")
        }
        let deadline = ContinuousClock.now + timeout
        let addresses = try await addresses(of: url, within: timeout)
        // Where the lookup took all the time, that is what is said.
        var last = OutboundFault.network(
            addresses.isEmpty ? "\(url.host) has no address" : "no answer within the time-out")
        for address in addresses.prefix(Self.addressesMax) {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { break }
            do {
                // The client's own deadline ends with the head of an answer; this one also bounds a body that comes byte by byte.
                return try await TimeLimit.within(left, or: OutboundFault.network("no answer within the time-out")) {
                    try await sendOnce(request, to: url, at: address, within: left)
                }
            } catch let fault as ConnectFault {
                last = .network(fault.detail)
            }
        }
        throw last
    }

    /// The connection itself did not come about, so another address may do better.
    private struct ConnectFault: Error {
        let detail: String
    }

    /// Neither a line's end nor anything else that would begin another header.
    private static func isSound(_ header: (name: String, value: String)) -> Bool {
        ProbeHTTPBodies.isHeaderName(header.name) && !header.name.isEmpty
            && header.value.utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
    }

    /// A connection that is kept may be closed by the receiver just as we send: that is no fault of his, and it is sent again at once.
    private func sendOnce(
        _ request: OutboundRequest, to url: ProbeURL, at address: String, within limit: Duration
    ) async throws -> OutboundAnswer {
        do {
            return try await send(request, to: url, at: address, within: limit)
        } catch is StaleConnection {
            do {
                return try await send(request, to: url, at: address, within: limit)
            } catch is StaleConnection {
                throw OutboundFault.network("connection closed before the answer was complete")
            }
        }
    }

    private struct StaleConnection: Error {}

    private func addresses(of url: ProbeURL, within limit: Duration) async throws -> [String] {
        let found: [String]
        if NetworkRange.bytes(of: url.host) != nil {
            found = [url.host]
        } else {
            do {
                found = try await names.addresses(of: url.host, within: limit)
            } catch let failure as ProbeCheck.Failure {
                throw OutboundFault.network(failure.detail)
            } catch let unknown as ProbeCheck.Unknown {
                throw OutboundFault.network(unknown.detail)
            }
        }
        if let complaint = OutboundReach.complaint(about: found, of: url.host, networks) {
            throw OutboundFault.refused(complaint)
        }
        return found
    }

    private func send(
        _ request: OutboundRequest, to url: ProbeURL, at address: String, within limit: Duration
    ) async throws -> OutboundAnswer {
        var message = HTTPClientRequest(url: url.text)
        message.method = HTTPMethod(rawValue: request.method)
        message.headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        message.headers.replaceOrAdd(name: "user-agent", value: "Muster")
        if !request.body.isEmpty || request.method != "GET" {
            message.body = .bytes(request.body, length: .known(Int64(request.body.count)))
        }
        do {
            let sent = message
            return try await clients.with(url, at: address) { client in
                let answer = try await client.execute(sent, deadline: .now() + TimeAmount(limit))
                var body: [UInt8] = []
                do {
                    for try await part in answer.body {
                        body += part.readableBytesView.prefix(OutboundAnswer.bodyBytesMax - body.count)
                        if body.count >= OutboundAnswer.bodyBytesMax { break }
                    }
                } catch let error as HTTPClientError where error == .remoteConnectionClosed {
                    // The status is known, and is what counts.
                }
                var headers: [String: String] = [:]
                for (name, value) in answer.headers { headers[name.lowercased()] = value }
                return OutboundAnswer(
                    status: Int(answer.status.code), headers: headers, body: body, receivedAt: .now())
            }
        } catch let error as HTTPClientError {
            throw try Self.fault(error)
        } catch let error as CancellationError {
            throw error
        } catch let fault as OutboundFault {
            throw fault
        } catch let error as IOError {
            throw ConnectFault(detail: ProbeFault.words(of: error))
        } catch {
            throw OutboundFault.network(ProbeFault.words(of: error))
        }
    }

    /// In words that tell neither the URL nor a header.
    private static func fault(_ error: HTTPClientError) throws -> any Error {
        switch error {
        case .connectTimeout: return ConnectFault(detail: "connection timed out")
        case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout:
            return OutboundFault.network("no answer within the time-out")
        case .tlsHandshakeTimeout: return ConnectFault(detail: "the TLS handshake timed out")
        case .remoteConnectionClosed: return StaleConnection()
        case .uncleanShutdown: return OutboundFault.network("connection closed before the answer was complete")
        case .cancelled: throw CancellationError()
        default: return OutboundFault.network("the request failed: \(error.shortDescription)")
        }
    }
}

/// HTTP clients that each go to one address only. They keep connections, so that a hundred messages in a row need one; what was
/// not used for a while is closed.
final class PinnedClients: Sendable {
    private struct Key: Hashable {
        let origin: String
        let address: String
    }

    private struct Entry {
        let client: HTTPClient
        var users = 0
        var usedAt: ContinuousClock.Instant
    }

    private let state = Mutex<[Key: Entry]>([:])
    private let trust: TrustedCertificates
    /// Beyond so many, the one that was not used for longest is closed.
    private static let clientsMax = 128
    private static let keeping: Duration = .seconds(120)

    init(trust: TrustedCertificates = .shared) {
        self.trust = trust
    }

    func with<Output>(
        _ url: ProbeURL, at address: String, _ body: (HTTPClient) async throws -> Output
    ) async throws -> Output {
        let key = Key(origin: url.origin, address: address)
        let roots = url.isSecure ? try await trust.roots() : nil
        let client = state.withLock { state in
            var entry = state[key] ?? Entry(client: Self.make(url, address, roots), usedAt: .now)
            entry.users += 1
            entry.usedAt = .now
            state[key] = entry
            return entry.client
        }
        defer {
            state.withLock { state in
                state[key]?.users -= 1
                state[key]?.usedAt = .now
            }
        }
        return try await body(client)
    }

    private static func make(_ url: ProbeURL, _ address: String, _ roots: [NIOSSLCertificate]?) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(5)),
            connectionPool: HTTPClient.Configuration.ConnectionPool(
                idleTimeout: .seconds(30),
                // Endpoints of one host do not wait for each other; the sender bounds each.
                concurrentHTTP1ConnectionsPerHostSoftLimit: 1_024),
            decompression: .disabled)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = [url.host: address]
        if let roots {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(roots)
            configuration.tlsConfiguration = tls
        }
        return HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }

    /// Closes what was not used for a while, and what is too much.
    func tidy() async {
        let closed = state.withLock { state in
            let idle = state.filter { $0.value.users == 0 }.sorted { $0.value.usedAt < $1.value.usedAt }
            let tooMany = max(0, state.count - Self.clientsMax)
            let old = idle.enumerated().filter { index, entry in
                index < tooMany || entry.value.usedAt + Self.keeping < .now
            }
            for (_, entry) in old { state[entry.key] = nil }
            return old.map(\.element.value.client)
        }
        for client in closed { try? await client.shutdown() }
    }

    func shutdown() async {
        let clients = state.withLock { state in
            defer { state = [:] }
            return state.values.map(\.client)
        }
        for client in clients { try? await client.shutdown() }
    }
}

/// The certificates that the machine trusts, in memory once for all clients and read anew after a while.
final class TrustedCertificates: Sendable {
    static let shared = TrustedCertificates()

    private let file: String?
    private let held = Mutex<(roots: [NIOSSLCertificate], until: ContinuousClock.Instant)?>(nil)
    private let reading = Turns(max: 1, waitingMax: 1_024)
    private static let keeping: Duration = .seconds(3_600)
    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]

    /// - Parameter file: PEM; nil is where Linux distributions have them, or `SSL_CERT_FILE`.
    init(file: String? = nil) {
        self.file = file
    }

    func roots() async throws -> [NIOSSLCertificate] {
        if let known { return known }
        return try await reading.take {
            if let known { return known }
            let named = file ?? ProcessInfo.processInfo.environment["SSL_CERT_FILE"]
            let roots = try await WorkerPool.run {
                let path = named ?? Self.files.first { FileManager.default.isReadableFile(atPath: $0) }
                guard let path else { throw Self.unreadable("this machine has no trusted certificates") }
                guard let roots = try? NIOSSLCertificate.fromPEMFile(path), !roots.isEmpty else {
                    throw Self.unreadable("no trusted certificates can be read from \(path)")
                }
                return roots
            }
            held.withLock { $0 = (roots, .now + Self.keeping) }
            return roots
        }
    }

    private static func unreadable(_ what: String) -> OutboundFault {
        .network("\(what): install ca-certificates, or name a file of them in PEM by SSL_CERT_FILE")
    }

    private var known: [NIOSSLCertificate]? {
        held.withLock { held in held.flatMap { $0.until > .now ? $0.roots : nil } }
    }
}
