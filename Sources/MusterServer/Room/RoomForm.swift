import HTTPTypes
import IncidentDomain

/// A form as a page shows it: `Pages/Templates/roomform.mustache`. Nothing in it is escaped yet.
struct RoomForm: Sendable {
    struct Hidden: Sendable {
        let name: String
        let value: String
    }

    struct Option: Sendable {
        let value: String
        let text: String
        let isChosen: Bool
    }

    struct Input: Sendable {
        /// Names it within the page.
        let inputID: String
        let name: String
        let label: String
        let value: String
        /// The same for the page.
        let filled: Markup
        let isCheck: Bool
        let isChosen: Bool
        let isChoice: Bool
        let isArea: Bool
        let isLine: Bool
        let isRequired: Bool
        /// What a phone's keyboard is for.
        let mode: String
        /// The list of the page that it can be chosen from.
        let list: String?
        let options: [Option]
    }

    let action: String
    let hidden: [Hidden]
    let inputs: [Input]
    let button: String
    /// Whether it is a button alone.
    let isButton: Bool
    let title: String
    /// The key that opens it.
    let key: String?
    /// What it does, and to what: the same in every rendering of the page, so that the script finds it again.
    let form: String
    /// What a screen reader says of its button, and of what it is folded under.
    let spoken: String
    let spokenTitle: String

    /// Fields that say nothing of what it does, and to what.
    private static let passing: Set<String> = ["page", "once", "prefilled", "shown", "confirmed"]

    /// - Parameters:
    ///   - id: Names its fields within the page.
    ///   - path: Where the page is that it is on, as `/incidents/42`.
    ///   - fixed: What the page knows already.
    ///   - values: What stands in the fields.
    ///   - only: The fields that it shows; nil for all.
    ///   - about: What it is done to, where buttons of several stand on the page.
    init(
        _ call: RoomCall, id: String, on path: String, fixed: [String: String] = [:], values: [String: String] = [:],
        only: [String]? = nil, button: String? = nil, title: String? = nil, key: String? = nil,
        about: String? = nil
    ) {
        action = "\(path)/calls/\(call.operation)"
        inputs = call.fields.filter { fixed[$0.name] == nil && (only?.contains($0.name) ?? true) }.map {
            Input($0, id: id, value: values[$0.name] ?? "")
        }
        // What is emptied is to be taken away, which an empty field alone does not say.
        let filled = inputs.filter { !$0.value.isEmpty }.map(\.name)
        hidden =
            (fixed.merging(filled.isEmpty ? [:] : ["prefilled": filled.joined(separator: " ")]) { "\($0) \($1)" })
            .sorted { $0.key < $1.key }.map { Hidden(name: $0.key, value: $0.value) }
        isButton = inputs.isEmpty
        let heading = title ?? call.title
        let word = button ?? (inputs.isEmpty ? heading : "Send")
        (self.title, self.button) = (heading, word)
        self.key = key
        let known = fixed.sorted { $0.key < $1.key }.filter { !Self.passing.contains($0.key) }.map {
            "\($0.key)=\($0.value)"
        }
        form = ([call.operation] + known + inputs.map(\.name)).joined(separator: " ")
        let whole = about.map { "\(heading): \($0)" } ?? heading
        spokenTitle = whole
        spoken = inputs.isEmpty ? about.map { "\(word): \($0)" } ?? word : "\(word): \(whole)"
    }
}

extension RoomForm.Input {
    fileprivate init(_ field: RoomCall.Field, id: String, value: String) {
        inputID = "\(id)-\(field.name)"
        (name, label, self.value, isRequired) = (field.name, field.label, value, field.isRequired)
        filled = Markup(value: value)
        isChosen = value == "true"
        list = ["component", "person", "owner"].contains(field.name) ? "\(field.name)s" : nil
        var chosen: [String] = []
        var isNumber = false
        switch field.kind {
        case .check: (isCheck, isChoice, isArea, isLine) = (true, false, false, false)
        case .choice(let words):
            (isCheck, isChoice, isArea, isLine) = (false, true, false, false)
            chosen = words
        case .area, .lines: (isCheck, isChoice, isArea, isLine) = (false, false, true, false)
        case .number, .minutesAhead, .minutesAgo:
            isNumber = true
            fallthrough
        case .line, .list, .day: (isCheck, isChoice, isArea, isLine) = (false, false, false, true)
        }
        mode = isNumber ? "numeric" : "text"
        // What need not be said may be left open.
        let open =
            field.isRequired && !value.isEmpty ? [] : [RoomForm.Option(value: "", text: "–", isChosen: value.isEmpty)]
        options =
            open
            + chosen.map { word in
                RoomForm.Option(
                    value: word, text: word == "true" ? "yes" : word == "false" ? "no" : word.replacing("_", with: " "),
                    isChosen: word == value)
            }
    }
}

/// What somebody could do, as a refusal or an unmet requirement says it: a form where there is one for it, a link where it is something
/// to look at, else the call as a script would send it.
struct RoomRemedy: Sendable {
    let form: RoomForm?
    let link: Link?
    let call: String?

    struct Link: Sendable {
        let url: String
        let text: String
    }

    /// - Parameter routes: The calls that there are forms for.
    init(_ call: SuggestedCall, _ routes: RouteTable, of number: Int, id: String) {
        let path = "/incidents/\(number)"
        var (form, link): (RoomForm?, Link?) = (nil, nil)
        if call.method == "GET" {
            link = Self.link(call, of: number)
        } else if let method = HTTPRequest.Method(rawValue: call.method), let target = try? RequestTarget(call.path),
            case .found(let bound, let captured) = routes.match(method, target.segments),
            let known = RoomCall.named(bound.route.operation)
        {
            form = Self.form(known, bound, captured, call, path, id: id)
        }
        (self.form, self.link) = (form, link)
        self.call = form == nil && link == nil ? "\(call.method) \(call.path)" : nil
    }

    private static func link(_ call: SuggestedCall, of number: Int) -> Link? {
        guard let target = try? RequestTarget(call.path) else { return nil }
        if target.segments.count == 4, target.segments[1] == "incidents", target.segments[3] == "restoration" {
            return Link(
                url: "/incidents/\(target.segments[2])#restoration",
                text: target.segments[2] == "\(number)"
                    ? "See what it waits for" : "See the restoration of INC-\(target.segments[2])")
        }
        if target.segments == ["v1", "alerts"] {
            return Link(url: "/incidents/\(number)#alerts", text: "See its alerts")
        }
        if target.segments == ["v1", "incidents"] { return Link(url: "/", text: "See the open incidents") }
        return nil
    }

    private static func form(
        _ known: RoomCall, _ bound: BoundRoute, _ captured: [String], _ call: SuggestedCall, _ path: String, id: String
    ) -> RoomForm {
        var (fixed, values): ([String: String], [String: String]) = ([:], [:])
        for (name, value) in zip(bound.captureNames, captured) where name != "id" {
            if isPlaceholder(value) { continue }
            fixed[name] = value
        }
        for member in call.body?.object?.members ?? [] {
            let text = text(member.value)
            if !isPlaceholder(text) { values[member.name] = text }
        }
        // A review's sections are written on its own form; a role is chosen by the call already.
        if known.operation == "reviseReview", let section = call.body?["sections"]?[0]?["id"]?.string {
            fixed["section"] = section
            values = [:]
        }
        let only = call.body?.object.map { $0.members.map(\.name) }
        let shown = known.fields.map(\.name).filter { name in
            known.operation == "reviseReview" || only?.contains(name) ?? false
                || known.fields.contains { $0.name == name && $0.isRequired } || known.operation == "putCause"
        }
        return RoomForm(known, id: id, on: path, fixed: fixed, values: values, only: shown)
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .integer(let number): String(number)
        case .array(let elements): elements.map(text).joined(separator: ", ")
        case .null, .number, .object: ""
        }
    }

    /// Whether somebody has to say it. People and components may have such names too, but for these.
    private static func isPlaceholder(_ text: String) -> Bool { SuggestedCall.placeholders.contains(text) }
}
