/// What an installation asks of those who keep others informed, by severity.
package struct UpdatePolicy: Hashable, Sendable {
    /// Minutes from one update to the next; none for a severity that is missing.
    private let everyMinutes: [Severity: Int]
    /// Working days from the end of restoring to the end of the review; none for a severity that is missing.
    private let reviewDays: [Severity: Int]
    /// The audiences to which nothing goes that a second person has not approved; under nil where a severity has none of its own.
    private let approval: [Severity?: Set<UpdateAudience>]

    /// - Parameters:
    ///   - everyMinutes: 0 asks for none.
    ///   - reviewDays: 0 asks for none.
    package init(
        everyMinutes: [Severity: Int] = [:], reviewDays: [Severity: Int] = [:],
        approval: [Severity?: Set<UpdateAudience>] = [:]
    ) {
        self.everyMinutes = everyMinutes.filter { $0.value > 0 }
        self.reviewDays = reviewDays.filter { $0.value > 0 }
        self.approval = approval
    }

    /// Asks for nothing.
    package static let none = UpdatePolicy()

    /// Whether a second person has to approve what goes to an audience.
    package func asksApproval(of audience: UpdateAudience, severity: Severity?) -> Bool {
        (approval[severity] ?? approval[nil] ?? []).contains(audience)
    }

    /// Minutes from one update to the next; nil when none is asked for.
    package func everyMinutes(_ severity: Severity?) -> Int? { severity.flatMap { everyMinutes[$0] } }

    /// Working days from the end of restoring to the end of the review; nil when none is asked for.
    package func reviewDays(_ severity: Severity?) -> Int? { severity.flatMap { reviewDays[$0] } }

    /// For so long what is posted takes the approvals that the severity before asked for, in seconds: lowering it for a moment is no way
    /// around the second person.
    static let approvalKeptSeconds: Double = 3_600

    /// When the update after one of `moment` is due; nil when none is asked for.
    package func nextUpdate(after moment: Timestamp, severity: Severity?) -> Timestamp? {
        everyMinutes(severity).map { moment.adding(seconds: Double($0) * 60) }
    }

    /// When the review is due of what was restored at `moment`; nil when none is asked for.
    func review(after moment: Timestamp, severity: Severity?) -> Timestamp? {
        reviewDays(severity).map { moment.adding(workingDays: $0) }
    }
}
