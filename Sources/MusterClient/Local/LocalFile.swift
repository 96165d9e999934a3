import Glibc

/// Files of the one who types.
package enum LocalFile {
    /// The largest one that is read.
    package static let bytesMax = 16 << 20

    package static func read(_ path: String) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        return try read(descriptor: file, path)
    }

    /// - Parameter name: What messages call it.
    package static func read(descriptor: Int32, _ name: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", name) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= bytesMax else {
                throw Failure(.usage, "\(SafeText.line(name)) is larger than \(bytesMax >> 20) MiB.")
            }
        }
    }

    /// Text from a file, or from standard input for `-`.
    package static func text(_ path: String) throws(Failure) -> String {
        let bytes = path == "-" ? try read(descriptor: 0, "standard input") : try read(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.usage, "\(SafeText.line(path)) is not UTF-8.")
        }
        return text
    }

    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, isNew: Bool = false)
        throws(Failure)
    {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (isNew ? O_EXCL : O_TRUNC), mode_t(mode))
        guard file >= 0 else { throw failure("write", path) }
        defer { close(file) }
        try write(bytes, descriptor: file, path)
    }

    package static func write(_ bytes: [UInt8], descriptor: Int32, _ name: String) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("write", name) }
            done += count
        }
    }

    /// A path that names the same file from every folder; as it is where there is no such file.
    package static func absolute(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func failure(_ verb: String, _ path: String) -> Failure {
        Failure(.usage, "Cannot \(verb) \(SafeText.line(path)): \(String(cString: strerror(errno))).")
    }
}
