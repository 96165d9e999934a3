import FoundationEssentials

/// A real outage: what was down, what its engineers did and when, and what a plan has to say at some moments.
struct RestorationStory: Sendable {
    let name: String
    /// As the catalog takes them. Of what nobody published, as expected times, the story's own text says that it is an estimate.
    let components: [JSON]
    let startedAt: Date
    let detectedAt: Date
    /// When the work on bringing things back began.
    let restoringAt: Date
    let endedAt: Date
    /// What was known to be hit when it was detected: as `components` of an incident.
    let hit: [JSON]
    let deeds: [Deed]
    let looks: [Look]

    /// Something that was done.
    struct Deed: Sendable {
        let at: Date
        let what: What

        enum What: Sendable {
            /// One more component is hit.
            case hit(String, JSON)
            /// A call for a step, as `db/start`, with its body.
            case step(String, JSON)
            /// The same, which is refused first, with the steps that it waits for.
            case refused(String, waitsFor: [String])
            /// Something is switched off or on for the time being.
            case measure(String)
            case lift(String)
        }

        init(_ at: Date, _ what: What) {
            (self.at, self.what) = (at, what)
        }
    }

    /// A moment at which somebody looks at the plan.
    struct Look: Sendable {
        let at: Date
        /// What the engineers found to be the bottleneck then: where the longest path begins.
        let bottleneck: String
        /// The first step that hands should take; nil when that is nobody's question.
        var startFirst: String?
        /// What waits, and for what, by step.
        var waits: [String: [String]] = [:]
        /// What takes longer than expected or told, with the minutes.
        var overdue: [String: Int] = [:]
        /// How many measures are in force.
        var inForce: Int
        /// How many steps are restored.
        var restored: Int
    }

    /// When a step was back in the end.
    func restoredAt(_ step: String) -> Date? {
        deeds.last { deed in
            if case .step("\(step)/verify", _) = deed.what { true } else { false }
        }?.at
    }

    /// When the first attempt to bring it back began.
    func beganAt(_ step: String) -> Date? {
        deeds.first { deed in
            if case .step("\(step)/start", _) = deed.what { true } else { false }
        }?.at
    }

    /// How often it was begun.
    func attempts(_ step: String) -> Int {
        deeds.count { deed in
            if case .step("\(step)/start", _) = deed.what { true } else { false }
        }
    }

    /// The names of everything that was restored.
    var steps: [String] {
        let names = deeds.compactMap { deed -> String? in
            guard case .step(let call, _) = deed.what, call.hasSuffix("/verify") else { return nil }
            return String(call.dropLast("/verify".count))
        }
        return Set(names).sorted()
    }
}
