import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Reads the parameters of a query and collects everything that is wrong with them. Names that a route does not know
/// were refused before. As with `BodyReader`, nothing that was read may be used before `finish()` has returned.
struct QueryReader {
    /// Chooses members of the items of a list.
    static let fieldsParameter = "fields"
    private static let wordsMax = 100

    private let parameters: [QueryParameter]
    /// The members that the items of the route's list have.
    private let fields: [String]
    private var errors: [FieldError] = []

    init(_ parameters: [QueryParameter], fields: [String] = []) {
        self.parameters = parameters
        self.fields = fields
    }

    mutating func finish() throws(Problem) {
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// Adds an error of the caller's own rules.
    mutating func refuse(_ name: String, _ detail: String) {
        errors.append(FieldError(pointer: "/\(name)", detail: detail))
    }

    mutating func string(_ name: String, _ length: ClosedRange<Int> = 1...200) -> String? {
        checked(name) { FieldRules.string(.string($0), length, trims: true) }
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        checked(name) { text in
            Int(text).map { FieldRules.integer(.integer($0), range) }
                ?? .failure(FieldComplaint(detail: "should be a whole number"))
        }
    }

    mutating func bool(_ name: String) -> Bool? {
        checked(name) { text in
            switch text {
            case "true": .success(true)
            case "false": .success(false)
            default: .failure(FieldComplaint(detail: "should be true or false"))
            }
        }
    }

    mutating func time(_ name: String) -> Timestamp? {
        checked(name) { FieldRules.time(.string($0)) }
    }

    mutating func enumeration<Value: RawRepresentable & CaseIterable>(
        _ name: String, of type: Value.Type = Value.self
    ) -> Value? where Value.RawValue == String {
        checked(name) { FieldRules.enumeration(.string($0)) }
    }

    /// Some of the cases, with commas between; empty when there is no such parameter.
    mutating func enumerations<Value: RawRepresentable & CaseIterable>(
        _ name: String, of type: Value.Type = Value.self
    ) -> [Value] where Value.RawValue == String {
        words(name).compactMap { word in checked(name, word) { FieldRules.enumeration(.string($0)) } }
    }

    /// Words with commas between, each once; empty when there is no such parameter.
    mutating func words(_ name: String, _ length: ClosedRange<Int> = 1...200) -> [String] {
        let list = checked(name) { text -> Result<[String], FieldComplaint> in
            let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            return words.count <= Self.wordsMax
                ? .success(words)
                : .failure(
                    FieldComplaint(detail: "names \(words.count) values; at most \(Self.wordsMax) are allowed"))
        }
        var seen: Set<String> = []
        return (list ?? []).compactMap { word in
            checked(name, word) { FieldRules.string(.string($0), length, trims: true) }
        }.filter { seen.insert($0).inserted }
    }

    /// `fields`: which members each item of the list shall have; nil for all.
    private mutating func selection() -> Set<String>? {
        let chosen = words(Self.fieldsParameter)
        for name in chosen where !fields.contains(name) {
            let question = NearestNames.question(name, among: fields)
            refuse(
                Self.fieldsParameter,
                "\(name.onOneLine) is not a field of this list; there are: \(fields.joined(separator: ", ")).\(question)"
            )
        }
        return chosen.isEmpty ? nil : Set(chosen)
    }

    /// A parameter that may come several times.
    mutating func strings(_ name: String, max: Int = 20, _ length: ClosedRange<Int> = 1...400) -> [String] {
        let values = parameters.filter { $0.name == name }.map(\.value)
        guard values.count <= max else {
            refuse(name, "appears \(values.count) times; at most \(max) are allowed")
            return []
        }
        return values.compactMap { value in checked(name, value) { FieldRules.string(.string($0), length, trims: true) }
        }
    }

    /// `limit`, `cursor` and, where the route has them, `fields`, for the list of that name.
    mutating func page(of list: String, max: Int = Page.limitMax, standard: Int = Page.limitDefault) -> Page {
        let limit = integer("limit", 1...max) ?? standard
        let cursor = checked("cursor") { text in
            PageCursor(text, list: list).map(Result.success)
                ?? .failure(
                    FieldComplaint(detail: "is not a cursor of this list; take it from `next_cursor` unchanged"))
        }
        return Page(limit: limit, cursor: cursor, fields: fields.isEmpty ? nil : selection())
    }

    private mutating func checked<Value>(
        _ name: String, _ read: (String) -> Result<Value, FieldComplaint>
    ) -> Value? {
        let values = parameters.filter { $0.name == name }
        guard let first = values.first else { return nil }
        guard values.count == 1 else {
            refuse(name, "appears \(values.count) times; send it once")
            return nil
        }
        return checked(name, first.value, read)
    }

    private mutating func checked<Value>(
        _ name: String, _ value: String, _ read: (String) -> Result<Value, FieldComplaint>
    ) -> Value? {
        switch read(value) {
        case .success(let value): return value
        case .failure(let complaint):
            refuse(name, complaint.detail)
            return nil
        }
    }
}

/// Which part of a list is asked for.
struct Page: Hashable, Sendable {
    static let limitMax = 200
    static let limitDefault = 50
    /// Bytes of items at which a page ends, however many it might have; the item that reaches it is still on the page.
    static let bytesMax = 4 << 20

    let limit: Int
    /// Where the page before it ended; nil for the first.
    let cursor: PageCursor?
    /// The members that each item shall have; nil for all.
    var fields: Set<String>?
}

/// Where a page ended: the sort key of its last row. Opaque to callers, base64url of a small JSON array whose first
/// element names the list, so that a cursor of one list is not taken for one of another.
struct PageCursor: Hashable, Sendable {
    let list: String
    let key: [JSONValue]

    init(list: String, key: [JSONValue]) {
        self.list = list
        self.key = key
    }

    /// Nil when the text is not a cursor of that list.
    init?(_ text: String, list: String) {
        guard text.utf8.count <= 1000, let bytes = Base64URL.decode(text),
            case .array(let elements)? = try? JSONParser.parse(bytes, depthMax: 2),
            elements.first == .string(list)
        else { return nil }
        self.list = list
        key = Array(elements.dropFirst())
    }

    var text: String {
        Base64URL.encode(JSONValue.array([.string(list)] + key).bytes)
    }

    /// A whole number of the key. 422 when a made-up cursor has none there.
    func integer(_ index: Int) throws(Problem) -> Int {
        guard key.indices.contains(index), let value = key[index].integer else { throw Self.madeUp }
        return value
    }

    /// A whole number of the key, of those that there can be.
    func integer(_ index: Int, in range: ClosedRange<Int>) throws(Problem) -> Int {
        let value = try integer(index)
        guard range.contains(value) else { throw Self.madeUp }
        return value
    }

    /// A text of the key.
    func string(_ index: Int) throws(Problem) -> String {
        guard key.indices.contains(index), let value = key[index].string, !value.utf8.contains(0) else {
            throw Self.madeUp
        }
        return value
    }

    /// A time of the key, written as its milliseconds.
    func time(_ index: Int) throws(Problem) -> Timestamp {
        let value = Timestamp(milliseconds: Int64(try integer(index)))
        guard value >= .earliest, value <= .latest else { throw Self.madeUp }
        return value
    }

    /// A UUID of the key.
    func uuid(_ index: Int) throws(Problem) -> UUID {
        guard let id = UUID(uuidString: try string(index)) else { throw Self.madeUp }
        return id
    }

    private static let madeUp = Problem.invalid(
        "/cursor", "is not a cursor of this list; take it from `next_cursor` unchanged")
}

extension Answer {
    /// A page of a list: `{"items": [...], "next_cursor": ...}` and, while there is more, a `Link` to the next page
    /// that keeps the other parameters. `besides` writes more members beside these.
    ///
    /// - Parameters:
    ///   - found: One more than the page may have, where there are more.
    ///   - cursor: Where a page ends whose last item this is; nil where it cannot end there.
    ///   - onwards: Where the next page begins though no more were found, as only so much was looked at.
    static func page<Item>(
        _ found: some Collection<Item>, _ page: Page, of request: RequestContext, onwards: PageCursor? = nil,
        cursor: (Item) -> PageCursor?, _ write: (inout JSONWriter, Item) throws -> Void,
        besides: (inout JSONWriter) -> Void = { _ in }
    ) rethrows -> Answer {
        var json = JSONWriter(capacity: 4096)
        var next: String?
        try json.object { json in
            json.name("items")
            try json.array { json in
                var written = 0
                var last: PageCursor?
                for item in found.prefix(page.limit) {
                    if let fields = page.fields {
                        var whole = JSONWriter()
                        try write(&whole, item)
                        if !whole.bytes.isEmpty { json.raw(JSONMembers.some(fields, of: whole.bytes)) }
                    } else {
                        try write(&json, item)
                    }
                    written += 1
                    guard let cursor = cursor(item) else { continue }
                    last = cursor
                    if json.bytes.count >= Page.bytesMax { break }
                }
                next = written < found.count ? last?.text : onwards?.text
            }
            json.member("next_cursor", next)
            besides(&json)
        }
        var answer = Answer.json(json.bytes)
        answer.link(toNext: next, of: request)
        return answer
    }

    /// A `Link` to the next page, which keeps the other parameters; none without a cursor.
    mutating func link(toNext cursor: String?, of request: RequestContext) {
        guard let cursor else { return }
        headers.append(HTTPField(name: .link, value: "<\(request.target.link(cursor: cursor))>; rel=\"next\""))
    }
}

extension Answer {
    /// A page of rows of which some may not be readable: those stand in `unreadable`, beside the items.
    ///
    /// - Parameter rows: One more than the page may show, if there are more.
    static func page<Item>(
        _ rows: [ReadRow<Item>], of page: Page, _ list: String, _ request: RequestContext,
        _ write: (inout JSONWriter, Item) throws -> Void
    ) rethrows -> Answer {
        var unreadable: [ReadRow<Item>] = []
        return try .page(
            rows, page, of: request, cursor: { $0.place.isEmpty ? nil : PageCursor(list: list, key: $0.place) }
        ) { json, row in
            if let item = row.readable { try write(&json, item) } else { unreadable.append(row) }
        } besides: { json in
            if !unreadable.isEmpty { json.member("unreadable", unreadable) }
        }
    }
}

extension ReadRow: JSONWritable {
    /// As a list names a row that cannot be read.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", key)
            json.member("reason", reason)
        }
    }
}

extension RequestTarget {
    /// The same path and query with another cursor.
    fileprivate func link(cursor: String) -> String {
        let path = "/" + segments.map(PercentEncoding.encode).joined(separator: "/")
        let others = rawQuery.split(separator: "&").filter { !$0.hasPrefix("cursor=") }.map(String.init)
        return path + "?" + (others + ["cursor=\(cursor)"]).joined(separator: "&")
    }
}
