/// Something in an incident that somebody should look at, and that stops nothing.
package struct IncidentWarning: Hashable, Sendable {
    package enum Code: String, CaseIterable, Sendable {
        /// A clock was reached before one that comes first.
        case clocksOutOfOrder = "clocks-out-of-order"
        /// An alert of it arrived before the impact is said to have started.
        case alertBeforeStart = "alert-before-start"
        /// A component was hit before the incident is said to have started.
        case impactBeforeStart = "impact-before-start"
        /// The incident is closed, and its review was changed since it was approved, or never approved.
        case reviewNotApproved = "review-not-approved"
        /// The public was told another expected end than the one that holds.
        case etaNotTold = "eta-not-told"

        /// Whether it is about the clocks.
        var isOfClocks: Bool {
            switch self {
            case .clocksOutOfOrder, .alertBeforeStart, .impactBeforeStart: true
            case .reviewNotApproved, .etaNotTold: false
            }
        }
    }

    package let code: Code
    /// What is odd, and what to do.
    let phrase: Phrase

    /// The same in English.
    package var detail: String { phrase.english }
}

extension Incident {
    package var warnings: [IncidentWarning] {
        let clocks = clocks
        var warnings = clocks.outOfOrder().map { earlier, later in
            let times = [later, earlier].map { Phrase("\($0.phrase) \(clocks[$0]?.told ?? "")") }
            return IncidentWarning(
                code: .clocksOutOfOrder,
                phrase:
                    "\(times[0]) is before \(times[1]). PATCH /v1/incidents/\(number)/times corrects the one that is wrong."
            )
        }
        if let alert = clockFacts?.alerts(start: times.startedAt).stray {
            warnings.append(
                IncidentWarning(
                    code: .alertBeforeStart,
                    phrase:
                        "The first alert arrived \(alert.told), before the impact started (\(times.startedAt.told)). PATCH /v1/incidents/\(number)/times corrects started_at."
                ))
        }
        if let (component, began) = impactBeforeStart {
            warnings.append(
                IncidentWarning(
                    code: .impactBeforeStart,
                    phrase:
                        "\(component) was hit at \(began.told), before the incident started (\(times.startedAt.told)). PATCH /v1/incidents/\(number)/times corrects started_at, PUT /v1/incidents/\(number)/impacts/\(component) corrects the impact."
                ))
        }
        if phase == .closed, let review, review.status != .approved {
            warnings.append(
                IncidentWarning(
                    code: .reviewNotApproved,
                    phrase:
                        "Revision \(review.revision) of the review is not approved. POST /v1/incidents/\(number)/review/approve approves it."
                ))
        }
        if let (update, told, eta) = etaNotTold {
            warnings.append(
                IncidentWarning(
                    code: .etaNotTold,
                    phrase:
                        "The public was told \(told.told) (update \(update)), and \(eta.told) holds. POST /v1/incidents/\(number)/updates tells it, or POST /v1/incidents/\(number)/updates/\(update)/correct with the eta."
                ))
        }
        return warnings
    }

    /// What was hit first, where that was before the incident started.
    private var impactBeforeStart: (component: String, began: Timestamp)? {
        let begun = (impactLog ?? [:]).compactMap { component, said in
            said.filter { $0.level?.isHarm ?? false }.compactMap(\.startedAt).min().map { (component, $0) }
        }
        // Within a second they are at once, as with clocks.
        return begun.filter { $0.1.adding(seconds: 1) <= times.startedAt }.min { ($0.1, $0.0) < ($1.1, $1.0) }
    }

    /// The newest expected end that the public was told, where another one holds.
    private var etaNotTold: (update: Int, told: Timestamp, eta: Timestamp)? {
        // Less than a minute is rounding.
        guard mayBreak, let eta,
            let update = communication?.published.last(where: { $0.isPublic && $0.eta != nil }), let told = update.eta,
            abs(told.seconds(since: eta)) >= 60
        else { return nil }
        return (update.id, told, eta)
    }
}
