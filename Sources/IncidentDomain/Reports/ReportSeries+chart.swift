extension ReportSeries {
    private static let rowsMax = 24
    private static let barMax = 30

    /// The series as bars of text: one line for each bucket, or for some of them together.
    package var chart: String {
        let rows = rows
        let most = max(rows.map(\.count).max() ?? 0, 1)
        let width = most.grouped.count
        let lines = rows.map { row in
            let bar = String(repeating: "#", count: (row.count * Self.barMax + most - 1) / most)
            let count = row.count.grouped
            let line = "\(row.begin.clock) \(String(repeating: " ", count: width - count.count))\(count) \(bar)"
            return bar.isEmpty ? String(line.dropLast()) : line
        }
        return lines.joined(separator: "\n")
    }

    private var rows: [(begin: Timestamp, count: Int)] {
        let together = (buckets.count + Self.rowsMax - 1) / Self.rowsMax
        return stride(from: 0, to: buckets.count, by: max(together, 1)).map { start in
            let end = min(start + together, buckets.count)
            return (from.adding(seconds: Double(start * bucketSeconds)), buckets[start..<end].reduce(0, +))
        }
    }
}

extension Timestamp {
    /// Hour and minute in UTC.
    package var clock: String { String(dateAndTime.dropFirst(11).prefix(5)) }
}
