import Testing

@testable import IncidentDomain
@testable import MusterServer

struct PhasesSVGTests {
    /// Incidents of very different lengths and courses.
    enum Course: String, CaseIterable {
        case minutes, hours, days, unnoticed, reopened, manyVisits, justOpened, oddOrder, instant, dismissed

        var story: Story {
            switch self {
            case .minutes:
                PhasesSVGTests.straight(["10:00:40", "10:01:10", "10:02:30", "10:05:10", "10:09:00", "10:31:00"])
            case .hours: PhasesSVGTests.straight(["10:04", "10:09", "10:31", "13:12", "17:48", "22:30"])
            case .days:
                PhasesSVGTests.straight([
                    "10:20", "13:30", "2026-11-23T03:10:00Z", "2026-11-25T18:00:00Z", "2026-11-28T07:00:00Z",
                    "2027-01-15T10:00:00Z",
                ])
            case .unnoticed:
                PhasesSVGTests.straight(
                    ["10:04", "10:09", "10:31", "13:12", "17:48", "22:30"], started: "2026-08-01T00:00:00Z")
            case .reopened: PhasesSVGTests.reopened
            case .manyVisits: PhasesSVGTests.manyVisits
            case .justOpened: PhasesSVGTests.straight(["10:00"])
            case .oddOrder: PhasesSVGTests.straight(["10:30", "10:20", "11:00", "10:40", "10:10", "12:00"])
            case .instant: PhasesSVGTests.straight(Array(repeating: "10:00", count: 6))
            case .dismissed: PhasesSVGTests.dismissed
            }
        }

        var svg: String {
            let document = story.review()
            return PhasesSVG(document.phases, times: document.incident.times, asOf: document.asOf).svg
        }
    }

    /// - Parameter times: Of the detection, the acknowledgement with the phase after it, and of each phase after that.
    private static func straight(_ times: [String], started: String = "10:00") -> Story {
        var story = Story()
        for (time, phase) in zip(times, Phase.open + [.closed]) {
            switch phase {
            case .detect: story.at(time, .opened("Outage", startedAt: story.moment(started)))
            case .assess: story.at(time, .acknowledged, .entered(.assess, from: .detect))
            case .mitigate: story.at(time, .entered(phase, from: .assess))
            case .restore: story.at(time, .entered(phase, from: .mitigate))
            case .review: story.at(time, .entered(phase, from: .restore))
            case .closed: story.at(time, .entered(phase, from: .review))
            case .dismissed, .merged: break
            }
        }
        return story
    }

    private static var reopened: Story {
        var story = straight(["10:04", "10:09", "10:31", "11:12", "12:48", "2026-11-24T10:00:00Z"])
        story.at("2026-12-20T14:00:00Z", .reverted(.mitigate, from: .closed, reason: "It is back"))
        story.at("2026-12-20T15:10:00Z", .entered(.restore, from: .mitigate))
        story.at("2026-12-20T16:00:00Z", .entered(.review, from: .restore))
        story.at("2026-12-21T10:00:00Z", .entered(.closed, from: .review))
        return story
    }

    private static var manyVisits: Story {
        var story = straight(["10:04", "10:09", "10:31"])
        for hour in 11..<21 {
            story.at("\(hour):05", .entered(.restore, from: .mitigate))
            story.at("\(hour):\(20 + hour)", .reverted(.mitigate, from: .restore, reason: "Not yet"))
            if hour.isMultiple(of: 3) {
                story.at("\(hour):45", .reverted(.assess, from: .mitigate, reason: "It is something else"))
                story.at("\(hour):55", .entered(.mitigate, from: .assess))
            }
        }
        story.at("21:10", .entered(.restore, from: .mitigate))
        return story
    }

    private static var dismissed: Story {
        var story = straight(["10:04", "10:09"])
        story.at("10:31", IncidentEvent(IncidentDismissed(reason: "A test")))
        return story
    }

    @Test(arguments: Course.allCases)
    func `the picture of a course is the golden one, and well formed`(_ course: Course) throws {
        let svg = course.svg
        try Golden.expect(svg + "\n", equals: "phases-\(course.rawValue).svg")
        #expect(HTMLOutline(svg).problems.isEmpty)
    }

    @Test(arguments: Course.allCases)
    func `nothing is drawn outside of the picture, and nothing has a negative size`(_ course: Course) throws {
        let elements = HTMLOutline(course.svg).elements
        let box = elements.first { $0.name == "svg" }?.attributes["viewBox"]?.split(separator: " ").compactMap {
            Double($0)
        }
        let height = try #require(box?.last)
        func number(_ element: HTMLOutline.Element, _ name: String) -> Double? {
            element.attributes[name].flatMap(Double.init)
        }
        for element in elements {
            for name in ["x", "x1", "x2"] { #expect(number(element, name).map { (0...960).contains($0) } ?? true) }
            for name in ["y", "y1", "y2"] { #expect(number(element, name).map { (0...height).contains($0) } ?? true) }
            guard element.name == "rect" else { continue }
            let right = (number(element, "x") ?? 0) + (number(element, "width") ?? 0)
            #expect((number(element, "width") ?? -1) >= 0 && right <= 960.5)
        }
    }

    @Test(arguments: Course.allCases)
    func `no label of a clock covers another`(_ course: Course) {
        let document = course.story.review()
        let scale = PhaseScale(
            start: document.incident.times.startedAt, visits: document.phases, left: 140, width: 804)
        let clocks = PhaseClocks(document.incident.times, scale: scale, right: 960)
        for (index, label) in clocks.labels.enumerated() {
            for other in clocks.labels[(index + 1)...] where other.row == label.row {
                let (first, second) = (Self.extent(label), Self.extent(other))
                #expect(first.upperBound < second.lowerBound || second.upperBound < first.lowerBound)
            }
        }
    }

    private static func extent(_ label: PhaseClocks.Label) -> ClosedRange<Double> {
        let width = Double(label.text.count) * PhaseClocks.characterWidth
        return label.isLeft ? (label.position - width)...label.position : label.position...(label.position + width)
    }

    @Test(arguments: Course.allCases)
    func `the axis has a bounded number of ticks, in order`(_ course: Course) {
        let document = course.story.review()
        let scale = PhaseScale(
            start: document.incident.times.startedAt, visits: document.phases, left: 140, width: 804)
        let positions = scale.ticks.map(scale.position)
        #expect(positions.count <= 17)
        #expect(zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `what merely lasted does not press the work into a corner`() {
        let document = Course.days.story.review()
        let scale = PhaseScale(start: document.incident.times.startedAt, visits: document.phases, left: 0, width: 1000)
        let cut = scale.stretches.filter(\.isCut)
        #expect(cut.count == 1)
        #expect(cut.allSatisfy { $0.right - $0.left <= 251 })
    }
}
