/// Which incidents the installation publishes without anybody saying so.
package struct PublicationRule: Hashable, Sendable {
    /// Incidents of these severities are public when they hit a public component.
    package let severities: Set<Severity>

    package init(severities: Set<Severity> = []) {
        self.severities = severities
    }
}

extension Incident {
    /// The label by which an incident is never public, whatever else is said: `private`, in upper and lower case, with any value but `false`.
    package static let privateLabel = "private"

    /// Whether it may be public at all. One that was dismissed is withdrawn, and one that was merged goes on as another.
    private var mayBePublic: Bool {
        guard !isPrivate else { return false }
        switch phase {
        case .detect, .assess, .mitigate, .restore, .review, .closed: return true
        case .dismissed, .merged: return false
        }
    }

    private var isPrivate: Bool {
        labels.contains { name, value in Self.folded(name) == Self.privateLabel && Self.folded(value) != "false" }
    }

    /// The incident into which this one was merged, if the outside may follow it there.
    package var publicGoesOnAs: Int? { isPrivate ? nil : mergedInto }

    private static func folded(_ text: String) -> String {
        text.lowercased().filter { !$0.isWhitespace }
    }

    /// Whether somebody published an update for everybody that still stands, and the incident may be public.
    package var isToldPublicly: Bool {
        mayBePublic && communication?.published.contains { $0.isPublic && $0.audience.canBePublic } ?? false
    }

    /// Whether the outside sees it: somebody published an update for everybody, or the rule says so.
    ///
    /// - Parameters:
    ///   - hasUpdates: Whether an update for everybody can be shown.
    ///   - hitsPublic: Whether a public component was ever harmed in it.
    ///   - severities: All that it ever had: what was published once stays.
    func isPublic(
        hasUpdates: Bool, hitsPublic: Bool, severities: Set<Severity>, _ rule: PublicationRule
    ) -> Bool {
        mayBePublic && (hasUpdates || hitsPublic && !severities.isDisjoint(with: rule.severities))
    }
}

extension UpdateRecord {
    /// Whether everybody may read it: published, for an audience that can be public, and not redacted. A correction is no update of its own.
    var isShownPublicly: Bool {
        guard state == .published, isPublic, corrects == nil, UpdateAudience(word: audience)?.canBePublic ?? false,
            let last = versions.last
        else { return false }
        return !([last.body] + last.steps).contains { $0.contains(IncidentEvent.redactedText) }
    }
}
