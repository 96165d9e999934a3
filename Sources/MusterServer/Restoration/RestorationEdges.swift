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
