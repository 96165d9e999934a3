import IncidentDomain

/// The query of Alertmanager's lists (prometheus/alertmanager, api/v2/openapi.yaml): each parameter is honoured, or the
/// request is refused. What is listed may be ended next, so nothing that narrows a list is passed over. Names that
/// Alertmanager does not know are ignored, as it does.
struct AlertmanagerQuery: Sendable {
    var matchers: [AlertmanagerMatcher] = []
    /// Whether alerts are wanted that no silence holds, and those that one holds.
    var wantsActive = true
    var wantsSilenced = true
    private var receiver: LinearPattern?

    /// - Throws: `Problem` 400 with the parameter that is wrong.
    init(_ target: RequestTarget) throws(Problem) {
        for parameter in try target.parameters() {
            let (name, value) = (parameter.name, parameter.value)
            switch name {
            case "filter": matchers.append(try AlertmanagerMatcher(value))
            case "active": wantsActive = try Self.flag(name, value)
            case "silenced": wantsSilenced = try Self.flag(name, value)
            // No alert here is inhibited, muted or waits to be looked at: there is nothing to leave out.
            case "inhibited", "muted", "unprocessed": _ = try Self.flag(name, value)
            case "receiver" where !value.isEmpty:
                do {
                    receiver = try LinearPattern(value)
                } catch {
                    throw Self.wrong(name, "is a regular expression that \(error.reason)")
                }
            case _: break
            }
        }
    }

    /// Whether what goes to a receiver of that name is wanted; the pattern has to match all of it.
    ///
    /// - Throws: `Problem` when finding out takes too long.
    func wants(receiver name: String) throws(Problem) -> Bool {
        guard let receiver else { return true }
        guard let isMatch = receiver.match(name, operationsMax: AlertmanagerMatcher.operationsMax).isMatch else {
            throw Self.wrong("receiver", "takes too long to match; write the regular expression shorter")
        }
        return isMatch
    }

    private static func flag(_ name: String, _ value: String) throws(Problem) -> Bool {
        switch value.lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        case _: throw wrong(name, "should be true or false")
        }
    }

    /// A parameter that cannot be honoured: 400, as Alertmanager has it.
    static func wrong(_ name: String, _ detail: String) -> Problem {
        Problem(
            .malformedRequest, "/\(name): \(detail)", errors: [FieldError(pointer: "/\(name)", detail: detail)])
    }
}
