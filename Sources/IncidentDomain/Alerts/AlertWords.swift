/// What a sender says of an alert to people: the title and the summary of the incident that it opens.
package struct AlertWords: Hashable, Sendable {
    /// What the title of an alert is; it depends on the kind of its source.
    package enum TitleStyle: String, CaseIterable, Sendable {
        /// A sentence that stands by itself, as the summary of PagerDuty.
        case sentence
        /// The name of a rule. The rule's annotations say what is wrong, as in Alertmanager.
        case name
        /// The name of what is checked. What was found follows it: `Checkout: HTTP 503`.
        case check
    }

    /// On one line, up to `titleMax` characters.
    package let title: String
    /// Nil when the title says all of it.
    package let summary: String?

    package static let titleMax = 300
    private static let summaryMax = 4000

    /// Annotations that describe what is wrong, the best first.
    private static let descriptions = [
        "description", "message", "long_description", "body", "details", "reason", "communication", "documentation",
        "error", "event", "note",
    ]
    /// The annotations that are looked at, without those that are links.
    package static let annotations = ["summary"] + descriptions

    /// The title is the annotation `summary`, else the first line of the description, else the alert's own title with its component.
    ///
    /// - Parameter title: The alert's own.
    package init(
        title own: String, style: TitleStyle, component: String? = nil, annotations: [String: String] = [:]
    ) {
        let name = own.onOneLine
        let summary = Self.text(annotations["summary"])
        let description = Self.descriptions.lazy.compactMap { Self.text(annotations[$0]) }.first
        let first = description?.split(whereSeparator: \.isNewline).lazy.map { String($0).onOneLine }.first {
            !$0.isEmpty
        }
        let told: String =
            switch style {
            case .sentence: summary?.onOneLine ?? name
            case .name: summary?.onOneLine ?? first ?? Self.named(name, component)
            case .check:
                (summary?.onOneLine ?? first).map { $0.contains(name) ? $0 : "\(name): \($0)" }
                    ?? Self.named(name, component)
            }
        title = Self.cut(told.isEmpty ? "Alert" : told, Self.titleMax)
        let title = title
        self.summary = [description, summary].lazy.compactMap(\.self).first { !title.contains($0.onOneLine) }
            .map { Self.cut($0, Self.summaryMax) }
    }

    /// Nil when nothing can be read in it.
    private static func text(_ text: String?) -> String? {
        text.flatMap { $0.contains { !$0.isWhitespace } ? $0 : nil }
    }

    private static func named(_ name: String, _ component: String?) -> String {
        guard let component = text(component), !name.contains(component) else { return name }
        return "\(name) on \(component.onOneLine)"
    }

    /// Scalars, since one letter may have accents without end.
    private static func cut(_ text: String, _ max: Int) -> String {
        guard text.unicodeScalars.count > max else { return text }
        return String(text.unicodeScalars.prefix(max - 1)) + "…"
    }
}
