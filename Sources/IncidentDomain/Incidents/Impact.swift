/// How bad an incident is; `sev1` is the worst. A person sets it.
package enum Severity: String, CaseIterable, Codable, Sendable {
    case sev1, sev2, sev3, sev4
}

/// Who said how severe an incident is.
package enum SeverityOrigin: String, CaseIterable, Codable, Sendable {
    /// The words of its alerts, by the table of severities.
    case alert
    case person
}

/// How hard a component is hit.
package enum ImpactLevel: String, CaseIterable, Codable, Sendable {
    case none
    case degraded
    case partialOutage = "partial_outage"
    case majorOutage = "major_outage"
    case maintenance

    /// Whether the component has to be restored.
    package var isHarm: Bool {
        switch self {
        case .degraded, .partialOutage, .majorOutage: true
        case .none, .maintenance: false
        }
    }
}

/// What an incident does to one component.
package struct ComponentImpact: Hashable, Codable, Sendable {
    package var component: String
    package var impact: ImpactLevel
    /// Where; empty means everywhere that the component runs.
    package var regions: [String]
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?
    /// Whether each of the regions is restored by itself: decided by the catalog when the impact is set. Nil in entries of releases
    /// that did not do so, and where it is not.
    package var perRegion: Bool?
    /// True when only an alert says so; nil when a person does, and in entries of releases that did not say.
    package var fromAlert: Bool?
    /// True where it was switched off on purpose, as to protect something else, and did not fail. Nil where it failed, or nobody said it.
    package var deliberate: Bool?
    /// True in an entry of what was before, where something else is known to hold since: it changes nothing of the present. Nil where not,
    /// and in entries of releases that did not say so.
    package var past: Bool?

    package init(
        component: String, impact: ImpactLevel, regions: [String] = [], startedAt: Timestamp? = nil,
        endedAt: Timestamp? = nil, perRegion: Bool? = nil, fromAlert: Bool? = nil, deliberate: Bool? = nil
    ) {
        self.fromAlert = fromAlert
        self.deliberate = deliberate
        self.perRegion = perRegion
        self.component = component
        self.impact = impact
        self.regions = regions
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    /// When it is over, where its component was back at `moment`: not before it began.
    func end(restored moment: Timestamp) -> Timestamp { max(moment, startedAt ?? moment) }

    /// Whether it does harm and has not ended.
    package var isOngoing: Bool { impact.isHarm && endedAt == nil }

    /// The names of the steps by which the component is restored.
    package var stepNames: [String] {
        perRegion ?? false ? regions.map { "\(component)@\($0)" } : [component]
    }

    private enum CodingKeys: String, CodingKey {
        case component, impact, regions, deliberate, past
        case perRegion = "per_region"
        case fromAlert = "from_alert"
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}

/// Who is hit, in words and numbers.
package enum Audience: String, CaseIterable, Codable, Sendable {
    case users, creators, businesses, reputation
}

/// What an incident does to one audience.
package struct AudienceImpact: Hashable, Codable, Sendable {
    package var audience: Audience
    package var description: String
    /// People affected.
    package var people: Int?
    /// Money at risk, in units of `currency`.
    package var money: Double?
    /// ISO 4217 code.
    package var currency: String?
    /// Problem reports received.
    package var reports: Int?
    /// True in an entry that was made late, where more is known since: it says how it was then, and changes nothing.
    package var past: Bool?

    package init(
        audience: Audience, description: String, people: Int? = nil, money: Double? = nil, currency: String? = nil,
        reports: Int? = nil, past: Bool? = nil
    ) {
        self.past = past
        self.audience = audience
        self.description = description
        self.people = people
        self.money = money
        self.currency = currency
        self.reports = reports
    }
}
