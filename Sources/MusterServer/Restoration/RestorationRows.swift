/// Where each box stands: rows from the top, a wave's below those of the wave before it and what is needed above what needs
/// it, and columns so chosen that lines are short and seldom cross. Each region has columns of its own.
struct RestorationRows {
    /// The boxes of each row.
    private(set) var rows: [[Int]] = []
    /// The wave of each row, counted from 0.
    private(set) var waves: [Int] = []
    /// The row of each box.
    private(set) var row: [Int]
    /// The column of each box.
    private(set) var column: [Int]
    let columns: Int
    /// How many of them each lane has.
    let columnsOfLane: Int

    /// The lane of each box.
    private let lanes: [Int]
    private let edges: [RestorationEdges.Edge]
    private let above: [[Int]]
    private let below: [[Int]]

    private static let sweeps = 8

    /// - Parameters:
    ///   - sizes: How many boxes each wave has; they are numbered on from one wave to the next.
    ///   - lanes: The lane of each box, from 0; they stand side by side.
    ///   - columns: The most boxes that stand side by side, as far as each lane has one.
    init(sizes: [Int], edges: [RestorationEdges.Edge], lanes: [Int], columns: Int) {
        let count = sizes.reduce(0, +)
        let laneCount = (lanes.max() ?? 0) + 1
        columnsOfLane = max(1, min(columns / laneCount, sizes.max() ?? 1))
        self.columns = columnsOfLane * laneCount
        (self.edges, self.lanes) = (edges, lanes)
        var above = [[Int]](repeating: [], count: count)
        var below = above
        for edge in edges {
            above[edge.target].append(edge.source)
            below[edge.source].append(edge.target)
        }
        (self.above, self.below) = (above, below)
        row = Array(repeating: 0, count: count)
        column = row
        var first = 0
        for (wave, size) in sizes.enumerated() {
            stack(first..<(first + size), wave: wave)
            first += size
        }
        for index in rows.indices { place(rows[index], near: rows[index].indices.map(Double.init)) }
        reduceCrossings()
        improveBySwaps()
    }

    /// Fills the rows of a wave from the top: of what may stand in a row, first what most others stand below.
    private mutating func stack(_ wave: Range<Int>, wave number: Int) {
        var height: [Int: Int] = [:]
        func heightOf(_ box: Int) -> Int {
            if let known = height[box] { return known }
            let own = below[box].filter(wave.contains).map { heightOf($0) + 1 }.max() ?? 0
            height[box] = own
            return own
        }
        var open = Array(wave)
        var placed: Set<Int> = []
        while !open.isEmpty {
            let free = open.filter { above[$0].allSatisfy { !wave.contains($0) || placed.contains($0) } }
            var room: [Int: Int] = [:]
            let chosen = free.sorted { (-heightOf($0), $0) < (-heightOf($1), $1) }.filter { box in
                room[lanes[box], default: columnsOfLane] -= 1
                return room[lanes[box], default: 0] >= 0
            }
            for box in chosen { row[box] = rows.count }
            rows.append(chosen.sorted())
            waves.append(number)
            placed.formUnion(chosen)
            open.removeAll { chosen.contains($0) }
        }
    }
}

// MARK: - Columns

extension RestorationRows {
    /// Barycentres: each row in turn moves below, and then above, the middle of what its boxes are joined to.
    private mutating func reduceCrossings() {
        var best = (cost: cost, column: column)
        for sweep in 0..<Self.sweeps {
            let isDown = sweep.isMultiple(of: 2)
            for index in isDown ? Array(rows.indices) : rows.indices.reversed() {
                let wanted = rows[index].map { box in
                    let near = isDown ? above[box] : below[box]
                    guard !near.isEmpty else { return Double(column[box]) }
                    return near.map { Double(column[$0]) }.reduce(0, +) / Double(near.count)
                }
                place(rows[index], near: wanted)
            }
            if cost < best.cost { best = (cost, column) }
        }
        column = best.column
    }

    /// Puts the boxes of a row into columns of their lanes.
    private mutating func place(_ boxes: [Int], near wanted: [Double]) {
        let byLane = Dictionary(grouping: zip(boxes, wanted)) { lanes[$0.0] }
        for (lane, own) in byLane {
            let first = lane * columnsOfLane
            place(own.map { $0.0 }, near: own.map { $0.1 - Double(first) }, from: first)
        }
    }

    /// In the order of what they want, all of them as near to it as can be.
    ///
    /// - Parameter wanted: Counted from the first column of the lane.
    private mutating func place(_ boxes: [Int], near wanted: [Double], from first: Int) {
        let columns = columnsOfLane
        let order = boxes.indices.sorted { (wanted[$0], boxes[$0]) < (wanted[$1], boxes[$1]) }
        // The cheapest way to have placed the first so many boxes in columns before this one.
        var cheapest = [[(cost: Double, chosen: [Int])?]](
            repeating: Array(repeating: nil, count: columns + 1), count: order.count + 1)
        cheapest[0] = Array(repeating: (0, []), count: columns + 1)
        for number in order.indices {
            for place in 0..<columns {
                let without = cheapest[number + 1][place]
                let with = cheapest[number][place].map { before in
                    (cost: before.cost + abs(wanted[order[number]] - Double(place)), chosen: before.chosen + [place])
                }
                cheapest[number + 1][place + 1] =
                    switch (with, without) {
                    case (let with?, let without?): with.cost < without.cost ? with : without
                    case (let with, let without): with ?? without
                    }
            }
        }
        guard let chosen = cheapest[order.count][columns]?.chosen else { return }
        for (number, place) in zip(order, chosen) { column[boxes[number]] = first + place }
    }

    /// Whatever exchange of two places makes it better is made, until none does.
    private mutating func improveBySwaps() {
        for _ in 0..<Self.sweeps {
            var isBetter = false
            for boxes in rows {
                for left in 0..<columns {
                    let end = (left / columnsOfLane + 1) * columnsOfLane
                    for right in (left + 1)..<max(end, left + 1) where swap(left, right, in: boxes) {
                        isBetter = true
                    }
                }
            }
            if !isBetter { return }
        }
    }

    /// Exchanges what stands in two columns of a row, if that makes it better.
    private mutating func swap(_ left: Int, _ right: Int, in boxes: [Int]) -> Bool {
        let moved = boxes.filter { column[$0] == left || column[$0] == right }
        let touched = edges.indices.filter { moved.contains(edges[$0].source) || moved.contains(edges[$0].target) }
        let before = cost(of: touched)
        for box in moved { column[box] = left + right - column[box] }
        guard cost(of: touched) >= before else { return true }
        for box in moved { column[box] = left + right - column[box] }
        return false
    }

    private var cost: Int { cost(of: Array(edges.indices)) }

    /// How much some lines go aside, and how often they cross another.
    private func cost(of some: [Int]) -> Int {
        var total = 0
        let isOne = some.reduce(into: [Bool](repeating: false, count: edges.count)) { $0[$1] = true }
        for number in some {
            let edge = edges[number]
            // The critical path is to be the straightest.
            total += abs(column[edge.source] - column[edge.target]) * (edge.isCritical ? 8 : 3)
            for other in edges.indices where !isOne[other] || other > number {
                if crosses(edge, edges[other]) { total += 2 }
            }
        }
        return total
    }

    private func crosses(_ one: RestorationEdges.Edge, _ other: RestorationEdges.Edge) -> Bool {
        guard row[one.source] < row[other.target], row[other.source] < row[one.target] else { return false }
        let start = column[one.source] - column[other.source]
        let end = column[one.target] - column[other.target]
        return start < 0 && end > 0 || start > 0 && end < 0
    }
}
