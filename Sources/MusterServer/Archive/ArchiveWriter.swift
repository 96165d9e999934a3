import Glibc
import IncidentDomain

/// Writes an archive line by line, and keeps the checksum of all of it.
final class ArchiveWriter {
    private let descriptor: Int32
    private let hash: OpenSSL.SHA256
    private(set) var parts = 0
    private(set) var rows = 0

    init(descriptor: Int32) throws {
        self.descriptor = descriptor
        hash = try OpenSSL.SHA256()
    }

    func write(_ line: ArchiveLine) throws {
        try write(line.bytes)
    }

    /// Writes rows and the line behind them.
    ///
    /// - Parameter lines: The rows, each with its line end.
    func write(rows: Int, _ lines: [UInt8], of table: String, after: [String]?, through: [String]) throws {
        parts += 1
        self.rows += rows
        try write(lines)
        let part = ArchivePart(
            number: parts, table: table, rows: rows, after: after, through: through,
            sha256: HashChain.hex(OpenSSL.sha256(lines)))
        try write(.part(part))
    }

    func end() throws {
        try write(.end(parts: parts, sha256: hash.finish()), isHashed: false)
    }

    private func write(_ line: ArchiveLine, isHashed: Bool) throws {
        try write(line.bytes, isHashed: isHashed)
    }

    private func write(_ bytes: [UInt8], isHashed: Bool = true) throws {
        if isHashed { hash.update(bytes) }
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw ArchiveFailure("the archive cannot be written: \(String(cString: strerror(errno)))")
                }
                done += count
            }
        }
    }
}

/// The file of an archive that is being written: it gets its name when it is whole, so that half an archive is never
/// taken for one.
struct ArchiveFile {
    let path: String
    /// What is being written.
    var draft: String { path + ".partial" }
    /// What an export that was interrupted has left, while the next one takes from it.
    var previous: String { path + ".previous" }

    /// Opens the draft; readable to its owner alone, as it holds all that people wrote.
    func create() throws -> Int32 {
        guard access(path, F_OK) != 0 else {
            throw ArchiveFailure("\(path) is there already; choose another name, or remove it")
        }
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 || errno != EEXIST else {
            throw ArchiveFailure(
                "\(draft) is there already, from an export that was interrupted: go on with --resume, or remove it")
        }
        guard descriptor >= 0 else { throw Self.failure(draft) }
        return descriptor
    }

    /// Puts what is left of an earlier attempt aside, to be taken from. Of two, the longer one.
    func putDraftAside() throws {
        guard let size = Self.size(draft) else { return }
        if let older = Self.size(previous), older > size {
            unlink(draft)
        } else if rename(draft, previous) != 0 {
            throw Self.failure(draft)
        }
    }

    /// Gives the whole archive its name.
    func finish(_ descriptor: Int32) throws {
        guard fsync(descriptor) == 0, rename(draft, path) == 0 else { throw Self.failure(path) }
        unlink(previous)
    }

    static func size(_ path: String) -> Int? {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int(facts.st_size) : nil
    }

    static func failure(_ path: String) -> ArchiveFailure {
        ArchiveFailure("\(path): \(String(cString: strerror(errno)))")
    }
}
