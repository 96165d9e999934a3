import Glibc

/// The socket on which systemd would listen for what a service tells of itself.
final class ServiceManager: Sendable {
    let path: String
    private let descriptor: Int32

    init(path: String) throws {
        self.path = path
        descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw Child.Failure(description: "\(path): \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
    }

    /// Waits for a message that has the line; those before it are thrown away.
    func message(_ line: String) async throws -> String {
        // Longer than elsewhere: among all other tests a daemon with a database of its own can take minutes to begin.
        try await Eventually.get("the message \(line)", within: .seconds(400)) {
            while let text = receive() {
                if text.split(separator: "\n").contains(Substring(line)) { return text }
            }
            return nil
        }
    }

    /// Waits for a status line with the text; those before it are thrown away.
    func status(containing text: String) async throws {
        try await Eventually.holds("a status with \(text)") {
            while let message = receive() {
                let status = message.split(separator: "\n").first { $0.hasPrefix("STATUS=") }
                if status?.contains(text) == true { return true }
            }
            return false
        }
    }

    private func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
