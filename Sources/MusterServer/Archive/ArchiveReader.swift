import Glibc
import IncidentDomain

/// Reads an archive part by part and checks it on the way: the order of its lines, and every checksum.
final class ArchiveReader {
    /// What stands between two reads.
    enum Piece: Equatable {
        case head(ArchiveHead)
        case table(name: String, columns: [String])
        /// - Parameter lines: The rows as they were written, each with its line end.
        case part(ArchivePart, lines: [UInt8])
        case facts(ArchiveFacts)
        /// The archive is whole, and every byte of it as it was written.
        case end(parts: Int)
    }

    private enum Expected {
        case head, parts, end, nothing
    }

    /// More is no part of ours, and would only fill the memory.
    private static let partBytesMax = 1 << 29
    private static let chunkBytes = 1 << 18

    private let descriptor: Int32
    private let hash: OpenSSL.SHA256
    private var buffer: [UInt8] = []
    private var consumed = 0
    private var isAtEnd = false
    private var line = 0
    private var expected = Expected.head
    private var table: String?
    private var parts = 0

    init(descriptor: Int32) throws {
        self.descriptor = descriptor
        hash = try OpenSSL.SHA256()
    }

    /// The next piece; nil behind the end.
    func next() throws -> Piece? {
        var rows = 0
        var lines: [UInt8] = []
        while let bytes = try nextLine() {
            guard case .nothing = expected else {
                if bytes.first == UInt8(ascii: "{") {
                    guard case .parts = expected, table != nil else { throw damaged("unexpected row") }
                    hash.update(bytes)
                    lines += bytes
                    rows += 1
                    guard lines.count <= Self.partBytesMax else { throw damaged("the part is too large") }
                    continue
                }
                guard let control = ArchiveLine(bytes.dropLast()) else {
                    throw damaged("not a line that musterd writes")
                }
                return try piece(control, bytes, rows, lines)
            }
            throw damaged("data after the end")
        }
        guard case .nothing = expected else {
            throw ArchiveFailure(
                "the archive is truncated: it ends after line \(line), part \(parts); get the rest of it, or export "
                    + "again")
        }
        return nil
    }

    private func piece(_ control: ArchiveLine, _ bytes: [UInt8], _ rows: Int, _ lines: [UInt8]) throws -> Piece {
        switch (control, expected) {
        case (.head(let head), .head):
            guard head.format <= ArchiveHead.newestFormat else {
                throw ArchiveFailure(
                    "the archive has format \(head.format), this program supports up to \(ArchiveHead.newestFormat); "
                        + "it was written by musterd \(head.program): use that version or newer")
            }
            expected = .parts
            hash.update(bytes)
            return .head(head)
        case (.table(let name, let columns), .parts) where rows == 0:
            table = name
            hash.update(bytes)
            return .table(name: name, columns: columns)
        case (.part(let part), .parts):
            parts += 1
            guard part.number == parts, part.table == table else { throw damaged("the part before it is missing") }
            guard part.rows == rows, HashChain.hex(OpenSSL.sha256(lines)) == part.sha256 else {
                throw damaged("checksum mismatch in part \(part.number) (\(part.table))")
            }
            hash.update(bytes)
            return .part(part, lines: lines)
        case (.facts(let facts), .parts) where rows == 0:
            expected = .end
            hash.update(bytes)
            return .facts(facts)
        case (.end(let count, let sha256), .end):
            expected = .nothing
            guard count == parts, hash.finish() == sha256 else {
                throw damaged("checksum mismatch of the whole archive")
            }
            return .end(parts: parts)
        case (.head, _), (.table, _), (.part, _), (.facts, _), (.end, _):
            throw damaged("unexpected line")
        }
    }

    private func damaged(_ what: String) -> ArchiveFailure {
        ArchiveFailure("the archive is damaged at line \(line): \(what); get another copy")
    }

    /// The next line with its end; nil at the end of the file, also when the last line has no end.
    private func nextLine() throws -> [UInt8]? {
        while true {
            let length = buffer.withUnsafeBytes { bytes -> Int? in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
                guard let start = rest.baseAddress, let end = memchr(start, 10, rest.count) else { return nil }
                return UnsafeRawPointer(end) - start + 1
            }
            if let length {
                line += 1
                defer { consumed += length }
                return Array(buffer[consumed..<(consumed + length)])
            }
            guard !isAtEnd else { return nil }
            try fill()
        }
    }

    private func fill() throws {
        buffer.removeFirst(consumed)
        consumed = 0
        guard buffer.count <= Self.partBytesMax else { throw damaged("the line is too long") }
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { return }
        guard count >= 0 else {
            throw ArchiveFailure("cannot read the archive: \(String(cString: strerror(errno)))")
        }
        if count == 0 { isAtEnd = true } else { buffer += chunk[..<count] }
    }
}
