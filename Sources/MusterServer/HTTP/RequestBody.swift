import HTTPTypes
import NIOCore
import Postgres

/// A body of JSON or YAML. What is found wrong with a value of YAML is told with its line.
struct RequestDocument {
    let value: JSONValue
    /// Of a body of YAML, to be read again when lines are asked for: what a parser keeps of it takes a hundred times its size.
    private let yaml: [UInt8]?

    /// Requests with long documents of YAML are carried out one after the other (`Route.carryOut`).
    static let turns = Turns(max: 1, waitingMax: 16)

    static func isYAML(_ head: RequestHead) -> Bool {
        (try? MediaType(head.headerFields[.contentType], taken: [.json, .yaml])) == .yaml
    }

    /// 400 when it is neither; 413 when it is too much YAML.
    init(_ request: RequestContext) throws(Problem) {
        guard try MediaType(request.head.headerFields[.contentType], taken: [.json, .yaml]) == .yaml else {
            value = try request.json()
            yaml = nil
            return
        }
        guard request.body.readableBytes > 0 else { throw Problem(.notYAML, "The body is empty.") }
        guard request.body.readableBytes <= YAMLDocument.bytesMax else {
            throw Problem(
                .bodyTooLarge, "A body of YAML may have at most \(YAMLDocument.bytesMax) bytes; send it as JSON.")
        }
        // Reading takes a hundred times its size; what others left free is given back first.
        if request.body.readableBytes > 1 << 18 { MemoryLimits.giveBack() }
        let bytes = Array(ForeignBytes.unmarked(request.body.readableBytesView))
        do {
            value = try YAMLDocument(bytes).value
            yaml = bytes
        } catch {
            throw Problem(.notYAML, (error.line.map { "Line \($0): " } ?? "") + error.reason + ".")
        }
    }

    /// Says of each place in a problem on which line it is, when the body was YAML.
    func locating(_ problem: Problem) -> Problem {
        guard let yaml, problem.kind == .invalidValue else { return problem }
        guard let lines = try? YAMLDocument(yaml).lines(of: problem.errors.map(\.pointer)) else { return problem }
        var located = problem
        located.errors = zip(problem.errors, lines).map { error, line in
            FieldError(pointer: error.pointer, detail: error.detail, line: line)
        }
        return located
    }
}

/// The form of a body that we read.
enum MediaType: CaseIterable, Hashable, Sendable {
    case json
    /// `application/yaml` (RFC 9512), and what was used before there was that.
    case yaml
    /// As browsers send what was filled in.
    case form

    /// What a `Content-Type` says; nothing said is JSON: a script that forgets the header means JSON, one that says XML
    /// does not. 415 when it is none of those taken.
    init(_ header: String?, taken: Set<MediaType>) throws(Problem) {
        let header = header ?? ""
        let type = header.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard let known = Self.known(type), taken.contains(known) else {
            let wanted = Self.allCases.filter(taken.contains).map(\.name).joined(separator: " or ")
            throw Problem(
                .unsupportedMediaType, "The body should be \(wanted) and is \(type) (with curl, --json says so).")
        }
        self = known
        let charset = header.lowercased().split(separator: ";").dropFirst().map {
            $0.filter { $0 != " " && $0 != "\"" }
        }
        .first { $0.hasPrefix("charset=") }
        guard let charset, charset != "charset=utf-8", charset != "charset=us-ascii" else { return }
        throw Problem(.unsupportedMediaType, "\(known.title) is written in UTF-8, not in \(charset.dropFirst(8)).")
    }

    private var name: String {
        switch self {
        case .json: "application/json"
        case .yaml: "application/yaml"
        case .form: "application/x-www-form-urlencoded"
        }
    }

    private var title: String {
        switch self {
        case .json: "JSON"
        case .yaml: "YAML"
        case .form: "A form"
        }
    }

    private static func known(_ type: String) -> MediaType? {
        switch type {
        case "", "application/json": .json
        case "application/x-www-form-urlencoded": .form
        case "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml": .yaml
        case _ where type.hasPrefix("application/") && type.hasSuffix("+json"): .json
        default: nil
        }
    }
}

/// What a body is that nobody here can read, told by its first bytes: its sender rarely knows what it sent.
enum ForeignBytes {
    /// A sentence about it; nil when its beginning says nothing.
    static func reason(_ bytes: some Collection<UInt8>) -> String? {
        let first = Array(bytes.prefix(4))
        func begins(_ mark: UInt8...) -> Bool { first.starts(with: mark) }
        if begins(0x1F, 0x8B) {
            return "The body is compressed with gzip and lacks the header that says so; send Content-Encoding: gzip."
        }
        if begins(0x28, 0xB5, 0x2F, 0xFD) {
            return "The body is compressed with zstd, which is not supported; send it uncompressed, or with gzip."
        }
        if begins(0xFE, 0xFF) || begins(0xFF, 0xFE) || begins(0, 0x7B) || begins(0x7B, 0) || begins(0, 0x5B)
            || begins(0x5B, 0)
        {
            return "The body is UTF-16; send it as UTF-8."
        }
        let head = begins(0x2D, 0x2D) ? String(decoding: bytes.prefix(512), as: UTF8.self).lowercased() : ""
        if head.contains("content-disposition:") {
            return
                "The body is multipart/form-data, which is not read; send JSON, or a form as application/x-www-form-urlencoded."
        }
        return nil
    }

    /// The bytes without the mark of the byte order that some write in front of UTF-8.
    static func unmarked<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> Bytes where Bytes.SubSequence == Bytes {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
    }
}
