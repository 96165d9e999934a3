import IncidentDomain

/// Which steps of a plan a caller wants to see.
struct RestorationFilter: Sendable {
    let state: RestorationStatus?
    /// As the catalog names it.
    let owner: String?
    let region: String?

    static let none = RestorationFilter()

    private init() {
        (state, owner, region) = (nil, nil, nil)
    }

    /// Reads `state`, `owner` and `region`.
    init(_ query: inout QueryReader) {
        state = query.enumeration("state")
        owner = query.string("owner")
        region = query.string("region", 1...64)
    }

    /// - Throws: 422 for an owner or a region that nothing in the plan or the catalog has.
    func check(_ plan: RestorationPlan, _ graph: DependencyGraph) throws(Problem) {
        let steps = plan.waves.lazy.flatMap(\.steps)
        if let owner, !steps.contains(where: { $0.owner == owner }) {
            try Self.check("owner", owner, Set(graph.components.values.compactMap(\.owner)))
        }
        if let region, !steps.contains(where: { $0.place == region }) {
            try Self.check("region", region, Set(graph.components.values.flatMap(\.regions)))
        }
    }

    private static func check(_ parameter: String, _ name: String, _ known: Set<String>) throws(Problem) {
        guard !known.contains(name) else { return }
        let question = NearestNames.question(name, among: known)
        throw .invalid(
            "/\(parameter)", "no component of the catalog has the \(parameter) \(name.onOneLine).\(question)")
    }

    func takes(_ step: PlannedStep) -> Bool {
        (state.map { $0 == step.status } ?? true) && (owner.map { $0 == step.owner } ?? true)
            && (region.map { $0 == step.place } ?? true)
    }
}

/// A page of the steps of a plan, in the plan's order.
struct RestorationSelection {
    /// The name of the list in its cursors.
    static let list = "restoration"
    /// About 50 KB where each waits for three others.
    static let stepsStandard = 50
    static let stepsMax = 1000

    /// - Parameter isOfGoal: Then all that it needs is on the page, as far as a page goes.
    static func page(_ query: inout QueryReader, isOfGoal: Bool) -> Page {
        query.page(of: list, max: stepsMax, standard: isOfGoal ? stepsMax : stepsStandard)
    }

    /// The steps of the page, of each wave.
    let steps: [[PlannedStep]]
    /// The cursor of the next page; nil on the last.
    let next: String?
    /// Then only what it needs is shown.
    let goal: RestorationGoal?
    let wanted: Set<String>?
    let filter: RestorationFilter
    /// Whether the plan is of an incident that is otherwise than it is.
    var isWhatIf = false

    /// - Throws: 422 for a cursor that somebody made up.
    init(
        of plan: RestorationPlan, for goal: RestorationGoal?, _ filter: RestorationFilter, _ page: Page
    ) throws(Problem) {
        var start = 0
        if let cursor = page.cursor {
            let place = try cursor.integer(0, in: 0...Int(Int32.max))
            let last = try cursor.string(1)
            // Where it stands now: the order may have changed since the page before.
            start = Self.place(of: last, in: plan).map { $0 + 1 } ?? place
        }
        self.init(plan, goal, filter, start, page.limit)
    }

    /// The page on which a step stands; the first page if the plan has no such step, or none is asked for.
    init(of plan: RestorationPlan, showing component: String? = nil) {
        let place = component.flatMap { Self.place(of: $0, in: plan) } ?? 0
        self.init(plan, nil, .none, place / Self.stepsStandard * Self.stepsStandard, Self.stepsStandard)
    }

    private init(
        _ plan: RestorationPlan, _ goal: RestorationGoal?, _ filter: RestorationFilter, _ start: Int, _ limit: Int
    ) {
        (self.goal, self.filter) = (goal, filter)
        wanted = goal.map { Set($0.needs) }
        var (place, left) = (0, limit)
        var (last, next): (String?, String?)
        var steps: [[PlannedStep]] = []
        for wave in plan.waves {
            var shown: [PlannedStep] = []
            for step in wave.steps {
                defer { place += 1 }
                guard place >= start, next == nil, Self.takes(step, filter, wanted) else { continue }
                if left == 0, let last {
                    next = PageCursor(list: Self.list, key: [.integer(place), .string(last)]).text
                } else {
                    shown.append(step)
                    left -= 1
                    last = step.component
                }
            }
            steps.append(shown)
        }
        (self.steps, self.next) = (steps, next)
    }

    private static func place(of component: String, in plan: RestorationPlan) -> Int? {
        plan.waves.flatMap(\.steps).firstIndex { $0.component == component }
    }

    /// Whether a step is shown on some page.
    func takes(_ step: PlannedStep) -> Bool { Self.takes(step, filter, wanted) }

    private static func takes(_ step: PlannedStep, _ filter: RestorationFilter, _ wanted: Set<String>?) -> Bool {
        (wanted?.contains(step.component) ?? true) && filter.takes(step)
    }
}
