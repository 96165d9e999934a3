import IncidentDomain

/// What a picture of a restoration shows, and nothing of how: waves of boxes, what each needs, and what stands in the head.
struct RestorationPicture: Hashable, Sendable {
    /// What a reader sees who reads only the top.
    struct Heading: Hashable, Sendable {
        var incident: Int
        var title: String
        /// When the incident last changed: what is shown is as of then.
        var asOf: Timestamp
        /// When everything is expected to be back; nil when nobody can say, or when it is over.
        var expected: Expected?
        /// Components without an expected time: the time of the whole is without these.
        var unestimated: [String] = []
        /// What users have, and when they have it again.
        var goals: [Goal] = []
        /// What is worked on for longer than was expected, the longest first.
        var overdue: [Overdue] = []
        /// What hands should take first, of all that can be started.
        var startNext: [Next] = []
        var startNextTotal = 0
        /// What was done and has to be lifted, as load that is shed.
        var inForce: [String] = []
    }

    struct Goal: Hashable, Sendable {
        var name: String
        var isBack = false
        /// Nil when it is back, and when nobody knows.
        var expected: Expected?
        /// What of it nobody can estimate.
        var without: [String] = []
    }

    struct Overdue: Hashable, Sendable {
        var component: String
        var seconds: Int
        var owner: String?
    }

    struct Next: Hashable, Sendable {
        var component: String
        /// How many affected components wait for it, directly or not.
        var unblocks: Int
    }

    struct Expected: Hashable, Sendable {
        var median: Timestamp
        /// Later in one case of ten.
        var p90: Timestamp?
    }

    struct Wave: Hashable, Sendable {
        /// Counts from 1.
        var number: Int
        /// The most critical effective tier of what is in it.
        var tier: Int
        var stable: Bool
        /// In the order of the plan.
        var boxes: [Box]
    }

    /// One component.
    struct Box: Hashable, Sendable {
        var component: String
        /// What the catalog calls it, if it says more than the slug.
        var name: String?
        var tier: Int
        var effectiveTier: Int
        var status: RestorationStatus
        /// Percent of the traffic that is back.
        var rampPercent: Int?
        /// Of `restoring` since when, of `verifying` until when, of `restored` when.
        var moment: Timestamp?
        var failures: Int
        /// The affected components that it waits for directly.
        var needs: [String]
        /// The affected components without which it works degraded.
        var softNeeds: [String]
        /// When the plan expects it back.
        var expectedEnd: Timestamp?
        /// Where it is, when something is restored region by region; nil for what is everywhere.
        var region: String?
        /// Whom the catalog names as responsible.
        var owner: String?
        /// How much longer it is worked on than was expected.
        var overdueSeconds: Int?
    }

    var heading: Heading
    var waves: [Wave]
    /// The components on the longest remaining path, in order.
    var criticalPath: [String]
    /// Whether later waves wait for earlier ones.
    var wavesMode = WavePolicy.Mode.advise
}

extension RestorationPicture {
    var boxes: [Box] { waves.flatMap(\.boxes) }
    var restored: Int { boxes.count { $0.status == .restored } }
    var waived: Int { boxes.count { $0.status == .waived } }

    /// The regions that there are, by name; nil for what is restored as a whole, if there is any.
    var lanes: [String?] {
        let found = Set(boxes.map(\.region))
        return (found.contains(nil) ? [nil] : []) + found.compactMap(\.self).sorted().map(Optional.some)
    }

    /// The states that occur, the most urgent first, each with how many are in it.
    static func counts(_ boxes: [Box]) -> [(status: RestorationStatus, count: Int)] {
        let counts = boxes.reduce(into: [RestorationStatus: Int]()) { $0[$1.status, default: 0] += 1 }
        return RestorationStatus.byUrgency.compactMap { status in counts[status].map { (status, $0) } }
    }
}

extension RestorationStatus {
    /// As a person at work asks for them: what is broken again, what can be begun, what runs, what waits, what is over.
    static let byUrgency: [RestorationStatus] = [
        .regressed, .ready, .restoring, .verifying, .waiting, .restored, .waived,
    ]

    var isDone: Bool {
        switch self {
        case .restored, .waived: true
        case .waiting, .ready, .restoring, .verifying, .regressed: false
        }
    }

    /// Whether something can stand before its start.
    var isHeld: Bool {
        switch self {
        case .waiting, .regressed: true
        case .ready, .restoring, .verifying, .restored, .waived: false
        }
    }
}

// MARK: - Of a plan

extension RestorationPicture {
    /// The picture of a plan as it stands; names and soft dependencies come from the catalog.
    init(_ plan: RestorationPlan, of incident: Incident, in graph: DependencyGraph) {
        let affected = Dictionary(grouping: incident.steps, by: \.slug)
        let isRegional = incident.steps.contains { $0.region != nil }
        waves = plan.waves.map { wave in
            Wave(
                number: wave.number, tier: wave.steps.map(\.effectiveTier).min() ?? Component.leastCriticalTier,
                stable: wave.stable,
                boxes: wave.steps.map {
                    Box($0, at: plan.now, affected: affected, isRegional: isRegional, in: graph)
                })
        }
        criticalPath = plan.criticalPath
        wavesMode = plan.wavesMode
        heading = Heading(plan, of: incident)
    }
}

extension RestorationPicture.Heading {
    /// How many of what can be started are named.
    static let startNextMax = 5

    fileprivate init(_ plan: RestorationPlan, of incident: Incident) {
        self.init(incident: incident.number, title: incident.title, asOf: plan.now)
        inForce = incident.mitigations.filter { $0.inForce ?? false }.map(\.description)
        guard incident.phase.isOpen, !plan.progress.isOver else { return }
        func expected(_ forecast: RestorationForecast?) -> RestorationPicture.Expected? {
            forecast.map { ExpectedRestoration($0, at: plan.now) }.map {
                RestorationPicture.Expected(median: $0.median, p90: $0.p90)
            }
        }
        let outlook = plan.outlook()
        self.expected = expected(outlook.forecast)
        unestimated = plan.unestimated
        goals = outlook.goals.map { goal in
            let name = goal.name.isEmpty ? goal.component : goal.name
            let regions = goal.regions.map { " in \($0.enough) of \($0.total) regions" } ?? ""
            let elsewhere = goal.needs.isEmpty ? goal.elsewhere.first.map { " (see INC-\($0.incident))" } ?? "" : ""
            return RestorationPicture.Goal(
                name: name + regions + elsewhere, isBack: goal.isBack,
                expected: expected(goal.forecast), without: goal.without)
        }
        overdue = plan.overdue.map {
            RestorationPicture.Overdue(component: $0.component, seconds: $0.overdueSeconds ?? 0, owner: $0.owner)
        }
        let ready = plan.startNext
        startNext = ready.prefix(Self.startNextMax).map {
            RestorationPicture.Next(component: $0.component, unblocks: $0.blocksTotal)
        }
        startNextTotal = ready.count
    }
}

extension RestorationPicture.Box {
    /// - Parameter affected: The steps of each component.
    fileprivate init(
        _ planned: PlannedStep, at now: Timestamp, affected: [String: [RestorationStep]], isRegional: Bool,
        in graph: DependencyGraph
    ) {
        let known = graph.components[planned.step.slug]
        let region = planned.step.region
        // Of what is restored region by region, what is in its own.
        let soft = (known?.dependsOn ?? []).filter { $0.kind == .soft }.flatMap { affected[$0.component] ?? [] }
            .filter { region == nil || $0.region == nil || $0.region == region }
        self.init(
            component: planned.component, name: known?.name, tier: planned.tier, effectiveTier: planned.effectiveTier,
            status: planned.status, rampPercent: planned.step.rampPercent, moment: Self.moment(of: planned),
            failures: planned.step.failures, needs: planned.needs, softNeeds: soft.map(\.component).sorted(),
            expectedEnd: planned.endsAfterSeconds.map { now.adding(seconds: $0) },
            region: isRegional ? planned.place : nil,
            owner: planned.owner, overdueSeconds: planned.overdueSeconds)
    }

    private static func moment(of planned: PlannedStep) -> Timestamp? {
        switch planned.status {
        case .restoring: planned.step.startedAt
        case .verifying: planned.step.soakUntil
        case .restored: planned.step.restoredAt
        case .waiting, .ready, .waived, .regressed: nil
        }
    }
}

// MARK: - What waits for what

/// What holds up the components of a picture that have not begun.
struct RestorationHolds {
    private let boxes: [String: RestorationPicture.Box]
    /// The first wave that is not stable, by the numbers of the waves behind it; empty where no wave waits for another.
    private let gates: [Int: Int]
    private let wave: [String: Int]
    /// The numbers of the waves that are not stable.
    private let unstable: [Int]

    init(_ picture: RestorationPicture) {
        boxes = Dictionary(picture.boxes.map { ($0.component, $0) }) { first, _ in first }
        var gates: [Int: Int] = [:]
        var wave: [String: Int] = [:]
        var open: Int?
        for each in picture.waves {
            if picture.wavesMode == .enforce { gates[each.number] = open }
            for box in each.boxes { wave[box.component] = each.number }
            if !each.stable, open == nil { open = each.number }
        }
        (self.gates, self.wave) = (gates, wave)
        unstable = picture.waves.filter { !$0.stable }.map(\.number)
    }

    /// The components that one waits for: also behind what is restored already, and not behind what was waived. What is
    /// worked on waits for nothing.
    func components(before box: RestorationPicture.Box) -> [String] {
        guard box.status.isHeld else { return [] }
        var found: [String] = []
        var seen: Set<String> = [box.component]
        var pending = box.needs
        var next = 0
        while next < pending.count {
            let name = pending[next]
            next += 1
            guard seen.insert(name).inserted, let other = boxes[name] else { continue }
            switch other.status {
            case .waiting, .ready, .restoring, .verifying, .regressed: found.append(name)
            case .restored: pending += other.needs
            case .waived: break
            }
        }
        return found
    }

    /// The first wave that has to become stable before a component may begin; nil when all before it are.
    func gate(before box: RestorationPicture.Box) -> Int? {
        box.status.isHeld ? wave[box.component].flatMap { gates[$0] } : nil
    }

    /// The last wave that has to become stable before another begins; nil when it may begin.
    func gate(before number: Int) -> Int? { gates[number] == nil ? nil : unstable.last { $0 < number } }

    /// Without which of the components that it would like to have it works degraded now.
    func missing(for box: RestorationPicture.Box) -> [String] {
        box.status == .waived ? [] : box.softNeeds.filter { boxes[$0].map { !$0.status.isDone } ?? false }
    }
}

/// The lines of a picture: which boxes are joined, and how. They never lead in a circle, whatever the picture says.
struct RestorationEdges {
    enum Kind: Int, CaseIterable {
        /// Cannot start before.
        case hard
        /// Works degraded without.
        case soft
        /// The critical path goes through the gate between two waves, where neither box needs the other.
        case gate
    }

    /// From what is needed to what needs it; boxes by their number in the picture.
    struct Edge: Hashable {
        let source: Int
        let target: Int
        let kind: Kind
        let isCritical: Bool
    }

    private(set) var edges: [Edge] = []

    init(_ picture: RestorationPicture) {
        let boxes = picture.boxes
        let waves = picture.waves.enumerated().flatMap { wave in wave.element.boxes.map { _ in wave.offset } }
        let index = Dictionary(boxes.indices.map { (boxes[$0].component, $0) }) { first, _ in first }
        let path = picture.criticalPath.compactMap { index[$0] }
        let hops = Set(zip(path, path.dropFirst()).map { [$0, $1] })
        var successors = [Set<Int>](repeating: [], count: boxes.count)

        func add(_ source: Int, _ target: Int, _ kind: Kind) {
            guard source != target, waves[source] <= waves[target], !successors[source].contains(target),
                !Self.leads(from: target, to: source, successors)
            else { return }
            successors[source].insert(target)
            edges.append(Edge(source: source, target: target, kind: kind, isCritical: hops.contains([source, target])))
        }
        for target in boxes.indices {
            for need in boxes[target].needs { index[need].map { add($0, target, .hard) } }
        }
        let hard = successors
        // What follows from the others is not drawn: the picture says the same with fewer lines.
        edges.removeAll { edge in
            !edge.isCritical
                && hard[edge.source].contains { $0 != edge.target && Self.leads(from: $0, to: edge.target, hard) }
        }
        for target in boxes.indices {
            for need in boxes[target].softNeeds { index[need].map { add($0, target, .soft) } }
        }
        guard picture.wavesMode == .enforce else { return }
        for (source, target) in zip(path, path.dropFirst()) { add(source, target, .gate) }
    }

    private static func leads(from start: Int, to end: Int, _ successors: [Set<Int>]) -> Bool {
        var seen: Set<Int> = []
        var pending = [start]
        while let next = pending.popLast() {
            if next == end { return true }
            guard seen.insert(next).inserted else { continue }
            pending.append(contentsOf: successors[next])
        }
        return false
    }
}
