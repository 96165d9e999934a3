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
