import Glibc

/// A client that sends a request and waits for its answer on a thread that may block.
final class PatientConnection {
    struct Answer {
        let status: Int
        /// Of the head and the body together.
        let text: String
        /// Whether the daemon says that it will close the connection.
        let isLast: Bool
    }

    private let socket: RawSocket
    private var received: [UInt8] = []

    /// - Parameter seconds: How long it waits for each part of an answer.
    init?(port: Int, patience seconds: Int) {
        guard let socket = RawSocket(port: port, blocksFor: seconds) else { return nil }
        self.socket = socket
    }

    deinit {
        socket.close()
    }

    /// Nil when the connection ended, or nothing came in time.
    func exchange(_ request: [UInt8]) -> Answer? {
        guard send(request) else { return nil }
        while true {
            if let answer = takeAnswer() { return answer }
            guard receive() else { return nil }
        }
    }

    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            guard let count = socket.send(bytes, from: sent), count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Tells the daemon that nothing more will come.
    func finishSending() {
        shutdown(socket.descriptor, Int32(SHUT_WR))
    }

    /// All that comes until the daemon closes the connection, and whether it did so in time.
    func readToEnd() -> (text: String, isClosed: Bool) {
        while true {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let outcome = buffer.withUnsafeMutableBytes { socket.receive(into: $0) }
            switch outcome {
            case .bytes(let count): received += buffer[..<count]
            case .nothing: return (String(decoding: received, as: UTF8.self), false)
            case .ended: return (String(decoding: received, as: UTF8.self), true)
            }
        }
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let outcome = buffer.withUnsafeMutableBytes { socket.receive(into: $0) }
        guard case .bytes(let count) = outcome else { return false }
        received += buffer[..<count]
        return true
    }

    /// An answer that is here as a whole.
    private func takeAnswer() -> Answer? {
        let text = String(decoding: received, as: UTF8.self)
        guard let headEnd = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = text[..<headEnd.lowerBound].lowercased()
        let fields = head.split(separator: "\r\n")
        let length =
            fields.first { $0.hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(15).trimmingSpaces) } ?? 0
        guard text[headEnd.upperBound...].utf8.count >= length,
            let status = fields.first.flatMap({ $0.split(separator: " ").dropFirst().first }).flatMap({ Int($0) })
        else { return nil }
        received = []
        return Answer(status: status, text: text, isLast: fields.contains("connection: close"))
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        drop { $0 == " " }
    }
}
