import HTTPTypes
import IncidentDomain

/// What the address of a list says of what is to be shown.
struct RoomListQuery: Sendable {
    let choice: RoomList.Choice?
    /// What was filled in, by the names of the filters.
    let filled: [String: String]
    let cursor: String?

    private static let textMax = 500

    init(_ list: RoomList, _ parameters: [QueryParameter]) {
        func value(_ name: String) -> String? {
            parameters.last { $0.name == name && !$0.value.isEmpty }.map { String($0.value.prefix(Self.textMax)) }
        }
        let shown = value("show")
        choice = list.choices.first { $0.name == shown } ?? list.choices.first
        filled = Dictionary(
            uniqueKeysWithValues: list.filters.compactMap { field in value(field.name).map { (field.name, $0) } })
        cursor = value("cursor")
    }

    /// As the API takes it.
    var parameters: [QueryParameter] {
        (choice?.query ?? []).map { QueryParameter(name: $0.name, value: $0.value) }
            + filled.sorted { $0.key < $1.key }.map { QueryParameter(name: $0.key, value: $0.value) }
            + (cursor.map { [QueryParameter(name: "cursor", value: $0)] } ?? [])
    }

    /// The address of the same list with another choice, or another page of it.
    func address(_ list: RoomList, choice: RoomList.Choice?, cursor: String? = nil) -> String {
        let parts =
            [choice.map { ("show", $0.name) }].compactMap(\.self) + filled.sorted { $0.key < $1.key }
            + [cursor.map { ("cursor", $0) }].compactMap(\.self)
        let text = parts.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        return "/lists/\(list.name)" + (text.isEmpty ? "" : "?\(text)")
    }
}

/// The calls of the API as the lists' pages need them: who may, and how a script would send those that have no form.
struct RoomListCalls: Sendable {
    /// A call as a script sends it.
    struct Call: Sendable {
        let title: String
        let text: String
    }

    let byOperation: [String: BoundRoute]
    let publicURL: String?

    /// What can be done by a script alone.
    ///
    /// - Parameter key: Of the item whose page it is; nil on the list itself.
    func rest(_ list: RoomList, key: String?) -> [Call] {
        let formed = Set(list.makes.map(\.operation) + list.acts.map(\.operation))
        let own = byOperation.values.filter { bound in
            let route = bound.route
            return route.isWriting && !formed.contains(route.operation) && !route.getWrites
                && (route.path == list.path || route.path.hasPrefix("\(list.path)/"))
                && bound.captureNames.isEmpty == (key == nil) && bound.captureNames.count < 2
        }
        return own.sorted { ($0.route.path, $0.route.method.rawValue) < ($1.route.path, $1.route.method.rawValue) }.map
        {
            Call(title: Self.title($0.route.operation), text: command($0, key))
        }
    }

    private func command(_ bound: BoundRoute, _ key: String?) -> String {
        let parts = bound.segments.map { segment in
            switch segment {
            case .fixed(let text): text
            case .capture: PercentEncoding.encode(key ?? "")
            }
        }
        let body: String
        switch bound.route.body {
        case .json, .optionalJSON, .jsonOrYAML: body = " --json '{…}'"
        case .none, .foreign, .optionalForeign, .file, .form: body = ""
        }
        return "curl -X \(bound.route.method.rawValue) \(publicURL ?? "$MUSTER_URL")/\(parts.joined(separator: "/"))"
            + " -H \"Authorization: Bearer $TOKEN\"\(body)"
    }

    /// The name of an operation as people read it.
    private static func title(_ operation: String) -> String {
        operation.reduce(into: "") { text, letter in
            text += letter.isUppercase ? " \(letter.lowercased())" : String(letter)
        }.capitalizingFirst
    }

    /// Forms for an item, of those that its state takes.
    func forms(_ list: RoomList, _ item: JSONValue, _ state: String?, _ frame: RoomFrame, quick: Bool) -> [RoomForm] {
        let key = item[list.shape.key].map { RoomFact.text($0) } ?? ""
        return list.acts.compactMap { act in
            guard let call = RoomCall.named(act.operation), frame.may(byOperation[act.operation]?.route),
                !quick || act.isQuick, act.states.isEmpty || act.states.contains(state ?? "")
            else { return nil }
            var fixed = ["page": quick ? "/lists/\(list.name)" : list.shape.address(of: item) ?? "/"]
            var values = act.texts
            if let page = values.removeValue(forKey: "page") { fixed["page"] = page }
            for (field, member) in act.members {
                guard let value = item[member] else { continue }
                if member == list.shape.key { fixed[field] = key } else { values[field] = Self.value(value) }
            }
            return RoomForm(
                call, id: "\(act.operation)\(quick ? key : "")", on: "", fixed: fixed, values: values, title: act.title)
        }
    }

    /// What stands in a field: of labels, one matcher a line.
    private static func value(_ value: JSONValue) -> String {
        switch value {
        case .bool(let isSo): return isSo ? "true" : "false"
        case .object(let labels):
            return labels.members.compactMap { label in
                label.value.string.flatMap { $0.contains(where: \.isNewline) ? nil : "\(label.name)=\($0)" }
            }.joined(separator: "\n")
        case .null, .integer, .number, .string, .array: return RoomFact.text(value)
        }
    }

    func makes(_ list: RoomList, _ frame: RoomFrame) -> [RoomForm] {
        list.makes.compactMap { make in
            guard let call = RoomCall.named(make.operation), frame.may(byOperation[make.operation]?.route) else {
                return nil
            }
            return RoomForm(
                call, id: make.operation, on: "", fixed: ["page": "/lists/\(list.name)"], values: make.values, key: "n")
        }
    }
}

/// A list: `Pages/Templates/roomlist.mustache`. Nothing in it is escaped yet.
struct RoomListPage: Sendable {
    let frame: RoomFrame
    let title: String
    let address: String
    let choices: [RoomTimeline.Choice]
    let hasChoices: Bool
    /// The name of what is chosen, which the filters' form sends along.
    let chosen: String?
    let filters: [RoomForm.Input]
    let hasFilters: Bool
    let isFiltered: Bool
    let makes: [RoomForm]
    let section: RoomSection
    let older: String?
    /// Rows of the list that cannot be read.
    let unreadable: String?
    let rest: [RoomListCalls.Call]
    let hasRest: Bool

    init(
        _ list: RoomList, _ query: RoomListQuery, _ found: JSONValue, _ impacts: RoomImpacts, _ frame: RoomFrame,
        _ calls: RoomListCalls
    ) {
        self.frame = frame
        title = list.title
        address = "/lists/\(list.name)"
        choices = list.choices.map {
            RoomTimeline.Choice(
                text: $0.title, url: query.address(list, choice: $0), isChosen: $0.name == query.choice?.name)
        }
        hasChoices = !choices.isEmpty
        chosen = query.choice?.name
        filters = list.filters.map { RoomForm.Input($0, id: "filter", value: query.filled[$0.name] ?? "") }
        (hasFilters, isFiltered) = (!filters.isEmpty, !query.filled.isEmpty)
        makes = calls.makes(list, frame)
        let lines = (found["items"]?.array ?? []).map { item in
            let state = list.shape.state(of: item, impacts)?.word
            return list.shape.line(
                item, impacts, forms: calls.forms(list, item, state, frame, quick: true))
        }
        section = RoomSection("list", list.title, lines, none: list.none)
        older = found["next_cursor"]?.string.map { query.address(list, choice: query.choice, cursor: $0) }
        let spoiled = found["unreadable"]?.array?.count ?? 0
        unreadable = spoiled > 0 ? "\(spoiled) of this list cannot be read; musterd doctor says why." : nil
        rest = frame.canAct ? calls.rest(list, key: nil) : []
        hasRest = !rest.isEmpty
    }
}

/// One item of a list: `Pages/Templates/roomitem.mustache`. Nothing in it is escaped yet.
struct RoomItemPage: Sendable {
    let frame: RoomFrame
    let list: String
    let address: String
    let title: String
    let badges: [RoomPage.Badge]
    let forms: [RoomForm]
    let facts: [RoomFact]
    let related: [RoomSection]
    let rest: [RoomListCalls.Call]
    let hasRest: Bool

    init(
        _ list: RoomList, _ key: String, _ item: JSONValue, _ found: [[JSONValue]], shownMax: Int,
        _ impacts: RoomImpacts, _ frame: RoomFrame, _ calls: RoomListCalls
    ) {
        self.frame = frame
        self.list = list.title
        address = "/lists/\(list.name)"
        title = list.shape.title(of: item)
        let state = list.shape.state(of: item, impacts)
        badges = state.map { [RoomPage.Badge(style: "badge \($0.word)", text: $0.word.words)] } ?? []
        forms = calls.forms(list, item, state?.word, frame, quick: false)
        facts = (item.object?.members ?? []).compactMap { RoomFact($0) }
        related = zip(list.related, found).enumerated().map { place, pair in
            let (more, items) = pair
            let left = items.count > shownMax ? [RoomSection.Line("and more")] : []
            return RoomSection(
                "related\(place)", more.heading, items.prefix(shownMax).map { more.shape.line($0, .none) } + left,
                none: more.none)
        }
        rest = frame.canAct ? calls.rest(list, key: key) : []
        hasRest = !rest.isEmpty
    }
}

/// What a call made, with what the API never says again: `Pages/Templates/roommade.mustache`.
struct RoomMadePage: Sendable {
    let frame: RoomFrame
    let title: String
    let back: String
    /// What is to be put into the tool that sends.
    let paste: String?
    let key: String?
    let facts: [RoomFact]

    init(_ answer: JSONValue, _ call: RoomCall, _ frame: RoomFrame, back: String) {
        self.frame = frame
        self.back = back
        title = answer["name"]?.string ?? call.title
        key = answer["key"]?.string
        paste = Self.lines(answer)
        facts = (answer.object?.members ?? []).filter { !["key", "url"].contains($0.name) }.compactMap { RoomFact($0) }
    }

    /// The two lines by which a tool finds the new source (docs/ingress.md).
    private static func lines(_ answer: JSONValue) -> String? {
        guard let key = answer["key"]?.string, let url = answer["url"]?.string,
            let kind = answer["kind"]?.string.flatMap({ SourceKind(rawValue: $0) })
        else { return nil }
        let base = url.firstRange(of: "/hooks/").map { String(url[..<$0.lowerBound]) } ?? url
        let host = base.firstRange(of: "://").map { base[$0.upperBound...] } ?? base[...]
        let known: [SourceKind: String] = [
            .alertmanager: "webhook_configs:\n  - url: \(url)",
            .prometheus:
                "alertmanagers:\n  - {static_configs: [{targets: ['\(host)']}], authorization: {credentials: \(key)}}",
            .pagerduty: "pagerduty_configs:\n  - {url: \(base)/v2/enqueue, routing_key: \(key)}",
            .opsgenie: "opsgenie_configs:\n  - {api_url: \(base)/, api_key: \(key)}",
        ]
        return known[kind] ?? "# the address of the webhook in \(kind.rawValue)\n\(url)"
    }
}
