import FoundationEssentials
import Glibc

/// A datagram socket that plays the service manager.
final class NotifyListener {
    struct Failure: Error {}

    let name: String
    private let descriptor: Int32

    init(isAbstract: Bool = false) throws {
        let unique = "muster-notify-\(UUID().uuidString)"
        name = isAbstract ? "@\(unique)" : "/tmp/\(unique)"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if isAbstract { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(2 + path.count + (isAbstract ? 0 : 1))
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { throw Failure() }
    }

    deinit {
        close(descriptor)
        if name.hasPrefix("/") { unlink(name) }
    }

    /// The next datagram, which is there already, since sending to a unix socket delivers at once.
    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    func drain() {
        while next() != nil {}
    }

    /// Waits for a message that has the line; those before it are thrown away.
    @discardableResult
    func message(_ line: String) async -> String {
        while true {
            while let text = next() {
                if text.split(separator: "\n").contains(Substring(line)) { return text }
            }
            await Task.yield()
        }
    }
}
