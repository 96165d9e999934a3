/// The geometry of a picture of boxes: places of boxes and courses of lines, in points from the top left of the boxes' area.
struct RestorationWires {
    struct Point: Hashable {
        var x: Double
        var y: Double
    }

    /// A line from one box to another.
    struct Course {
        let edge: RestorationEdges.Edge
        let net: Int
        /// Its corners, upright and level in turn.
        let points: [Point]
    }

    static let boxWidth = 190.0
    static let boxHeight = 58.0
    private static let laneDistance = 9.0
    private static let trackDistance = 9.0

    let rows: RestorationRows
    private(set) var courses: [Course] = []
    private(set) var width: Double = 0
    private(set) var height: Double = 0
    /// The left edge of each column and the top of each row.
    private(set) var lefts: [Double] = []
    private(set) var tops: [Double] = []
    /// Between which heights each wave lies.
    private(set) var bands: [ClosedRange<Double>] = []

    /// The region of each lane, from the left; one lane without a region where nothing has one.
    let lanes: [String?]

    /// More regions than these have no lanes.
    private static let lanesMax = 8
    /// Above a wave's first row, for the names of the lanes.
    private let headroom: Double
    private let streets: RestorationStreets
    private let edges: [RestorationEdges.Edge]
    /// The left edge of each street.
    private var streetLefts: [Double] = []
    /// Where the line of a net reaches a box from above: by net and target.
    private var ports: [[Int]: Double] = [:]

    init(_ picture: RestorationPicture, columns: Int) {
        edges = RestorationEdges(picture).edges
        let regions = picture.lanes
        let lanes = (2...Self.lanesMax).contains(regions.count) ? regions : [nil]
        (self.lanes, headroom) = (lanes, lanes.count > 1 ? 18 : 0)
        rows = RestorationRows(
            sizes: picture.waves.map(\.boxes.count), edges: edges,
            lanes: picture.boxes.map { box in lanes.firstIndex { $0 == box.region } ?? 0 }, columns: columns)
        streets = RestorationStreets(edges, in: rows)
        placeColumns()
        placePorts()
        let tracks = rows.rows.indices.map { RestorationTracks(crossings(below: $0)) }
        placeRows(tracks)
        courses = streets.nets.indices.flatMap { net in
            streets.nets[net].targets.map { course(of: net, to: $0, tracks) }
        }
    }

    /// Between which places a lane lies.
    func span(ofLane lane: Int) -> ClosedRange<Double> {
        let first = lane * rows.columnsOfLane
        return (lefts[first] - 8)...(lefts[first + rows.columnsOfLane - 1] + Self.boxWidth + 8)
    }

    func topLeft(of box: Int) -> Point { Point(x: lefts[rows.column[box]], y: tops[rows.row[box]]) }

    private func middle(of box: Int) -> Double { lefts[rows.column[box]] + Self.boxWidth / 2 }
}

// MARK: - Places

extension RestorationWires {
    private mutating func placeColumns() {
        var x = 0.0
        for street in 0...rows.columns {
            let isOuter = street == 0 || street == rows.columns
            streetLefts.append(x)
            x += max(isOuter ? 6 : 20, Double(streets.lanes[street] + 1) * Self.laneDistance + 4)
            guard street < rows.columns else { continue }
            lefts.append(x)
            x += Self.boxWidth
        }
        width = x
    }

    /// A wave's first row leaves room above it for the gate.
    private mutating func placeRows(_ tracks: [RestorationTracks]) {
        var y = 12.0
        var start = 0.0
        for index in rows.rows.indices {
            if index == 0 || rows.waves[index - 1] != rows.waves[index] { y += headroom }
            tops.append(y)
            y += Self.boxHeight
            let isLast = index == rows.rows.count - 1 || rows.waves[index + 1] != rows.waves[index]
            y += 16 + Double(max(0, tracks[index].count - 1)) * Self.trackDistance + (tracks[index].count > 0 ? 14 : 2)
            guard isLast else { continue }
            bands.append(start...y)
            start = y
            y += 16
        }
        height = y - 16
    }

    /// Lines leave a box in its middle and reach one beside it, so that what leaves above and what arrives below never
    /// share a place. Straight down is straight.
    private mutating func placePorts() {
        for target in rows.row.indices {
            var arrivals: [(net: Int, from: Double)] = []
            for (index, net) in streets.nets.enumerated() where net.targets.contains(target) {
                let isBelow = rows.row[net.source] + 1 == rows.row[target]
                if isBelow || net.lane == .straight, rows.column[net.source] == rows.column[target] {
                    ports[[index, target]] = exit(of: net)
                } else {
                    arrivals.append((index, isBelow ? exit(of: net) : lane(of: net)))
                }
            }
            arrivals.sort { ($0.from, $0.net) < ($1.from, $1.net) }
            let half = arrivals.count / 2
            for (place, arrival) in arrivals.enumerated() {
                // As many as there is room for; what is more shares the last place.
                let offset = min(max(place - half, -7), 6)
                ports[[arrival.net, target]] = middle(of: target) + 6 + Double(offset) * 12
            }
        }
    }

    private func exit(of net: RestorationStreets.Net) -> Double {
        switch net.kind {
        case .hard: middle(of: net.source)
        case .soft: middle(of: net.source) + 12
        case .gate: middle(of: net.source) - 12
        }
    }

    private func lane(of net: RestorationStreets.Net) -> Double {
        guard case .street(let street, let number) = net.lane else { return exit(of: net) }
        let isOuter = street == 0 || street == rows.columns
        let width = (street < rows.columns ? lefts[street] : self.width) - streetLefts[street]
        let used = Double(streets.lanes[street] - 1) * Self.laneDistance
        let start = isOuter ? Self.laneDistance : (width - used) / 2
        return streetLefts[street] + start + Double(number) * Self.laneDistance
    }
}

// MARK: - Courses

extension RestorationWires {
    private func crossings(below row: Int) -> [RestorationTracks.Crossing] {
        streets.nets.enumerated().compactMap { index, net in
            let start = rows.row[net.source]
            let last = net.targets.map { rows.row[$0] }.max() ?? start
            guard (start..<max(last, start)).contains(row) else { return nil }
            var bottoms = net.targets.filter { rows.row[$0] == row + 1 }.compactMap { ports[[index, $0]] }
            if last > row + 1 { bottoms.append(lane(of: net)) }
            return RestorationTracks.Crossing(
                net: index, top: row == start ? exit(of: net) : lane(of: net), bottoms: bottoms)
        }
    }

    private func course(of index: Int, to target: Int, _ tracks: [RestorationTracks]) -> Course {
        let net = streets.nets[index]
        let (start, end) = (rows.row[net.source], rows.row[target])
        let port = ports[[index, target]] ?? middle(of: target)
        var points = [Point(x: exit(of: net), y: tops[start] + Self.boxHeight)]
        func turn(to x: Double, below row: Int) {
            guard let last = points.last, last.x != x else { return }
            let height = tops[row] + Self.boxHeight + 14 + Double(tracks[row].track[index] ?? 0) * Self.trackDistance
            points += [Point(x: last.x, y: height), Point(x: x, y: height)]
        }
        if end > start + 1 { turn(to: lane(of: net), below: start) }
        turn(to: port, below: end - 1)
        points.append(Point(x: port, y: tops[end]))
        let edge = edges.first { $0.source == net.source && $0.target == target && $0.kind == net.kind }
        return Course(
            edge: edge ?? RestorationEdges.Edge(source: net.source, target: target, kind: net.kind, isCritical: false),
            net: index, points: points)
    }
}

// MARK: - Lines that pass by rows

/// Where lines run that pass by rows of boxes: upright, in lanes between the columns, one lane for all that leads on from
/// one box. So a line that goes far is one straight line with branches.
struct RestorationStreets {
    /// What leads from one box in one way, to all that it leads to.
    struct Net {
        let source: Int
        let kind: RestorationEdges.Kind
        /// By row, then by column.
        let targets: [Int]
        /// Its place in the streets, if it passes by a row.
        fileprivate(set) var lane: Lane?
    }

    /// Where a net passes by rows.
    enum Lane: Hashable {
        /// The street left of a column (or behind the last one), and the lane in it.
        case street(Int, number: Int)
        /// Straight down from its box, where nothing stands in the way.
        case straight
    }

    let nets: [Net]
    /// How many lanes each street has.
    let lanes: [Int]

    init(_ edges: [RestorationEdges.Edge], in rows: RestorationRows) {
        let grouped = Dictionary(grouping: edges) { [$0.source, $0.kind.rawValue] }
        var nets = grouped.map { key, edges in
            let targets = edges.map(\.target).sorted {
                (rows.row[$0], rows.column[$0], $0) < (rows.row[$1], rows.column[$1], $1)
            }
            return Net(source: key[0], kind: RestorationEdges.Kind(rawValue: key[1]) ?? .hard, targets: targets)
        }.sorted { ($0.source, $0.kind.rawValue) < ($1.source, $1.kind.rawValue) }
        // The gaps between rows in which each lane is taken: a lane is shared by those that do not meet.
        var taken = [[[ClosedRange<Int>]]](repeating: [], count: rows.columns + 1)
        let spans = nets.map { Self.span($0, rows) }
        // The longest first, since they have the least choice.
        for index in nets.indices.sorted(by: { (-spans[$0].count, $0) < (-spans[$1].count, $1) }) {
            let span = spans[index]
            guard span.count > 1 else { continue }
            guard let street = Self.street(for: nets[index], rows, load: taken.map(\.count)) else {
                nets[index].lane = .straight
                continue
            }
            let free = taken[street].firstIndex { lane in !lane.contains { $0.overlaps(span) } }
            let number = free ?? taken[street].count
            if free == nil { taken[street].append([]) }
            taken[street][number].append(span)
            nets[index].lane = .street(street, number: number)
        }
        self.nets = nets
        lanes = taken.map(\.count)
    }

    /// The gaps below rows that a net is drawn in.
    private static func span(_ net: Net, _ rows: RestorationRows) -> ClosedRange<Int> {
        let start = rows.row[net.source]
        return start...max(start, (net.targets.map { rows.row[$0] }.max() ?? start) - 1)
    }

    /// The street with the shortest ways to it, and not too full; nil if the way straight down is free and no longer.
    private static func street(for net: Net, _ rows: RestorationRows, load: [Int]) -> Int? {
        let ends = [net.source] + net.targets.filter { rows.row[$0] > rows.row[net.source] + 1 }
        func ways(_ place: Double) -> Double {
            ends.map { abs(Double(rows.column[$0]) + 0.5 - place) }.reduce(0, +)
        }
        func cost(_ street: Int) -> Double { ways(Double(street)) + Double(load[street]) * 0.2 }
        guard let best = load.indices.min(by: { (cost($0), $0) < (cost($1), $1) }) else { return nil }
        let own = rows.column[net.source]
        let passed = span(net, rows).dropFirst()
        let isFree = passed.allSatisfy { row in !rows.rows[row].contains { rows.column[$0] == own } }
        return isFree && ways(Double(own) + 0.5) <= cost(best) + 0.5 ? nil : best
    }
}

// MARK: - Lines between two rows

/// The lines within the gap below one row: which of them go aside, and at which height, so that none covers another and few
/// cross.
struct RestorationTracks {
    /// One net within the gap: comes in at the top in one place, goes out at the bottom in several.
    struct Crossing {
        let net: Int
        let top: Double
        let bottoms: [Double]

        var interval: ClosedRange<Double> {
            min(top, bottoms.min() ?? top)...max(top, bottoms.max() ?? top)
        }
        var isStraight: Bool { bottoms.allSatisfy { $0 == top } }
    }

    /// The track of each net that goes aside, counted from the top.
    private(set) var track: [Int: Int] = [:]
    /// How many tracks there are.
    private(set) var count = 0

    /// Lines of different nets do not run closer together than this.
    private static let gap = 6.0

    init(_ crossings: [Crossing]) {
        var order = crossings.filter { !$0.isStraight }
        // Exchanging neighbours is enough for as few as there are; each exchange takes away crossings, so it ends.
        var isChanged = true
        while isChanged {
            isChanged = false
            for index in order.indices.dropLast() {
                let (upper, lower) = (order[index], order[index + 1])
                guard Self.cost(lower, above: upper) < Self.cost(upper, above: lower) else { continue }
                order.swapAt(index, index + 1)
                isChanged = true
            }
        }
        for (index, crossing) in order.enumerated() {
            let near = order[..<index].filter { Self.overlap($0, crossing) }.compactMap { track[$0.net] }.max()
            let own = near.map { $0 + 1 } ?? 0
            track[crossing.net] = own
            count = max(count, own + 1)
        }
    }

    /// How often two cross when one runs above the other.
    private static func cost(_ upper: Crossing, above lower: Crossing) -> Int {
        upper.bottoms.count { lower.interval.contains($0) } + (upper.interval.contains(lower.top) ? 1 : 0)
    }

    private static func overlap(_ one: Crossing, _ other: Crossing) -> Bool {
        one.interval.lowerBound - gap < other.interval.upperBound
            && other.interval.lowerBound - gap < one.interval.upperBound
    }
}
