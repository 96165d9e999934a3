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

    private let streets: RestorationStreets
    private let edges: [RestorationEdges.Edge]
    /// The left edge of each street.
    private var streetLefts: [Double] = []
    /// Where the line of a net reaches a box from above: by net and target.
    private var ports: [[Int]: Double] = [:]

    init(_ picture: RestorationPicture, columns: Int) {
        edges = RestorationEdges(picture).edges
        rows = RestorationRows(sizes: picture.waves.map(\.boxes.count), edges: edges, columns: columns)
        streets = RestorationStreets(edges, in: rows)
        placeColumns()
        placePorts()
        let tracks = rows.rows.indices.map { RestorationTracks(crossings(below: $0)) }
        placeRows(tracks)
        courses = streets.nets.indices.flatMap { net in
            streets.nets[net].targets.map { course(of: net, to: $0, tracks) }
        }
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
