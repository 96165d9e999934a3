import FoundationEssentials
import IncidentDomain

/// Reads the fields of an object of our own API and collects everything that is wrong with it, so that the caller
/// learns of all mistakes at once.
///
///     var body = try request.fields()
///     let title = body.string("title", 1...200)
///     let severity = body.optionalEnumeration("severity", of: Severity.self)
///     let impacts = body.optionalArray("components", max: 100) { item in
///         Impact(component: item.string("component", 1...64), ...)
///     }
///     try body.finish()  // throws 422 with every error, unknown fields included
///
/// A field that is missing or wrong reads as a stand-in (an empty text, zero): nothing that was read may be used
/// before `finish()` has returned.
struct BodyReader {
    private let object: JSONObject
    private let pointer: String
    private var known: [String] = []
    /// As many as are told; a body can have a hundred thousand.
    private(set) var errors: [FieldError] = []
    private(set) var errorCount = 0

    /// 422 when the document is not an object.
    init(_ value: JSONValue) throws(Problem) {
        guard case .object(let object) = value else {
            throw .invalid("", "should be an object and is \(value.kindName)")
        }
        self.init(object: object, pointer: "")
    }

    private init(object: JSONObject, pointer: String) {
        self.object = object
        self.pointer = pointer
    }

    /// Throws everything that was found wrong. To be called after all fields were read.
    mutating func finish() throws(Problem) {
        findUnknownFields()
        guard errors.isEmpty else { throw .invalid(errors, count: errorCount) }
    }

    /// Whether the field is there, null or not: in a PATCH, null clears and absence keeps.
    mutating func has(_ field: String) -> Bool {
        known.append(field)
        return object[field] != nil
    }

    /// Adds an error of the caller's own rules.
    mutating func refuse(_ field: String, _ detail: String) {
        errorCount += 1
        guard errors.count < Problem.errorsMax else { return }
        errors.append(FieldError(pointer: pointer(to: field), detail: detail))
    }

    /// Adds an error when a field is not there or null: for one that only some bodies need. One that is there and wrong has
    /// its error already.
    mutating func require(_ field: String, _ detail: String = "is required") {
        if !says(field) { refuse(field, detail) }
    }

    /// Whether a field is there and null.
    func isNull(_ field: String) -> Bool { object[field] == .null }

    /// The members of an object that are null.
    func nullMembers(_ field: String) -> [String] {
        (object[field]?.object?.members ?? []).filter { $0.value == .null }.map(\.name)
    }

    /// Whether a field is there and not null.
    func says(_ field: String) -> Bool { object[field].map { $0 != .null } ?? false }

    /// Whether a field is there and an array without elements.
    func isEmptyArray(_ field: String) -> Bool { object[field]?.array?.isEmpty ?? false }

    /// Adds what a reader of its own found wrong with a part of the body.
    mutating func take(_ problem: Problem) {
        for error in problem.errors { refuse(at: error.pointer, error.detail) }
    }

    /// Whether any field is there that is not null.
    var saysSomething: Bool { object.members.contains { $0.value != .null } }

    private mutating func refuse(at pointer: String, _ detail: String) {
        errorCount += 1
        if errors.count < Problem.errorsMax { errors.append(FieldError(pointer: pointer, detail: detail)) }
    }

    private mutating func addErrors(of nested: BodyReader) {
        errors += nested.errors.prefix(Problem.errorsMax - errors.count)
        errorCount += nested.errorCount
    }

    private mutating func findUnknownFields() {
        let names = Set(known)
        var detail: String?
        for member in object.members where !names.contains(member.name) {
            // The same for all of them, of which there may be many.
            let text = detail ?? Self.unknownField(known)
            detail = text
            refuse(member.name, text)
        }
    }

    /// Says no to a field and lists those that there are, since it is most often a slip of the pen.
    static func unknownField(_ known: [String]) -> String {
        let names = Set(known).sorted().joined(separator: ", ")
        return "is not a field here; \(names.isEmpty ? "there are none" : "there are: \(names)")"
    }

    private func pointer(to field: String) -> String {
        var escaped = ""
        for character in field {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return "\(pointer)/\(escaped)"
    }

    /// The value of an optional field; null and absence are one.
    private mutating func optionalValue(_ field: String) -> JSONValue? {
        known.append(field)
        guard let value = object[field], value != .null else { return nil }
        return value
    }

    /// The value of a required field, or nil and an error.
    private mutating func requiredValue(_ field: String) -> JSONValue? {
        known.append(field)
        switch object[field] {
        case nil: refuse(field, "is required")
        case .null?: refuse(field, "must not be null")
        case let value?: return value
        }
        return nil
    }

    /// Reads by `read`, whose nil together with a complaint becomes an error.
    private mutating func checked<Value>(
        _ field: String, _ value: JSONValue?, _ read: (JSONValue) -> Result<Value, FieldComplaint>
    ) -> Value? {
        guard let value else { return nil }
        switch read(value) {
        case .success(let value): return value
        case .failure(let complaint):
            refuse(field, complaint.detail)
            return nil
        }
    }
}

// MARK: - Fields of one value

extension BodyReader {
    /// A text of so many characters. White space around it is cut off unless `trims` is false.
    mutating func string(_ field: String, _ length: ClosedRange<Int>, trims: Bool = true) -> String {
        checked(field, requiredValue(field)) { FieldRules.string($0, length, trims: trims) } ?? ""
    }

    mutating func optionalString(_ field: String, _ length: ClosedRange<Int>, trims: Bool = true) -> String? {
        checked(field, optionalValue(field)) { FieldRules.string($0, length, trims: trims) }
    }

    mutating func integer(_ field: String, _ range: ClosedRange<Int>) -> Int {
        checked(field, requiredValue(field)) { FieldRules.integer($0, range) } ?? range.lowerBound
    }

    mutating func optionalInteger(_ field: String, _ range: ClosedRange<Int>) -> Int? {
        checked(field, optionalValue(field)) { FieldRules.integer($0, range) }
    }

    mutating func optionalNumber(_ field: String, _ range: ClosedRange<Double>) -> Double? {
        checked(field, optionalValue(field)) { FieldRules.number($0, range) }
    }

    mutating func bool(_ field: String) -> Bool {
        checked(field, requiredValue(field), FieldRules.bool) ?? false
    }

    mutating func optionalBool(_ field: String) -> Bool? {
        checked(field, optionalValue(field), FieldRules.bool)
    }

    mutating func time(_ field: String) -> Timestamp {
        checked(field, requiredValue(field), FieldRules.time) ?? Timestamp(milliseconds: 0)
    }

    mutating func optionalTime(_ field: String) -> Timestamp? {
        checked(field, optionalValue(field), FieldRules.time)
    }

    mutating func optionalUUID(_ field: String) -> UUID? {
        checked(field, optionalValue(field), FieldRules.uuid)
    }

    mutating func enumeration<Value: RawRepresentable & CaseIterable>(
        _ field: String, of type: Value.Type = Value.self
    ) -> Value where Value.RawValue == String {
        checked(field, requiredValue(field)) { FieldRules.enumeration($0) } ?? Value.allCases[Value.allCases.startIndex]
    }

    /// - Parameter cases: Those that may be said here, where not all may.
    mutating func enumeration<Value: RawRepresentable & CaseIterable>(
        _ field: String, among cases: [Value]
    ) -> Value where Value.RawValue == String {
        checked(field, requiredValue(field)) { FieldRules.enumeration($0, among: cases) }
            ?? Value.allCases[Value.allCases.startIndex]
    }

    mutating func optionalEnumeration<Value: RawRepresentable & CaseIterable>(
        _ field: String, of type: Value.Type = Value.self
    ) -> Value? where Value.RawValue == String {
        checked(field, optionalValue(field)) { FieldRules.enumeration($0) }
    }

    /// Any JSON without U+0000, for what we keep and do not read.
    mutating func optionalJSON(_ field: String) -> JSONValue? {
        checked(field, optionalValue(field)) { value in
            value.containsNUL ? .failure(.nul) : .success(value)
        }
    }
}

// MARK: - Fields of several values

extension BodyReader {
    /// An object, whose fields `read` reads; its errors and unknown fields join ours.
    mutating func optionalObject<Value>(_ field: String, _ read: (inout BodyReader) -> Value) -> Value? {
        guard let value = optionalValue(field) else { return nil }
        return nested(value, at: pointer(to: field), read)
    }

    /// An object that has to be there; nil when it is not, which `finish()` reports.
    mutating func object<Value>(_ field: String, _ read: (inout BodyReader) -> Value) -> Value? {
        guard let value = requiredValue(field) else { return nil }
        return nested(value, at: pointer(to: field), read)
    }

    /// An array of objects, each read by `read`.
    mutating func optionalArray<Value>(
        _ field: String, max: Int, _ read: (inout BodyReader) -> Value
    ) -> [Value]? {
        guard let elements = checked(field, optionalValue(field), { FieldRules.array($0, max: max) }) else {
            return nil
        }
        return nested(elements, at: field, read)
    }

    /// An array of objects that has to be there; empty when it is not, which `finish()` reports.
    mutating func array<Value>(_ field: String, max: Int, _ read: (inout BodyReader) -> Value) -> [Value] {
        guard let elements = checked(field, requiredValue(field), { FieldRules.array($0, max: max) }) else { return [] }
        return nested(elements, at: field, read)
    }

    /// An array of texts.
    mutating func optionalStrings(_ field: String, max: Int, _ length: ClosedRange<Int>) -> [String]? {
        guard let elements = checked(field, optionalValue(field), { FieldRules.array($0, max: max) }) else {
            return nil
        }
        return strings(elements, at: field, length)
    }

    /// An array of texts that has to be there; empty when it is not, which `finish()` reports.
    mutating func strings(_ field: String, max: Int, _ length: ClosedRange<Int>) -> [String] {
        guard let elements = checked(field, requiredValue(field), { FieldRules.array($0, max: max) }) else { return [] }
        return strings(elements, at: field, length)
    }

    /// An array of words from a list.
    mutating func optionalEnumerations<Value: RawRepresentable & CaseIterable>(
        _ field: String, max: Int, of type: Value.Type = Value.self
    ) -> [Value]? where Value.RawValue == String {
        guard let elements = checked(field, optionalValue(field), { FieldRules.array($0, max: max) }) else {
            return nil
        }
        let start = pointer(to: field)
        return elements.enumerated().compactMap { index, element in
            switch FieldRules.enumeration(element) as Result<Value, FieldComplaint> {
            case .success(let value): return value
            case .failure(let complaint):
                refuse(at: "\(start)/\(index)", complaint.detail)
                return nil
            }
        }
    }

    /// An array of numbers of incidents, each as 42, "42" or "INC-42".
    mutating func optionalIncidentNumbers(_ field: String, max: Int) -> [Int]? {
        guard let elements = checked(field, optionalValue(field), { FieldRules.array($0, max: max) }) else {
            return nil
        }
        let start = pointer(to: field)
        return elements.enumerated().compactMap { index, element in
            if let number = Self.incidentNumber(element) { return number }
            refuse(at: "\(start)/\(index)", Self.incidentNumberRule)
            return nil
        }
    }

    private mutating func strings(_ elements: [JSONValue], at field: String, _ length: ClosedRange<Int>) -> [String] {
        let start = pointer(to: field)
        return elements.enumerated().compactMap { index, element in
            switch FieldRules.string(element, length, trims: true) {
            case .success(let text): return text
            case .failure(let complaint):
                refuse(at: "\(start)/\(index)", complaint.detail)
                return nil
            }
        }
    }

    /// Names of 1 to 200 characters and whole numbers, at most `max`; it has to be there, and is empty when it is not, which
    /// `finish()` reports.
    mutating func integers(_ field: String, max: Int, _ range: ClosedRange<Int>) -> [String: Int] {
        var numbers: [String: Int] = [:]
        readMembers(of: field, requiredValue(field), max: max, 1...200) { numbers[$0] = $1.integer($0, range) }
        return numbers
    }

    /// Reads what stands under each name of an object; false when it is none.
    @discardableResult
    private mutating func readMembers(
        of field: String, _ value: JSONValue?, max: Int, _ nameLength: ClosedRange<Int>,
        _ read: (String, inout BodyReader) -> Void
    ) -> Bool {
        guard let value else { return false }
        guard case .object(let members) = value else {
            refuse(field, "should be an object and is \(value.kindName)")
            return false
        }
        guard members.members.count <= max else {
            refuse(field, "has \(members.members.count) members; at most \(max) are allowed")
            return false
        }
        var reader = BodyReader(object: members, pointer: pointer(to: field))
        for member in members.members {
            if case .failure(let complaint) = FieldRules.string(.string(member.name), nameLength, trims: false) {
                reader.refuse(member.name, "its name \(complaint.detail)")
            }
            read(member.name, &reader)
        }
        addErrors(of: reader)
        return true
    }

    /// Names and texts, as labels are: at most `max`, names of 1 to 64 characters, texts of up to 256.
    ///
    /// - Parameter takesNull: Whether null is left out; else it is refused.
    mutating func optionalLabels(
        _ field: String, max: Int = 64, valueMax: Int = 256, takesNull: Bool = false
    ) -> [String: String]? {
        var labels: [String: String] = [:]
        let isRead = readMembers(of: field, optionalValue(field), max: max, 1...64) { name, reader in
            if takesNull, reader.isNull(name) { return }
            labels[name] = reader.string(name, 0...valueMax, trims: false)
        }
        return isRead ? labels : nil
    }

    private mutating func nested<Value>(
        _ elements: [JSONValue], at field: String, _ read: (inout BodyReader) -> Value
    ) -> [Value] {
        let start = pointer(to: field)
        return elements.enumerated().compactMap { index, element in
            nested(element, at: "\(start)/\(index)", read)
        }
    }

    private mutating func nested<Value>(
        _ value: JSONValue, at pointer: String, _ read: (inout BodyReader) -> Value
    ) -> Value? {
        guard case .object(let object) = value else {
            refuse(at: pointer, "should be an object and is \(value.kindName)")
            return nil
        }
        var reader = BodyReader(object: object, pointer: pointer)
        let result = read(&reader)
        reader.findUnknownFields()
        addErrors(of: reader)
        return result
    }
}

/// What is wrong with a value, as the rest of a sentence that begins with the field.
struct FieldComplaint: Error, Hashable {
    let detail: String

    static let nul = FieldComplaint(detail: "has the character U+0000, which cannot be stored")
}

/// What each kind of field may hold; the same for bodies and queries.
enum FieldRules {
    /// A text of so many characters (Unicode scalars, as JSON Schema counts them).
    static func string(_ value: JSONValue, _ length: ClosedRange<Int>, trims: Bool) -> Result<String, FieldComplaint> {
        guard case .string(let whole) = value else { return wrongKind("a string", value) }
        guard !whole.utf8.contains(0) else { return .failure(.nul) }
        let text = trims ? trimmed(whole) : whole
        // As many bytes as characters at least: most texts need no counting.
        if text.utf8.count <= length.upperBound, text.utf8.count >= length.lowerBound, length.lowerBound <= 1 {
            return .success(text)
        }
        let count = text.unicodeScalars.count
        guard count >= length.lowerBound else {
            return complain(count == 0 ? "must not be empty" : "must have at least \(length.lowerBound) characters")
        }
        guard count <= length.upperBound else {
            return complain("must have at most \(length.upperBound) characters and has \(count)")
        }
        return .success(text)
    }

    static func integer(_ value: JSONValue, _ range: ClosedRange<Int>) -> Result<Int, FieldComplaint> {
        switch value {
        case .integer, .number: break
        case .null, .bool, .string, .array, .object: return wrongKind("a whole number", value)
        }
        guard let number = value.integer else { return complain("should be a whole number") }
        guard range.contains(number) else { return complain("must be \(words(range))") }
        return .success(number)
    }

    static func number(_ value: JSONValue, _ range: ClosedRange<Double>) -> Result<Double, FieldComplaint> {
        guard let number = value.number else { return wrongKind("a number", value) }
        guard range.contains(number) else {
            return complain("must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return .success(number)
    }

    static func bool(_ value: JSONValue) -> Result<Bool, FieldComplaint> {
        guard let bool = value.bool else { return wrongKind("true or false", value) }
        return .success(bool)
    }

    static func time(_ value: JSONValue) -> Result<Timestamp, FieldComplaint> {
        guard let text = value.string else { return wrongKind("a time such as 2026-01-31T10:30:00Z", value) }
        guard let time = Timestamp(text) else {
            return complain("should be an RFC 3339 time such as 2026-01-31T10:30:00Z")
        }
        guard time >= .init(milliseconds: 0) else { return complain("must be 1970 or later") }
        return .success(time)
    }

    static func uuid(_ value: JSONValue) -> Result<UUID, FieldComplaint> {
        guard let text = value.string else { return wrongKind("a UUID", value) }
        guard let id = UUID(uuidString: text) else { return complain("should be a UUID") }
        return .success(id)
    }

    /// One of the cases, in upper or lower case.
    static func enumeration<Value: RawRepresentable & CaseIterable>(
        _ value: JSONValue, among cases: [Value] = Array(Value.allCases)
    ) -> Result<Value, FieldComplaint> where Value.RawValue == String {
        let names = cases.map(\.rawValue).joined(separator: ", ")
        guard let text = value.string else { return wrongKind("one of \(names)", value) }
        guard let match = cases.first(where: { $0.rawValue == text || $0.rawValue == text.lowercased() }) else {
            return complain("must be one of: \(names)\(NearestNames.remark(text, among: cases.map(\.rawValue)))")
        }
        return .success(match)
    }

    static func array(_ value: JSONValue, max: Int) -> Result<[JSONValue], FieldComplaint> {
        guard let elements = value.array else { return wrongKind("an array", value) }
        guard elements.count <= max else {
            return complain("has \(elements.count) elements; at most \(max) are allowed")
        }
        return .success(elements)
    }

    private static func wrongKind<Value>(_ wanted: String, _ value: JSONValue) -> Result<Value, FieldComplaint> {
        complain("should be \(wanted) and is \(value.kindName)")
    }

    private static func complain<Value>(_ detail: String) -> Result<Value, FieldComplaint> {
        .failure(FieldComplaint(detail: detail))
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, let upper): "at most \(upper)"
        case (let lower, .max): "at least \(lower)"
        case (let lower, let upper): "from \(lower) to \(upper)"
        }
    }

    private static func trimmed(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
            first.properties.isWhitespace || last.properties.isWhitespace
        else { return text }
        let scalars = text.unicodeScalars.drop(while: \.properties.isWhitespace)
        let end = scalars.lastIndex { !$0.properties.isWhitespace }
        return end.map { String(String.UnicodeScalarView(scalars[...$0])) } ?? ""
    }
}
