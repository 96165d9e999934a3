import Glibc
import HTTPTypes
import IncidentDomain
import NIOCore

/// A message as it came over HTTP, for a format to read.
struct ForeignRequest: Sendable {
    var body: ByteBuffer
    var headers: HTTPFields = [:]
    /// The query's parameters, in order.
    var query: [(name: String, value: String)] = []
    /// Why there is no query, where one came that cannot be read.
    var queryProblem: Problem? = nil
    /// On database time; for signatures, and formats that say "now".
    var receivedAt: Timestamp
    /// The body as JSON, where somebody has read it already, as for a key within it.
    var parsed: JSONValue? = nil

    /// Puts asterisks in the place of a source's key, where its sender writes it into the message: what is kept of a message is
    /// shown to people.
    ///
    /// - Returns: Whether it was there.
    @discardableResult
    mutating func hide(key: String) -> Bool {
        let needle = Array(key.utf8)
        let mask = String(repeating: "*", count: needle.count)
        var (isHidden, next) = (false, 0)
        while let place = Self.place(of: needle, in: body, from: next) {
            body.setString(mask, at: body.readerIndex + place)
            (isHidden, next) = (true, place + needle.count)
        }
        if isHidden { parsed = nil }
        return isHidden
    }

    /// The same of a member that writes the key with escapes: the message is written anew.
    mutating func hide(member: String, of document: JSONValue) {
        guard case .object(var object) = document else { return }
        object[member] = "********"
        parsed = .object(object)
        body = ByteBuffer(bytes: JSONValue.object(object).bytes)
    }

    /// Counted from the first readable byte.
    private static func place(of needle: [UInt8], in body: ByteBuffer, from start: Int) -> Int? {
        guard let first = needle.first else { return nil }
        return body.withUnsafeReadableBytes { bytes in
            var start = start
            while start + needle.count <= bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + start, Int32(first), bytes.count - start - needle.count + 1)
            {
                let place = UnsafeRawPointer(found) - base
                if memcmp(base + place, needle, needle.count) == 0 { return place }
                start = place + 1
            }
            return nil
        }
    }

    /// The media type without parameters, in lower case; nil when none was sent.
    var mediaType: String? {
        headers[.contentType].map { header in
            let type = header.prefix { $0 != ";" }
            return String(type).trimmingPrefix { $0 == " " }.lowercased().replacing(" ", with: "")
        }
    }

    /// Whether a text of the document may hold U+0000, which JSON can only write as an escape: nearly no document does, and
    /// to look at the bytes costs next to nothing.
    private static func mayHoldNUL(_ body: ByteBuffer) -> Bool {
        body.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty, let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                let found = memchr(start, 0x5C, rest.count)
            {
                rest = rest.dropFirst(UnsafeRawPointer(found) - start)
                if rest.starts(with: "\\u0000".utf8) { return true }
                rest = rest.dropFirst(2)
            }
            return false
        }
    }

    /// The body as JSON, the one place where foreign documents are freed of what cannot be stored; a doubled name keeps its last value, as nearly every sender's own parser does.
    func document() throws(Problem) -> JSONValue {
        if let parsed { return parsed }
        do {
            let document = try JSONParser.parse(unmarkedBody, doubledNames: .lastWins)
            return Self.mayHoldNUL(body) ? document.withoutNUL : document
        } catch {
            throw Problem(
                .notJSON, ForeignBytes.reason(body.readableBytesView) ?? "At byte \(error.offset): \(error.reason).")
        }
    }

    /// The body without the mark of the byte order that some write in front of UTF-8.
    var unmarkedBody: ByteBufferView { ForeignBytes.unmarked(body.readableBytesView) }

    /// JSON that stands within a message, as a text or in base 64; nil when it is none.
    static func nested(_ bytes: [UInt8]) -> JSONValue? {
        try? JSONParser.parse(ForeignBytes.unmarked(bytes[...]), doubledNames: .lastWins)
    }
}

/// The object of a foreign message. Fields are named by paths such as `incident/state` or `alerts/0/id`, and read
/// leniently: what is missing, empty or of a kind that says nothing is nil.
struct ForeignFields {
    private(set) var value: JSONValue
    /// Where the object stands in the message, for problems.
    let pointer: String

    init(_ value: JSONValue, at pointer: String = "") throws(Problem) {
        guard value.object != nil else { throw .invalid(pointer, "should be an object and is \(value.kindName)") }
        self.value = value
        self.pointer = pointer
    }

    /// The same with its texts trimmed; lists and objects in it stay as they are.
    var trimmed: ForeignFields {
        var copy = self
        let members = (value.object?.members ?? []).map { member in
            guard case .string(let text) = member.value else { return member }
            return JSONObject.Member(name: member.name, value: .string(ForeignText.trimmed(text)))
        }
        copy.value = .object(JSONObject(members))
        return copy
    }

    subscript(path: String) -> JSONValue? {
        var found = value
        for step in path.split(separator: "/") {
            let next = Int(step).flatMap { found[$0] } ?? found[String(step)]
            guard let next else { return nil }
            found = next
        }
        return found
    }

    /// The first of the fields that has a text, a number or a truth value, as a text.
    func text(_ paths: String...) -> String? {
        for path in paths {
            if let text = self[path].flatMap(Self.text) { return text }
        }
        return nil
    }

    /// The time in a field; nil when none is there that can be read.
    func time(_ path: String) -> Timestamp? {
        ForeignTime.read(self[path])
    }

    /// The first of the fields that holds a time, else the first that should and cannot be read.
    func moment(_ paths: String...) -> ForeignMoment? {
        var unread: ForeignMoment?
        for path in paths {
            guard let moment = ForeignTime.moment(self[path]) else { continue }
            if moment.timestamp != nil { return moment }
            unread = unread ?? moment
        }
        return unread
    }

    /// What tells this alert from others: all of the fields, joined by `|`.
    func identity(_ paths: String...) throws(Problem) -> String {
        var parts: [String] = []
        for path in paths {
            guard let part = text(path) else {
                throw .invalid("\(pointer)/\(path)", "is required: it identifies the alert")
            }
            guard !ForeignText.isPlaceholder(part) else { throw placeholder(part, path) }
            parts.append(part)
        }
        return parts.joined(separator: "|")
    }

    /// What tells this alert from others: the first of the fields that has something.
    func identity(anyOf paths: String...) throws(Problem) -> String {
        var unfilled: Problem?
        for path in paths {
            guard let text = self[path].flatMap(Self.text) else { continue }
            guard ForeignText.isPlaceholder(text) else { return text }
            unfilled = unfilled ?? placeholder(text, path)
        }
        throw unfilled ?? .invalid("\(pointer)/\(paths[0])", "is required: it identifies the alert")
    }

    /// All alerts of a tool that fills nothing in would be one.
    private func placeholder(_ text: String, _ path: String) -> Problem {
        .invalid("\(pointer)/\(path)", ForeignText.placeholderDetail(text))
    }

    /// The state that a field names in any case, by a table of the words that are known; nil for those that end and
    /// begin nothing. A word that nobody knows is a problem: guessing could end what goes on.
    func status(
        _ path: String, _ known: [String: IncomingAlert.Status?]
    ) throws(Problem) -> IncomingAlert.Status? {
        let word = text(path).map { ForeignText.trimmed($0).lowercased() }
        guard let word, let status = known[word] ?? ForeignText.whole(word).flatMap({ known[$0] }) else {
            throw .invalid("\(pointer)/\(path)", "should be one of \(known.keys.sorted().joined(separator: ", "))")
        }
        return status
    }

    /// The members of an object as texts: numbers and truth values as they are written, the rest left out. Lists of pairs
    /// and of `{name|key, value}` are read, too.
    func texts(_ path: String) -> [String: String] {
        var texts: [String: String] = [:]
        switch self[path] {
        case .object(let object)?:
            for member in object.members { texts[member.name] = Self.text(member.value) }
        case .array(let elements)?:
            for element in elements {
                let name = element["key"] ?? element["name"] ?? element[0]
                guard let name = name?.string, let value = element["value"] ?? element[1] else { continue }
                texts[name] = Self.text(value)
            }
        case .null?, .bool?, .integer?, .number?, .string?, nil: break
        }
        return texts
    }

    /// What a sender added of its own: short values as labels, by which one can route, and long or nested ones as
    /// annotations.
    func details(_ path: String) -> (labels: [String: String], annotations: [String: String]) {
        var labels: [String: String] = [:]
        var annotations: [String: String] = [:]
        for member in self[path]?.object?.members ?? [] {
            switch Self.text(member.value) {
            case let text? where text.utf8.count <= 256 && !text.utf8.contains(0x0A): labels[member.name] = text
            case let text?: annotations[member.name] = text
            case nil where member.value.array != nil || member.value.object != nil:
                annotations[member.name] = String(decoding: member.value.bytes, as: UTF8.self)
            case nil: break
            }
        }
        return (labels, annotations)
    }

    /// Fields by the name that they are to have as labels; what is not there is left out.
    func labels(_ paths: KeyValuePairs<String, String>) -> [String: String] {
        var labels: [String: String] = [:]
        for (name, path) in paths { labels[name] = text(path) }
        return labels
    }

    /// Elements of a list as one text.
    func list(_ path: String) -> String? {
        let texts = (self[path]?.array ?? []).compactMap { Self.text($0) ?? $0["name"].flatMap(Self.text) }
        return texts.isEmpty ? text(path) : texts.joined(separator: ",")
    }

    /// A value as a text, a number as it was written; nil when there is nothing to read in it.
    static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } ? nil : text
        case .integer(let number): String(number)
        case .number(let number): number.text
        case .bool(let bool): bool ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}

extension ForeignRequest {
    /// The message's object: JSON, or a form, as some tools send.
    func fields() throws(Problem) -> ForeignFields {
        try ForeignFields(anyDocument())
    }

    /// The message's JSON, or its form as the object that it stands for.
    func anyDocument() throws(Problem) -> JSONValue {
        if let form = try form() { return form }
        return try document()
    }

    /// Reads an alert, or each of a list of them; nil stands for one of which nothing is said.
    func alerts(
        _ read: (ForeignFields, AlertPayload) throws(Problem) -> IncomingAlert?
    ) throws(Problem) -> IncomingMessage {
        let document = try anyDocument()
        guard let elements = document.array else {
            return IncomingMessage(alerts: [try read(ForeignFields(document), payload)].compactMap(\.self))
        }
        return try alerts(of: elements, at: "", max: Self.elementsMax, rest: { .array($0) }) {
            (element, pointer, payload) throws(Problem) in
            try read(ForeignFields(element, at: pointer), payload)
        }
    }

    /// Reads each element of a list. One that is wrong does not keep out the others: it is set aside with what is wrong.
    ///
    /// - Parameters:
    ///   - rest: The message with these elements alone, as it is kept of those that are wrong.
    /// - Throws: `Problem` when the list is too long, or nothing in it is right.
    func alerts(
        of elements: [JSONValue], at pointer: String, max: Int, rest: ([JSONValue]) -> JSONValue,
        _ read: (JSONValue, String, AlertPayload) throws(Problem) -> IncomingAlert?
    ) throws(Problem) -> IncomingMessage {
        guard elements.count <= max else {
            throw .invalid(pointer, "has \(elements.count) elements; at most \(max) are accepted in one message")
        }
        var alerts: [IncomingAlert] = []
        alerts.reserveCapacity(elements.count)
        var errors: [FieldError] = []
        var wrong: [JSONValue] = []
        for (index, element) in elements.enumerated() {
            let place = "\(pointer)/\(index)"
            do throws(Problem) {
                if let alert = try read(element, place, payload(of: element, among: elements.count)) {
                    alerts.append(alert)
                }
            } catch {
                wrong.append(element)
                errors += error.errors.isEmpty ? [FieldError(pointer: place, detail: error.detail)] : error.errors
            }
        }
        guard wrong.count < elements.count || elements.isEmpty else { throw .invalid(errors) }
        var message = IncomingMessage(alerts: alerts)
        if !wrong.isEmpty { message.refused = .init(errors: errors, rest: rest(wrong)) }
        return message
    }

    /// Alerts in one message of a list.
    private static let elementsMax = 1000

    /// What is kept of a message with one alert; a byte more than there is room for shows the intake that it was cut.
    var payload: AlertPayload {
        .whole(Array(body.readableBytesView.prefix(AlertPayload.bytesMax + 1)))
    }

    /// What is kept of one of so many alerts of the message.
    func payload(of part: JSONValue, among count: Int) -> AlertPayload {
        count == 1 ? payload : .part(part)
    }

    /// The fields of a form; nil when the body is none. Libraries send JSON as a form, too: the first byte tells.
    private func form() throws(Problem) -> JSONValue? {
        guard mediaType == "application/x-www-form-urlencoded" else { return nil }
        let body = unmarkedBody
        let first = body.first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
        guard let first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") else { return nil }
        if let reason = ForeignBytes.reason(body) { throw Problem(.malformedRequest, reason) }
        var object = JSONObject()
        for pair in String(decoding: body, as: UTF8.self).split(separator: "&").prefix(200) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            object[try Self.text(ofForm: parts[0])] = .string(parts.count == 2 ? try Self.text(ofForm: parts[1]) : "")
        }
        return .object(object)
    }

    private static func text(ofForm part: Substring) throws(Problem) -> String {
        do {
            return try PercentEncoding.decode(part.utf8, plusIsSpace: true)
        } catch {
            throw Problem(
                .malformedRequest, error.detail.replacing("The path or query", with: "The form in the body"))
        }
    }
}

extension IncomingMessage {
    /// What is said of one alert.
    static func one(_ alert: IncomingAlert) -> IncomingMessage {
        IncomingMessage(alerts: [alert])
    }

    /// A message that is understood and changes nothing.
    static let silent = IncomingMessage(alerts: [])
}
