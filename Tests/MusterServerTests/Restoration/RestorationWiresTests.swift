import Testing

@testable import IncidentDomain
@testable import MusterServer

/// The lines of a picture can be followed: they do not run through boxes, and not upon each other.
struct RestorationWiresTests {
    private static let sizes = [1, 2, 6, 26, 40, 60]

    @Test(arguments: sizes)
    func `every line leads down from its box to the other`(_ count: Int) {
        let wires = RestorationWires(PictureSample.platform(count), columns: 5)
        for course in wires.courses {
            let source = wires.topLeft(of: course.edge.source)
            let target = wires.topLeft(of: course.edge.target)
            #expect(course.points.first?.y == source.y + RestorationWires.boxHeight)
            #expect(course.points.last?.y == target.y)
            #expect(zip(course.points, course.points.dropFirst()).allSatisfy { $0.x == $1.x || $0.y == $1.y })
            #expect(zip(course.points, course.points.dropFirst()).allSatisfy { $0.y <= $1.y })
            let inside = (target.x...(target.x + RestorationWires.boxWidth)).contains(course.points.last?.x ?? -1)
            #expect(inside)
        }
    }

    @Test(arguments: sizes)
    func `no line runs through a box`(_ count: Int) {
        let wires = RestorationWires(PictureSample.platform(count), columns: 5)
        let corners = wires.rows.row.indices.map(wires.topLeft)
        let crossed = wires.courses.flatMap { course in
            zip(course.points, course.points.dropFirst()).filter { start, end in
                corners.contains { corner in
                    max(start.x, end.x) > corner.x && min(start.x, end.x) < corner.x + RestorationWires.boxWidth
                        && max(start.y, end.y) > corner.y && min(start.y, end.y) < corner.y + RestorationWires.boxHeight
                }
            }
        }
        #expect(crossed.isEmpty)
    }

    @Test(arguments: sizes)
    func `lines from different boxes never run upon each other`(_ count: Int) {
        let wires = RestorationWires(PictureSample.platform(count), columns: 5)
        let segments = wires.courses.flatMap { course in
            zip(course.points, course.points.dropFirst()).map { (net: course.net, start: $0, end: $1) }
        }.filter { $0.start != $0.end }
        let level = Dictionary(grouping: segments.filter { $0.start.y == $0.end.y }) { $0.start.y }
        let upright = Dictionary(grouping: segments.filter { $0.start.x == $0.end.x }) { $0.start.x }
        for line in level.values {
            let spans = line.map { (net: $0.net, start: $0.start.x, end: $0.end.x) }
            #expect(!Self.anyOverlap(spans))
        }
        for line in upright.values {
            let spans = line.map { (net: $0.net, start: $0.start.y, end: $0.end.y) }
            #expect(!Self.anyOverlap(spans))
        }
    }

    private static func anyOverlap(_ spans: [(net: Int, start: Double, end: Double)]) -> Bool {
        spans.enumerated().contains { index, one in
            spans[(index + 1)...].contains { other in
                other.net != one.net && min(one.start, one.end) < max(other.start, other.end)
                    && min(other.start, other.end) < max(one.start, one.end)
            }
        }
    }

    @Test func `what follows from other needs is not drawn, but on the critical path it is`() {
        let picture = PictureSample.everyState
        let edges = RestorationEdges(picture).edges
        let names = picture.boxes.map(\.component)
        let drawn = edges.map { "\(names[$0.source])>\(names[$0.target])" }
        #expect(!drawn.contains("dns>playback"), "it needs the CDN, which needs it")
        #expect(drawn.contains("cdn>playback"))
        #expect(edges.filter(\.isCritical).count == 3)
        #expect(edges.contains { $0.kind == .gate && names[$0.target] == "event-bus" })
        #expect(edges.contains { $0.kind == .soft && names[$0.source] == "session-cache" })
    }

    @Test(arguments: sizes)
    func `what is needed stands above what needs it, wave by wave`(_ count: Int) {
        let picture = PictureSample.platform(count)
        let wires = RestorationWires(picture, columns: 5)
        #expect(wires.courses.allSatisfy { wires.rows.row[$0.edge.source] < wires.rows.row[$0.edge.target] })
        #expect(wires.rows.waves == wires.rows.waves.sorted())
        #expect(wires.rows.rows.allSatisfy { $0.count <= 5 && Set($0.map { wires.rows.column[$0] }).count == $0.count })
    }

    @Test(arguments: [2, 6, 26, 60], [["eu", "us"], ["ap", "eu", "us", "za"]])
    func `the boxes of a region stand together, and lines lead down all the same`(_ count: Int, _ names: [String]) {
        let picture = PictureSample.regions(count, names)
        let wires = RestorationWires(picture, columns: 5)
        #expect(wires.lanes == picture.lanes)
        for (box, place) in zip(picture.boxes, picture.boxes.indices.map(wires.topLeft)) {
            let inside = wires.lanes.indices.filter { wires.span(ofLane: $0).contains(place.x) }
            #expect(inside.map { wires.lanes[$0] } == [box.region])
        }
        #expect(wires.courses.allSatisfy { wires.rows.row[$0.edge.source] < wires.rows.row[$0.edge.target] })
        let places = Set(picture.boxes.indices.map { [wires.rows.row[$0], wires.rows.column[$0]] })
        #expect(places.count == count)
    }

    @Test func `more regions than can stand side by side have no lanes`() {
        let picture = PictureSample.regions(60, (0..<12).map { "region-\($0)" })
        #expect(RestorationWires(picture, columns: 5).lanes == [nil])
    }
}
