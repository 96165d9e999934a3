import FoundationEssentials
import IncidentDomain

/// Reads the parameters of a query and collects everything that is wrong with them. Names that a route does not know
/// were refused before. As with `BodyReader`, nothing that was read may be used before `finish()` has returned.
struct QueryReader {
    private let parameters: [QueryParameter]
    private var errors: [FieldError] = []

    init(_ parameters: [QueryParameter]) {
        self.parameters = parameters
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

    /// A parameter that may come several times.
    mutating func strings(_ name: String, max: Int = 20, _ length: ClosedRange<Int> = 1...400) -> [String] {
        let values = parameters.filter { $0.name == name }.map(\.value)
        guard values.count <= max else {
            refuse(name, "stands \(values.count) times; at most \(max) are allowed")
            return []
        }
        return values.compactMap { value in checked(name, value) { FieldRules.string(.string($0), length, trims: true) }
        }
    }

    /// `limit` and `cursor`, for the list of that name.
    mutating func page(of list: String) -> Page {
        let limit = integer("limit", 1...Page.limitMax) ?? Page.limitDefault
        let cursor = checked("cursor") { text in
            PageCursor(text, list: list).map(Result.success)
                ?? .failure(
                    FieldComplaint(detail: "is not a cursor of this list; take it from `next_cursor` unchanged"))
        }
        return Page(limit: limit, cursor: cursor)
    }

    private mutating func checked<Value>(
        _ name: String, _ read: (String) -> Result<Value, FieldComplaint>
    ) -> Value? {
        let values = parameters.filter { $0.name == name }
        guard let first = values.first else { return nil }
        guard values.count == 1 else {
            refuse(name, "stands \(values.count) times")
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
