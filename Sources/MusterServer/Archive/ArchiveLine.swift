/// The lines of an archive that are no rows. A row is a JSON object; these are arrays, whose first element says what they
/// are, so that no table can have a row that looks like one.
enum ArchiveLine: Equatable, Sendable {
    /// The first line.
    case head(ArchiveHead)
    /// Before the rows of a table.
    case table(name: String, columns: [String])
    /// Behind the rows of a part.
    case part(ArchivePart)
    /// Behind all parts.
    case facts(ArchiveFacts)
    /// The last line: how many parts there are, and SHA-256 of every byte before this line.
    case end(parts: Int, sha256: String)
}

/// What has to be known before the first row is read.
struct ArchiveHead: Equatable, Sendable {
    /// What this program writes, and the newest that it reads.
    static let newestFormat = 1

    var format = newestFormat
    /// Of this archive, so that an import that was interrupted knows it again.
    var id: String
    /// The number of the newest migration.
    var schema: Int
    /// The version of musterd that wrote it.
    var program: String
}

/// Some rows of one table: those after one key, through another.
struct ArchivePart: Equatable, Sendable {
    /// From 1.
    var number: Int
    var table: String
    var rows: Int
    /// The key's values as texts; nil from the table's beginning.
    var after: [String]?
    var through: [String]
    /// Of the rows' lines, line ends included.
    var sha256: String
}

/// What is known at the end.
struct ArchiveFacts: Equatable, Sendable {
    var exportedAt: String
    /// PostgreSQL's name for the moment that all of it shows.
    var snapshot: String
    /// The last number that an incident got, whether it was used or not.
    var incidentNumber: Int
    var rows: Int
}

extension ArchiveLine {
    /// The line with its end.
    var bytes: [UInt8] {
        var json = JSONWriter()
        json.array { json in
            json.value(word)
            json.object { json in members(&json) }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private var word: String {
        switch self {
        case .head: "muster-archive"
        case .table: "table"
        case .part: "part"
        case .facts: "facts"
        case .end: "end"
        }
    }

    private func members(_ json: inout JSONWriter) {
        switch self {
        case .head(let head):
            json.member("format", head.format)
            json.member("id", head.id)
            json.member("schema", head.schema)
            json.member("program", head.program)
        case .table(let name, let columns):
            json.member("name", name)
            json.member("columns", columns)
        case .part(let part):
            json.member("number", part.number)
            json.member("table", part.table)
            json.member("rows", part.rows)
            json.member("after", part.after)
            json.member("through", part.through)
            json.member("sha256", part.sha256)
        case .facts(let facts):
            json.member("exported_at", facts.exportedAt)
            json.member("snapshot", facts.snapshot)
            json.member("incident_number", facts.incidentNumber)
            json.member("rows", facts.rows)
        case .end(let parts, let sha256):
            json.member("parts", parts)
            json.member("sha256", sha256)
        }
    }

    /// Reads a line without its end; nil when it is none of these, or not written as we write it.
    init?(_ bytes: some Collection<UInt8>) {
        guard let value = try? JSONParser.parse(Array(bytes)), let word = value[0]?.string, let body = value[1],
            let line = Self.read(word, body)
        else { return nil }
        self = line
        // What we do not understand, such as a changed name of a member, must not pass.
        guard case .head(let head) = line, head.format > ArchiveHead.newestFormat else {
            guard self.bytes.dropLast().elementsEqual(bytes) else { return nil }
            return
        }
    }

    private static func read(_ word: String, _ body: JSONValue) -> ArchiveLine? {
        switch word {
        case "muster-archive":
            guard let format = body["format"]?.integer else { return nil }
            return .head(
                ArchiveHead(
                    format: format, id: body["id"]?.string ?? "", schema: body["schema"]?.integer ?? 0,
                    program: body["program"]?.string ?? ""))
        case "table":
            guard let name = body["name"]?.string, let columns = body["columns"]?.texts else { return nil }
            return .table(name: name, columns: columns)
        case "part":
            guard let number = body["number"]?.integer, let table = body["table"]?.string,
                let rows = body["rows"]?.integer, let through = body["through"]?.texts,
                let sha256 = body["sha256"]?.string
            else { return nil }
            return .part(
                ArchivePart(
                    number: number, table: table, rows: rows, after: body["after"]?.texts, through: through,
                    sha256: sha256))
        case "facts":
            guard let exportedAt = body["exported_at"]?.string, let snapshot = body["snapshot"]?.string,
                let number = body["incident_number"]?.integer, let rows = body["rows"]?.integer
            else { return nil }
            return .facts(
                ArchiveFacts(exportedAt: exportedAt, snapshot: snapshot, incidentNumber: number, rows: rows))
        case "end":
            guard let parts = body["parts"]?.integer, let sha256 = body["sha256"]?.string else { return nil }
            return .end(parts: parts, sha256: sha256)
        default: return nil
        }
    }
}

extension JSONValue {
    /// The elements of an array of texts.
    fileprivate var texts: [String]? {
        guard let array else { return nil }
        let texts = array.compactMap(\.string)
        return texts.count == array.count ? texts : nil
    }
}

/// Why an archive could not be written or read: a sentence for an operator, with what to do.
struct ArchiveFailure: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
