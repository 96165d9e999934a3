import Glibc

/// What an export that was interrupted has written: its whole parts, to be taken again where the rows are still the same.
final class ArchivePrevious {
    private var columns: [String: [String]] = [:]
    private var found: [String: [ArchivePart]] = [:]
    /// Where the rows of each part are, by its number.
    private var places: [Int: (offset: Int, length: Int)] = [:]
    private let descriptor: Int32

    /// Nil when there is nothing to take from.
    init?(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let reader = try ArchiveReader(descriptor: descriptor)
        var offset = 0
        // Where it breaks off, or was damaged, is where there is no more to take.
        while let piece = try? reader.next() {
            switch piece {
            case .head(let head): offset += ArchiveLine.head(head).bytes.count
            case .table(let name, let names):
                columns[name] = names
                offset += ArchiveLine.table(name: name, columns: names).bytes.count
            case .part(let part, let lines):
                found[part.table, default: []].append(part)
                places[part.number] = (offset, lines.count)
                offset += lines.count + ArchiveLine.part(part).bytes.count
            case .facts, .end: break
            }
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The parts of a table, if it had the same columns then.
    func parts(of table: String, columns now: [String]) -> [ArchivePart] {
        columns[table] == now ? found[table] ?? [] : []
    }

    /// The rows of a part, each with its line end.
    func lines(of part: ArchivePart) throws -> [UInt8] {
        guard let place = places[part.number] else { return [] }
        var bytes = [UInt8](repeating: 0, count: place.length)
        guard pread(descriptor, &bytes, place.length, place.offset) == place.length else {
            throw ArchiveFailure("what the interrupted export left cannot be read; remove it, and export anew")
        }
        return bytes
    }
}
