import FoundationEssentials
import Glibc
import IncidentDomain

/// What is public as it was last known, on disk: a daemon that starts while PostgreSQL is away shows it. It holds nothing that is not public.
struct StatusFile: Sendable {
    let path: String
    private let directory: String

    /// A first line with the form and the checksum, then JSON.
    private static let form = "muster-status 1"
    /// A larger one is neither written nor read.
    static let bytesMax = 32 << 20

    private struct Content: Codable {
        let asOf: Timestamp
        let record: PublicRecord
    }

    /// Why it was not written.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(directory: String) {
        self.directory = directory
        path = directory + "/status-snapshot"
    }

    /// Whole or not at all, also when the machine stops meanwhile.
    func write(_ record: PublicRecord, asOf: Timestamp) throws {
        let json = try StoredJSON.bytes(Content(asOf: asOf, record: record))
        let bytes = Array("\(Self.form) \(HashChain.hex(OpenSSL.sha256(json)))\n".utf8) + json
        guard bytes.count <= Self.bytesMax else {
            throw Failure(description: "it would have \(bytes.count) bytes; at most \(Self.bytesMax) are written")
        }
        // With a database elsewhere, nothing else has made it yet.
        try DataDirectory.make(directory)
        let draft = path + ".new"
        unlink(draft)
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        let isStored = written == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isStored, rename(draft, path) == 0 else {
            let failure = Self.failure
            unlink(draft)
            throw failure
        }
    }

    private static var failure: Failure { Failure(description: String(cString: strerror(errno))) }

    /// Nil where there is none, or it is not whole, or of another form.
    func read() -> (record: PublicRecord, asOf: Timestamp)? {
        let url = URL(filePath: path)
        guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64,
            size <= Self.bytesMax, let data = try? Data(contentsOf: url), data.count <= Self.bytesMax,
            let end = data.firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let json = data[(end + 1)...]
        let head = "\(Self.form) \(HashChain.hex(OpenSSL.sha256(json)))"
        guard Data(head.utf8) == data[..<end], let content = try? JSONDecoder().decode(Content.self, from: Data(json))
        else { return nil }
        return (content.record, content.asOf)
    }
}
