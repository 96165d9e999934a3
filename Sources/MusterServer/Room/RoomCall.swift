import IncidentDomain

/// A call of the API that pages have a form for: which fields it has, and how each is filled in. What the call does, whom it
/// obeys and what it refuses is the API's own: a form's values become the body of the request that a script would send.
struct RoomCall: Sendable {
    /// One field of a form, named as the API names it.
    struct Field: Sendable {
        enum Kind: Sendable {
            case line, area, number, day
            case check
            /// One of some words.
            case choice([String])
            /// Texts with commas or line ends between them.
            case list
            /// One text a line, which may have commas.
            case lines
            /// A time that is so many minutes from now.
            case minutesAhead
            /// A time that was so many minutes ago.
            case minutesAgo
        }

        let name: String
        let label: String
        let kind: Kind
        var isRequired = false

        init(_ name: String, _ label: String, _ kind: Kind = .line, required: Bool = false) {
            (self.name, self.label, self.kind, isRequired) = (name, label, kind, required)
        }
    }

    /// The API's `operationId`.
    let operation: String
    let title: String
    let fields: [Field]
    /// Whether it is decided by what the page showed: then it is refused when people changed the incident meanwhile. What only adds something
    /// is not.
    let isDecision: Bool

    private init(_ operation: String, _ title: String, _ fields: [Field] = [], isDecision: Bool = false) {
        (self.operation, self.title, self.fields, self.isDecision) = (operation, title, fields, isDecision)
    }

    static func named(_ operation: String) -> RoomCall? { byName[operation] }

    static let operations = Set(byName.keys)

    private static let byName: [String: RoomCall] = {
        let lists = [leading, assessing, working, restoring, telling, reviewing]
        return Dictionary(lists.flatMap(\.self).map { ($0.operation, $0) }) { first, _ in first }
    }()

    private static func words<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) -> Field.Kind
    where Value.RawValue == String {
        .choice(type.allCases.map(\.rawValue))
    }

    private static let reason = Field("reason", "Reason", required: true)

    private static let leading = [
        RoomCall(
            "openIncident", "Open an incident",
            [
                Field("title", "What is wrong", required: true), Field("severity", "Severity", words(Severity.self)),
                Field("component", "Component that is hit"), Field("impact", "How hard", words(ImpactLevel.self)),
                Field("summary", "Summary", .area),
            ]),
        RoomCall("acknowledgeIncident", "Acknowledge", [Field("note", "Note")]),
        RoomCall(
            "advanceIncident", "Go on to the next phase",
            [
                Field("override", "Go on although something is missing (a commander may)", .check),
                Field("reason", "Reason, when something is overridden"),
            ], isDecision: true),
        RoomCall(
            "revertIncident", "Go back to an earlier phase",
            [Field("to", "Phase", .choice(["assess", "mitigate", "restore", "review"]), required: true), reason],
            isDecision: true),
        RoomCall("dismissIncident", "Dismiss: a false alarm", [reason], isDecision: true),
        RoomCall("reopenIncident", "Reopen", [reason], isDecision: true),
        RoomCall(
            "mergeIncident", "Merge into another incident",
            [Field("into", "Number of the other incident", required: true), Field("reason", "Reason")],
            isDecision: true),
        RoomCall("unmergeIncident", "Take the merge back", [reason], isDecision: true),
    ]

    private static let assessing = [
        RoomCall(
            "amendIncident", "Change severity, title or summary",
            [
                Field("severity", "Severity", words(Severity.self)), Field("title", "Title"),
                Field("summary", "Summary", .area),
            ], isDecision: true),
        RoomCall(
            "putCause", "State a cause",
            [
                Field("category", "Category", words(CauseCategory.self), required: true),
                Field("subcategory", "More exactly", words(CauseSubcategory.self)),
                Field("confidence", "Confidence", words(CauseConfidence.self)),
                Field("component", "Component at fault"), Field("evidence", "Evidence", .area),
            ], isDecision: true),
        RoomCall(
            "putRole", "Assign a role",
            [
                Field("role", "Role", words(IncidentRole.self), required: true),
                Field("person", "Person", required: true),
            ], isDecision: true),
        RoomCall(
            "removeRole", "Give up a role",
            [Field("role", "Role", words(IncidentRole.self), required: true), Field("reason", "Reason")],
            isDecision: true),
        RoomCall(
            "putImpact", "Set the impact on a component",
            [
                Field("component", "Component", required: true),
                Field("impact", "Impact", words(ImpactLevel.self), required: true),
                Field("regions", "Regions, with commas; none for all", .list),
                Field("started_at", "Began so many minutes ago", .minutesAgo),
                Field("ended_at", "Ended so many minutes ago", .minutesAgo),
            ], isDecision: true),
        RoomCall(
            "deleteImpact", "Remove an impact", [Field("component", "Component", required: true)], isDecision: true),
        RoomCall(
            "putAudience", "Say what it means to an audience",
            [
                Field("audience", "Audience", words(Audience.self), required: true),
                Field("description", "What they notice", .area, required: true),
                Field("people", "People affected", .number), Field("reports", "Reports received", .number),
            ], isDecision: true),
    ]

    private static let working = [
        RoomCall(
            "addNote", "Add a note",
            [
                Field("text", "Note", .area, required: true), Field("key", "A key moment", .check),
                Field("occurred_at", "Happened so many minutes ago", .minutesAgo),
            ]),
        RoomCall(
            "addMitigation", "Add a mitigation",
            [
                Field("description", "What is done", required: true), Field("owner", "Who does it"),
                Field("state", "State", words(MitigationState.self)),
                Field("reason", "Reason, when it is abandoned or rejected"),
            ]),
        RoomCall(
            "changeMitigation", "Change a mitigation",
            [
                Field("mitigation", "Number", required: true), Field("state", "State", words(MitigationState.self)),
                Field("in_force", "Still in force", .choice(["true", "false"])), Field("owner", "Who does it"),
                Field("reason", "Reason"),
            ]),
        RoomCall(
            "addTask", "Add a task", [Field("text", "What is to be done", required: true), Field("owner", "Who")]),
        RoomCall(
            "changeTask", "Change a task",
            [
                Field("task", "Number", required: true), Field("done", "Done", .choice(["true", "false"])),
                Field("owner", "Who"),
            ]),
        RoomCall(
            "strikeTimelineEntry", "Strike an entry out",
            [Field("sequence", "Entry", required: true), reason]),
        RoomCall(
            "redactTimelineEntry", "Redact an entry: its text is removed for good",
            [Field("sequence", "Entry", required: true), reason]),
        RoomCall("acknowledgeAlert", "Acknowledge", [Field("alert", "Alert", required: true)]),
        RoomCall("resolveAlert", "It is over", [Field("alert", "Alert", required: true)]),
        RoomCall("reopenAlert", "It fires again", [Field("alert", "Alert", required: true), reason]),
    ]

    private static let component = Field("component", "Component", required: true)

    private static let restoring = [
        RoomCall(
            "startRestoration", "Start",
            [
                component, Field("override", "Although it waits for something (a commander may)", .check),
                Field("without", "Knowingly without, with commas", .list), Field("reason", "Reason"),
                Field("expected_at", "Done in so many minutes", .minutesAhead),
            ]),
        RoomCall(
            "rampRestoration", "Ramp", [component, Field("percent", "Percent of the traffic", .number, required: true)]),
        RoomCall(
            "verifyRestoration", "Verify",
            [component, Field("without", "Knowingly without, with commas", .list), Field("reason", "Reason")]),
        RoomCall("waiveRestoration", "Waive: it stays down", [component, reason]),
        RoomCall("failRestoration", "It failed", [component, Field("reason", "Reason")]),
        RoomCall("undoRestoration", "Undo the last step", [component, reason]),
    ]

    private static let audience = Field("audience", "To whom", words(UpdateAudience.self), required: true)

    private static let telling = [
        RoomCall(
            "draftUpdate", "Draft an update",
            [
                audience, Field("template", "Template; auto takes that of the phase"), Field("body", "Text", .area),
                Field("steps", "What users can do, one a line", .lines),
                Field("eta", "Over in so many minutes", .minutesAhead),
                Field("next_update_at", "Next update in so many minutes", .minutesAhead),
            ]),
        RoomCall(
            "postUpdate", "Publish an update",
            [
                audience, Field("body", "Text", .area, required: true),
                Field("steps", "What users can do, one a line", .lines),
                Field("eta", "Over in so many minutes", .minutesAhead),
                Field("next_update_at", "Next update in so many minutes", .minutesAhead),
            ]),
        RoomCall(
            "reviseUpdate", "Change the draft",
            [
                Field("update", "Number", required: true), Field("body", "Text", .area, required: true),
                Field("steps", "What users can do, one a line", .lines),
            ], isDecision: true),
        RoomCall(
            "approveUpdate", "Approve",
            [Field("update", "Number", required: true), Field("revision", "Revision", .number, required: true)],
            isDecision: true),
        RoomCall("publishUpdate", "Publish", [Field("update", "Number", required: true)], isDecision: true),
        RoomCall(
            "withdrawUpdate", "Withdraw", [Field("update", "Number", required: true), Field("reason", "Reason")],
            isDecision: true),
        RoomCall(
            "correctUpdate", "Correct what was published",
            [
                Field("update", "Number", required: true),
                Field("body", "The whole text as it is right", .area, required: true),
                Field("steps", "What users can do, one a line", .lines),
                Field("reason", "Reason"),
            ], isDecision: true),
        RoomCall(
            "setEta", "Say when it is expected to be over",
            [Field("eta", "In so many minutes", .minutesAhead, required: true), Field("reason", "Reason")],
            isDecision: true),
    ]

    private static let reviewing = [
        RoomCall("startReview", "Begin the review"),
        RoomCall(
            "reviseReview", "Write a section",
            [Field("section", "Section", required: true), Field("markdown", "Text (Markdown)", .area, required: true)]),
        RoomCall("approveReview", "Approve the review", isDecision: true),
        RoomCall(
            "addAction", "Add an action item",
            [
                Field("title", "What is to be done", required: true),
                Field("kind", "Kind", words(ActionKind.self), required: true), Field("owner", "Owner"),
                Field("due", "Due, as 2026-12-24", .day),
            ]),
        RoomCall(
            "changeAction", "Change an action item",
            [
                Field("action", "Action item", required: true), Field("owner", "Owner"),
                Field("due", "Due, as 2026-12-24", .day), Field("state", "State", words(ActionState.self)),
            ]),
    ]
}

extension RoomCall {
    /// The body of the request, from what was filled in; what was left empty is left out.
    ///
    /// - Parameter captures: The names in the call's path, which are no part of the body.
    func body(_ values: FormFields, without captures: [String], now: Timestamp) -> JSONValue {
        var object = JSONObject()
        // The API takes several sections, or components, at a time; a form has one.
        switch operation {
        case "reviseReview":
            let section: JSONValue = [
                "id": .string(values["section"] ?? ""), "markdown": .string(values["markdown"] ?? ""),
            ]
            return ["sections": .array([section])]
        case "openIncident":
            for name in ["title", "severity", "summary"] { object[name] = values[name].map { .string($0) } }
            guard let component = values["component"] else { return .object(object) }
            let hit: JSONValue = [
                "component": .string(component), "impact": .string(values["impact"] ?? ImpactLevel.degraded.rawValue),
            ]
            object["components"] = .array([hit])
            return .object(object)
        case _: break
        }
        let prefilled = Set((values["prefilled"] ?? "").split(separator: " ").map(String.init))
        for field in fields where !captures.contains(field.name) && field.name != Self.alertField {
            if let text = values[field.name] {
                object[field.name] = field.value(text, now: now)
            } else if changes, prefilled.contains(field.name) {
                object[field.name] = field.emptied
            }
        }
        return .object(object)
    }

    /// Whether it changes something that stays as it is where nothing is said.
    private var changes: Bool {
        ["amend", "change", "revise", "correct"].contains { operation.hasPrefix($0) }
    }

    /// Names the alert of a call whose path has `{id}` for it.
    static let alertField = "alert"
}

extension RoomCall.Field {
    /// What stands in the body. What is no number goes on as the text that it is, so that the API says what is wrong with it.
    fileprivate func value(_ text: String, now: Timestamp) -> JSONValue {
        switch kind {
        case .line, .area, .day: .string(text)
        case .number: Int(text).map(JSONValue.integer) ?? .string(text)
        case .check: .bool(text == "true")
        case .choice(let words): words == ["true", "false"] ? .bool(text == "true") : .string(text)
        case .list: .array(Self.texts(text) { $0 == "," || $0.isNewline })
        case .lines: .array(Self.texts(text, \.isNewline))
        case .minutesAhead: Self.moment(text, 60, now)
        case .minutesAgo: Self.moment(text, -60, now)
        }
    }

    /// What the API is told of a field in which something stood. What cannot be taken away goes on as an empty text, so that the API
    /// says so.
    fileprivate var emptied: JSONValue? {
        switch kind {
        case .list, .lines: .array([])
        case .check: .bool(false)
        default: name == "summary" ? .null : .string("")
        }
    }

    /// What stands in the field when the form is shown again: minutes are counted from when they were said, and not from when they are
    /// sent again.
    func standing(_ text: String, now: Timestamp) -> String {
        switch kind {
        case .minutesAhead, .minutesAgo: value(text, now: now).string ?? text
        default: text
        }
    }

    private static func texts(_ text: String, _ isBetween: (Character) -> Bool) -> [JSONValue] {
        text.split(whereSeparator: isBetween).map { part in
            let rest = part.drop(while: \.isWhitespace)
            return String(rest.reversed().drop(while: \.isWhitespace).reversed())
        }.filter { !$0.isEmpty }.map(JSONValue.string)
    }

    private static func moment(_ text: String, _ seconds: Double, _ now: Timestamp) -> JSONValue {
        guard let minutes = Double(text), minutes.isFinite else { return .string(text) }
        return .string(now.adding(seconds: minutes * seconds).description)
    }
}
