import Dispatch
import FoundationEssentials
import Glibc

/// A client that sends exactly the bytes it is given, as no honest one would.
final class RawClient: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// One answer, read to its end.
    struct Reply: Sendable {
        let status: Int
        let head: String
        let body: String

        /// The value of a header field; the first one of that name.
        subscript(name: String) -> String? {
            let prefix = name.lowercased() + ": "
            let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(prefix) }
            return line.map { String($0.dropFirst(prefix.count)) }
        }
    }

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "raw client")

    /// Connects to a port of this machine.
    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        // A server that never answers fails the test instead of stopping it. Among a thousand tests on one core an
        // answer has taken longer than 20 s.
        var limit = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(description: "connect: \(errno)") }
    }

    deinit {
        close(descriptor)
    }

    /// Sends a request and reads its answer.
    func exchange(_ request: String) async throws -> Reply {
        try await send(Array(request.utf8))
        return try await reply()
    }

    func send(_ bytes: [UInt8]) async throws {
        try await blocking { descriptor in
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { buffer in
                    Glibc.send(descriptor, buffer.baseAddress! + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure(description: "send: \(errno)") }
                sent += count
            }
        }
    }

    /// Closes this side: nothing more is sent.
    func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The next answer: head, then as many bytes as it announces, none for an answer that has no length.
    func reply(hasBody: Bool = true) async throws -> Reply {
        try await blocking { descriptor in
            var bytes: [UInt8] = []
            let end = Array("\r\n\r\n".utf8)
            while !bytes.suffix(4).elementsEqual(end) {
                bytes.append(contentsOf: try Self.receive(descriptor, atMost: 1))
            }
            let head = String(decoding: bytes.dropLast(4), as: UTF8.self)
            guard let status = Int(head.split(separator: " ").dropFirst().first ?? "") else {
                throw Failure(description: "no status in: \(head)")
            }
            let empty = Reply(status: status, head: head, body: "")
            let length = hasBody ? empty["Content-Length"].flatMap { Int($0) } ?? 0 : 0
            var body: [UInt8] = []
            while body.count < length { body += try Self.receive(descriptor, atMost: length - body.count) }
            return Reply(status: status, head: head, body: String(decoding: body, as: UTF8.self))
        }
    }

    /// Waits until the server closes the connection; what it sent before.
    func readToEnd() async throws -> String {
        try await blocking { descriptor in
            var bytes: [UInt8] = []
            while let more = try? Self.receive(descriptor, atMost: 4096) { bytes += more }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// One end's port of what may be a socket.
    static func port(
        of descriptor: Int32, _ end: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Int? {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { end(descriptor, $0, &size) }
        }
        guard code == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func receive(_ descriptor: Int32, atMost count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = recv(descriptor, &bytes, count, 0)
        guard received > 0 else { throw Failure(description: received == 0 ? "closed" : "recv: \(errno)") }
        return Array(bytes.prefix(received))
    }

    private func blocking<Value: Sendable>(_ body: @escaping @Sendable (Int32) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in continuation.resume(with: Result { try body(descriptor) }) }
        }
    }
}
