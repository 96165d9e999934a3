import FoundationEssentials
import IncidentDomain
import NIOCore
import NIOHTTP1
import NIOSSL

/// Whether a page answers as it should. It speaks HTTP/1.1, on a new connection each time, since that is what users do.
struct HTTPCheck: Sendable {
    let connector: ProbeConnector

    /// What is read of a body; the rest is not waited for.
    static let bodyBytesMax = 1 << 20
    /// What a pattern is looked for in: it takes its time.
    private static let patternBytesMax = 1 << 16

    func look(at page: HTTPTarget) async throws -> ProbeOutcome {
        let start = ContinuousClock.now
        guard var url = ProbeURL(page.url) else { throw ProbeCheck.Failure(detail: "the URL is invalid") }
        var method = page.method
        var headers = page.headers
        for hop in 0...page.redirectsMax {
            let reply = try await ask(url, method, headers, page)
            guard page.redirectsMax > 0, let location = reply.location else {
                return judge(reply, page, start.elapsedMilliseconds)
            }
            guard hop < page.redirectsMax else { break }
            guard let next = url.following(location) else {
                throw ProbeCheck.Failure(detail: "redirect to \(location), which is not an http or https URL")
            }
            // What is said to one host is not for another.
            if next.host != url.host || next.port != url.port || (url.isSecure && !next.isSecure) { headers = [] }
            if reply.status != 307, reply.status != 308, method == .post { method = .get }
            url = next
        }
        throw ProbeCheck.Failure(detail: "more than \(page.redirectsMax) redirects, the last to \(url.text)")
    }

    private func ask(
        _ url: ProbeURL, _ method: HTTPTarget.Method, _ headers: [HTTPTarget.Header], _ page: HTTPTarget
    ) async throws -> HTTPReply {
        var fields = HTTPHeaders([
            ("Host", url.authority), ("User-Agent", "muster-probe"), ("Accept", "*/*"),
            ("Accept-Encoding", "identity"), ("Connection", "close"),
        ])
        for header in headers { fields.replaceOrAdd(name: header.name, value: header.value ?? "") }
        if method == .post { fields.add(name: "Content-Length", value: "0") }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: url.target, headers: fields)
        let context = try await url.isSecure ? connector.tls.context(verifies: page.verifies) : nil
        return try await connector.exchange(url.host, url.port) { channel, promise in
            let pipeline = channel.pipeline.syncOperations
            if let context { try pipeline.addHandler(ProbeConnector.tls(context, serverName: url.host)) }
            try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
            try pipeline.addHandler(HTTPReplyHandler(head: head, promise: promise))
        }
    }

    private func judge(_ reply: HTTPReply, _ page: HTTPTarget, _ latency: Int) -> ProbeOutcome {
        guard page.expectedStatus.contains(where: { $0.first <= reply.status && reply.status <= $0.last }) else {
            let expected = page.expectedStatus.map(\.text).joined(separator: ", ")
            return .failed("status \(reply.status), expected \(expected)", latency)
        }
        if let wanted = page.bodyContains, !TCPCheck.contains(reply.body, Array(wanted.utf8)) {
            return .failed("the body does not contain \"\(wanted)\"", latency)
        }
        if let wanted = page.bodyMatches {
            guard let pattern = try? LinearPattern(wanted, for: .page),
                pattern.isFound(in: reply.body.prefix(Self.patternBytesMax))
            else { return .failed("the body does not match \(wanted)", latency) }
        }
        if let most = page.latencyMaxMilliseconds, latency > most {
            return .failed("took \(latency) ms, limit \(most) ms", latency)
        }
        return .passed("status \(reply.status) in \(latency) ms", latency)
    }
}

/// What a server answered.
struct HTTPReply: Sendable {
    let status: Int
    /// Where it redirects to; nil when it does not.
    let location: String?
    let body: [UInt8]

    init(_ head: HTTPResponseHead, _ body: [UInt8]) {
        status = Int(head.status.code)
        let redirects: Set<Int> = [301, 302, 303, 307, 308]
        location = redirects.contains(status) ? head.headers.first(name: "location") : nil
        self.body = body
    }
}

/// Sends a request and reads the answer, up to the end of what is wanted of it.
private final class HTTPReplyHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let promise: EventLoopPromise<HTTPReply>
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(head: HTTPRequestHead, promise: EventLoopPromise<HTTPReply>) {
        request = head
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(Self.wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            // 100 Continue and its like come before the answer.
            if head.status.code >= 200 { self.head = head }
        case .body(let buffer):
            body += buffer.readableBytesView.prefix(HTTPCheck.bodyBytesMax - body.count)
            if body.count >= HTTPCheck.bodyBytesMax { finish() }
        case .end: finish()
        }
    }

    private func finish() {
        guard let head else { return }
        promise.succeed(HTTPReply(head, body))
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ProbeCheck.Failure(detail: "connection closed before the response was complete"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
