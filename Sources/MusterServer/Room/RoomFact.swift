import IncidentDomain

/// A member of what the API answered, as a page shows it: `Pages/Templates/roomfact.mustache`. Nothing in it is escaped yet.
struct RoomFact: Sendable {
    struct Line: Sendable {
        let text: String
        let url: String?
        let at: RoomTime?
    }

    let name: String
    let lines: [Line]
    /// What is shown as it came, as the message of a sender.
    let code: String?

    /// Of a longer text the beginning is shown; the API has all of it.
    private static let codeCharactersMax = 20_000
    private static let linesMax = 100
    private static let partsMax = 20

    /// Nil for what says nothing.
    init?(_ member: JSONObject.Member) {
        name = member.name.words.capitalizingFirst
        var lines = Self.lines(member.name, member.value)
        let text = member.value.string ?? ""
        let isCode = !text.isEmpty && (text.contains(where: \.isNewline) || member.name == "payload")
        code =
            !isCode
            ? nil
            : text.count > Self.codeCharactersMax
                ? "\(text.prefix(Self.codeCharactersMax))\n… (\(text.count) characters)" : text
        if isCode { lines = [] }
        let left = lines.count - Self.linesMax
        if left > 0 { lines = lines.prefix(Self.linesMax) + [Line(text: "and \(left) more", url: nil, at: nil)] }
        self.lines = lines
        if lines.isEmpty, code == nil { return nil }
    }

    private static func lines(_ name: String, _ value: JSONValue) -> [Line] {
        switch value {
        case .array(let elements): elements.compactMap { line(name, $0) }
        case .object(let object):
            object.members.compactMap { member in
                line(member.name, member.value).map {
                    Line(text: "\(member.name.words): \($0.text)", url: $0.url, at: $0.at)
                }
            }
        case .null, .bool, .integer, .number, .string: [line(name, value)].compactMap(\.self)
        }
    }

    private static func line(_ name: String, _ value: JSONValue) -> Line? {
        if let moment = moment(name, value) { return Line(text: "", url: nil, at: RoomTime(moment)) }
        guard let text = text(value, of: name).nonEmpty else { return nil }
        return Line(text: text, url: url(name, value), at: nil)
    }

    /// Members that hold times are named so; a text that a person typed is never taken for one.
    static func moment(_ name: String, _ value: JSONValue) -> Timestamp? {
        guard ["at", "since", "until", "by"].contains(name.split(separator: "_").last ?? ""), let text = value.string
        else { return nil }
        return Timestamp(text)
    }

    // MARK: - Texts

    /// A value in one line; empty for what says nothing.
    static func text(_ value: JSONValue, of name: String = "") -> String {
        switch value {
        case .null: return ""
        case .bool(let isSo): return isSo ? "yes" : "no"
        case .integer(let number):
            return name.hasSuffix("_seconds") ? Speech.standard.text(seconds: Double(number)) : String(number)
        case .number(let number): return number.text
        case .string(let text): return moment(name, value).map { RoomTime($0).text } ?? text
        case .array(let elements):
            let left = elements.count - partsMax
            return elements.prefix(partsMax).map { text($0, of: name) }.filter { !$0.isEmpty }.joined(separator: ", ")
                + (left > 0 ? " and \(left) more" : "")
        case .object(let object):
            if let matcher = matcher(object) { return matcher }
            // What comes first names it.
            return object.members.prefix(partsMax).enumerated().compactMap { place, member in
                text(member.value, of: member.name).nonEmpty.map {
                    place == 0 ? $0 : "\(member.name.words) \($0)"
                }
            }.joined(separator: ", ")
        }
    }

    private static func matcher(_ object: JSONObject) -> String? {
        guard let label = object["label"]?.string, let sign = object["operator"]?.string,
            let value = object["value"]?.string
        else { return nil }
        return "\(label)\(sign)\(value)"
    }

    // MARK: - Links

    /// By the names of members, the list that has a page of what they name.
    private static let places = [
        "component": "/lists/components/", "components": "/lists/components/", "depends_on": "/lists/components/",
        "source": "/lists/sources/", "rule": "/lists/rules/", "incident": "/incidents/", "incidents": "/incidents/",
    ]

    private static func url(_ name: String, _ value: JSONValue) -> String? {
        if let text = value.string, text.hasPrefix("https://") || text.hasPrefix("http://") { return text }
        guard let place = places[name] else { return nil }
        let key = value.object?.members.first?.value ?? value
        if let number = key.integer, place == "/incidents/" { return "\(place)\(number)" }
        guard place != "/incidents/", let text = key.string, !text.isEmpty else { return nil }
        return place + PercentEncoding.encode(text)
    }
}

extension RoomList.Shape {
    /// One item as a line of a list.
    ///
    /// - Parameter impacts: How hard components are hit, by their slugs.
    func line(_ item: JSONValue, _ impacts: RoomImpacts, forms: [RoomForm] = []) -> RoomSection.Line {
        let state = state(of: item, impacts)
        let title = title(of: item)
        var parts = [state?.word.words, state?.detail]
        for about in about {
            guard let value = item[about.member], let text = RoomFact.text(value, of: about.member).nonEmpty,
                text != title
            else { continue }
            parts.append(about.meaning + text)
        }
        let times = times.lazy.compactMap { time -> (RoomTime, String)? in
            guard let text = item[time.member]?.string, let moment = Timestamp(text) else { return nil }
            return (RoomTime(moment), time.meaning)
        }
        let (at, meaning) = times.first.map { ($0.0, $0.1) } ?? (nil, "")
        return RoomSection.Line(
            title, style: state.map { RoomState.style($0.word) } ?? "",
            detail: parts.compactMap(\.self).joined(separator: " · ").nonEmpty, at: at, atMeaning: meaning,
            url: address(of: item), forms: forms)
    }

    func title(of item: JSONValue) -> String {
        heading.lazy.compactMap { member in item[member].flatMap { RoomFact.text($0, of: member).nonEmpty } }.first
            ?? "–"
    }

    /// Where its page is; nil where it has none.
    func address(of item: JSONValue) -> String? {
        guard !place.isEmpty, let value = item[key], let key = RoomFact.text(value).nonEmpty else { return nil }
        return "\(place)/\(PercentEncoding.encode(key))"
    }

    /// How it is, and what is said of that.
    func state(of item: JSONValue, _ impacts: RoomImpacts) -> (word: String, detail: String?)? {
        switch state {
        case .none: return nil
        case .member(let member, let flags):
            return Self.flag(flags, item).map { ($0, nil) } ?? item[member]?.string.map { ($0, nil) }
        case .flags(let flags, let otherwise): return (Self.flag(flags, item) ?? otherwise, nil)
        case .impact:
            guard let slug = item[key]?.string, let hit = impacts.bySlug[slug] else { return nil }
            return (hit.impact, hit.incidents.map { "INC-\($0)" }.joined(separator: ", "))
        }
    }

    private static func flag(_ flags: [RoomList.Flag], _ item: JSONValue) -> String? {
        flags.first { flag in
            let value = item[flag.member] ?? .null
            return flag.isSaid ? value != .null && value != .bool(false) : value == .bool(false)
        }?.word
    }
}

/// How hard components are hit by what is open.
struct RoomImpacts: Sendable {
    var bySlug: [String: (impact: String, incidents: [Int])] = [:]

    static let none = RoomImpacts()

    /// From incidents as the API shows them.
    init(_ incidents: [JSONValue] = []) {
        let order: [String] = [ImpactLevel.none, .maintenance, .degraded, .partialOutage, .majorOutage].map(\.rawValue)
        for incident in incidents {
            guard let number = incident["number"]?.integer else { continue }
            for impact in incident["impacts"]?.array ?? [] where (impact["ended_at"] ?? .null) == .null {
                guard let slug = impact["component"]?.string, let level = impact["impact"]?.string else { continue }
                let known = bySlug[slug]
                let worst = [known?.impact, level].compactMap(\.self).max {
                    (order.firstIndex(of: $0) ?? 0) < (order.firstIndex(of: $1) ?? 0)
                }
                bySlug[slug] = (worst ?? level, (known?.incidents ?? []) + [number])
            }
        }
    }
}

/// How the states of the API look.
enum RoomState {
    /// Those whose style has another name; `roomstyle.css` has the styles.
    private static let styles = [
        "active": "acknowledged", "pending": "planned", "expired": "", "resolved": "over", "alive": "restored",
        "new": "planned", "late": "major_outage", "disabled": "", "passing": "restored", "failing": "major_outage",
        "off": "", "paused": "planned", "working": "restored", "overrun": "regressed", "done": "over", "cancelled": "",
        "delivered": "restored", "retry": "acknowledged",
    ]

    static func style(_ word: String) -> String { styles[word] ?? word }
}
