import Glibc

/// A file that the configuration is read from, or names.
enum ConfigurationFile {
    /// Why it gives no text, as the rest of a sentence that begins with its name.
    struct Failure: Error {
        let reason: String

        init(_ why: String) {
            reason = "cannot be read: \(why)"
        }
    }

    private static let bytesMax = 16 << 20

    static func text(_ path: String) throws(Failure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(String(cString: strerror(errno))) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else { throw Failure("it has more than \(bytesMax) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure("it is not written in UTF-8") }
        return text
    }
}
