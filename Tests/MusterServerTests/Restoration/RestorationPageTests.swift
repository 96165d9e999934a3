import Testing

@testable import IncidentDomain
@testable import MusterServer

/// The plan as the API shows it: all that matters at once, the steps by pages, and no longer than it has to be.
struct RestorationPageTests {
    private func shown(_ sample: PlanSample, _ query: String = "") throws -> (bytes: Int, json: JSONValue) {
        let plan = sample.plan
        var json = JSONWriter()
        RestorationRepresentation(incident: sample.incident, plan: plan, selection: try selection(of: plan, query))
            .write(to: &json)
        return (json.bytes.count, try JSONParser.parse(json.bytes))
    }

    private func selection(of plan: RestorationPlan, _ query: String) throws -> RestorationSelection {
        var reader = QueryReader(try RequestTarget("/x?\(query)").parameters())
        let goal = reader.string("for").flatMap(plan.goal)
        let filter = RestorationFilter(&reader)
        let page = RestorationSelection.page(&reader, isOfGoal: goal != nil)
        try reader.finish()
        return try RestorationSelection(of: plan, for: goal, filter, page)
    }

    private func steps(_ json: JSONValue) -> [String] {
        (json["waves"]?.array ?? []).flatMap { $0["steps"]?.array ?? [] }.compactMap { $0["component"]?.string }
    }

    @Test(arguments: [300, 3000], [WavePolicy.advise, .enforce])
    func `a plan of hundreds is under 60 KB, and says everything that its head has to say`(
        _ count: Int, _ waves: WavePolicy
    ) throws {
        let (bytes, json) = try shown(try PlanSample.platform(count, waves: waves))
        #expect(bytes < 60_000, "\(bytes)")
        #expect(steps(json).count == 50)
        #expect(json["total"]?.integer == count)
        #expect(json["goals"]?.array?.count == 6)
        let all = json["waves"]?.array ?? []
        #expect(all.compactMap { $0["total"]?.integer }.reduce(0, +) == count)
        #expect(all.allSatisfy { $0["done"]?.integer == 0 && $0["stable"]?.bool == false })
        #expect(all.last?["steps"]?.array == [])
    }

    @Test func `where waves are enforced, a step names only the first that is not stable`() throws {
        let (_, json) = try shown(try PlanSample.platform(300, waves: .enforce), "limit=1000")
        let last = (json["waves"]?.array ?? []).last?["steps"]?.array ?? []
        let reasons = last.map { ($0["waits_for"]?.array ?? []).compactMap { $0["reason"]?.string } }
        let waves = reasons.map { $0.filter { $0.hasPrefix("wave ") } }
        #expect(!waves.isEmpty && waves.allSatisfy { $0.count == 1 && $0[0].hasPrefix("wave 1 ") })
    }

    @Test(arguments: ["", "&state=waiting", "&owner=storage", "&for=component-59"])
    func `pages have every step once, in the order of the plan`(_ filter: String) throws {
        let plan = try PlanSample.platform(60).plan
        func page(_ query: String) throws -> (steps: [String], next: String?) {
            let selection = try selection(of: plan, query)
            return (selection.steps.flatMap(\.self).map(\.component), selection.next)
        }
        let whole = try page("limit=1000\(filter)").steps
        #expect(whole.count > 7)
        var (found, cursor): ([String], String) = ([], "")
        repeat {
            let (steps, next) = try page("limit=7\(filter)\(cursor)")
            #expect(steps.count <= 7)
            found += steps
            cursor = next.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty && found.count <= 60
        #expect(found == whole)
    }

    @Test func `a page goes on after the step that the one before ended with, wherever that stands now`() throws {
        var sample = try PlanSample.platform(30)
        let (_, first) = try shown(sample, "limit=10")
        let last = try #require(steps(first).last)
        let cursor = try #require(first["next_cursor"]?.string)
        sample.incident.restorationOrder = ["component-29"]
        let order = steps(try shown(sample).json)
        let place = try #require(order.firstIndex(of: last))
        #expect(steps(try shown(sample, "limit=10&cursor=\(cursor)").json) == Array(order[(place + 1)...].prefix(10)))
    }

    @Test func `filters choose what is shown of steps, of what is overdue and of what to start next`() throws {
        var sample = try PlanSample.platform(60)
        sample.change("component-0") { $0.start(at: PlanSample.now.adding(seconds: -7200), nil) }
        let (_, all) = try shown(sample)
        #expect(all["overdue"]?[0]?["component"]?.string == "component-0" && all["overdue_total"]?.integer == 1)
        let (_, other) = try shown(sample, "owner=network")
        #expect(other["overdue_total"]?.integer == 0)
        #expect(steps(other).count == 9 && other["total"]?.integer == 60)
        let (_, running) = try shown(sample, "state=restoring")
        #expect(steps(running) == ["component-0"])
        #expect(steps(try shown(sample, "region=eu").json) == [])
        let problem = #expect(throws: Problem.self) { try shown(sample, "state=broken") }
        #expect(problem?.errors.first?.pointer == "/state")
    }

    @Test func `of a region only its own steps are shown`() throws {
        let database = Component(slug: "db", name: "Database", tier: 0, regions: ["eu", "us"])
        let sample = try PlanSample("x", [database], down: ["db@eu", "db@us"])
        let (_, json) = try shown(sample, "region=us")
        #expect(steps(json) == ["db@us"])
        #expect(json["start_next"]?.array?.map { $0["component"]?.string } == ["db@us"])
    }

    @Test func `a goal that is asked for shows all that it needs`() throws {
        let (_, json) = try shown(try PlanSample.platform(300), "for=component-299")
        let needs = json["goals"]?[0]?["needs"]?.array?.compactMap(\.string) ?? []
        #expect(needs.count > 100 && steps(json) == needs)
        #expect(json["goals"]?[0]?["path"]?.array?.last?.string == "component-299")
    }

    @Test func `what is null, empty or nothing is left out of a step`() throws {
        let sample = try PlanSample("x", [Component(slug: "db", name: "", tier: 0)], down: ["db"])
        let step = try #require(try shown(sample).json["waves"]?[0]?["steps"]?[0])
        guard case .object(let members) = step else { return }
        #expect(
            Set(members.members.map(\.name)) == [
                "component", "tier", "effective_tier", "state", "ready", "blocks_total", "expected_begin",
            ])
    }

    @Test func `after a command the page shows the step that it was about`() throws {
        let plan = try PlanSample.platform(300).plan
        let order = plan.waves.flatMap(\.steps).map(\.component)
        for place in [0, 49, 50, 299] {
            let page = RestorationSelection(of: plan, showing: order[place]).steps.flatMap(\.self).map(\.component)
            #expect(page == Array(order[(place / 50 * 50)...].prefix(50)))
        }
        #expect(RestorationSelection(of: plan, showing: "nothing").steps.flatMap(\.self).count == 50)
    }
}
