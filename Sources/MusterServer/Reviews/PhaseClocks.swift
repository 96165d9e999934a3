import IncidentDomain

/// The labels of the clocks above the phases, in as many rows as it takes that none covers another.
struct PhaseClocks {
    struct Label {
        let text: String
        let position: Double
        let row: Int
        /// Whether the text stands left of its line, because it would not fit at the right.
        let isLeft: Bool
    }

    let labels: [Label]
    var rows: Int { (labels.map(\.row).max() ?? -1) + 1 }

    /// A little more than the average width of a character at the size in which labels are drawn.
    static let characterWidth = 6.3
    private static let gap = 10.0

    init(_ times: IncidentTimes, scale: PhaseScale, right: Double) {
        var taken: [[ClosedRange<Double>]] = []
        labels = Self.moments(times).map { moment, names in
            let text = "\(names.joined(separator: ", ").capitalizedStart) \(moment.clockText(over: scale.seconds))"
            let width = Double(text.count) * Self.characterWidth
            let position = scale.position(moment)
            let isLeft = position + width + Self.gap > right
            let range = isLeft ? (position - width - Self.gap)...position : position...(position + width + Self.gap)
            let row = taken.firstIndex { row in !row.contains { $0.overlaps(range) } } ?? taken.count
            if row == taken.count { taken.append([]) }
            taken[row].append(range)
            return Label(text: text, position: position, row: row, isLeft: isLeft)
        }
    }

    /// Clocks that were reached at the same moment share a label.
    private static func moments(_ times: IncidentTimes) -> [(moment: Timestamp, names: [String])] {
        let clocks: [(String, Timestamp?)] = [
            ("started", times.startedAt), ("detected", times.detectedAt), ("acknowledged", times.acknowledgedAt),
            ("assessed", times.assessedAt), ("mitigated", times.mitigatedAt), ("restored", times.restoredAt),
            ("reviewed", times.reviewedAt), ("closed", times.closedAt),
        ]
        var found: [(moment: Timestamp, names: [String])] = []
        for (name, moment) in clocks {
            guard let moment else { continue }
            if let index = found.firstIndex(where: { $0.moment == moment }) {
                found[index].names.append(name)
            } else {
                found.append((moment, [name]))
            }
        }
        return found.sorted { $0.moment < $1.moment }
    }
}

extension Timestamp {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// As in `22 Nov`.
    var dayText: String {
        let written = description
        let month = Int(written.dropFirst(5).prefix(2)).map { Self.months[$0 - 1] } ?? ""
        return "\(Int(written.dropFirst(8).prefix(2)) ?? 0) \(month)"
    }

    /// As precise as the whole length asks for: to the second within an hour, with the day when there are several.
    func clockText(over seconds: Double) -> String {
        let time = description.dropFirst(11)
        if seconds <= 3600 { return String(time.prefix(8)) }
        return seconds <= 72_000 ? String(time.prefix(5)) : "\(dayText) \(time.prefix(5))"
    }
}

extension String {
    var capitalizedStart: String { prefix(1).uppercased() + dropFirst() }
}
