/// Users' reports over some time: what an incident and its review say of them.
package struct ReportSeries: Hashable, Codable, Sendable {
    package var total: Int
    package var peakPerMinute: Int
    /// What is normal, for the same components and symptoms.
    package var baselinePerMinute: Double
    /// When the first bucket begins.
    package var from: Timestamp
    package var bucketSeconds: Int
    package var buckets: [Int]

    package static let bucketsMax = 120

    package init(
        total: Int, peakPerMinute: Int, baselinePerMinute: Double, from: Timestamp, bucketSeconds: Int, buckets: [Int]
    ) {
        self.total = total
        self.peakPerMinute = peakPerMinute
        self.baselinePerMinute = baselinePerMinute
        self.from = from
        self.bucketSeconds = bucketSeconds
        self.buckets = buckets
    }

    /// Counts of minutes, gathered into as many buckets as a small chart can show.
    ///
    /// - Parameters:
    ///   - minutes: Reports by the minute in which they came; what is outside of the time is left out.
    ///   - baseline: What is normal in a minute.
    package init(minutes: [Timestamp: Int], from: Timestamp, until: Timestamp, baseline: Double) {
        let start = from.milliseconds / 60_000
        let count = Int(max(0, until.milliseconds / 60_000 - start)) + 1
        let width = (count + Self.bucketsMax - 1) / Self.bucketsMax
        var buckets = [Int](repeating: 0, count: (count + width - 1) / width)
        var peak = 0
        for (moment, reports) in minutes {
            let minute = Int(moment.milliseconds / 60_000 - start)
            guard (0..<count).contains(minute) else { continue }
            buckets[minute / width] += reports
            peak = max(peak, reports)
        }
        self.init(
            total: buckets.reduce(0, +), peakPerMinute: peak, baselinePerMinute: (baseline * 100).rounded() / 100,
            from: Timestamp(milliseconds: start * 60_000), bucketSeconds: width * 60, buckets: buckets)
    }

    private enum CodingKeys: String, CodingKey {
        case total, from, buckets
        case peakPerMinute = "peak_per_minute"
        case baselinePerMinute = "baseline_per_minute"
        case bucketSeconds = "bucket_seconds"
    }
}

extension ReportSeries {
    /// When the last bucket ends.
    package var until: Timestamp { from.adding(seconds: Double(buckets.count * bucketSeconds)) }

    /// As in `84 user reports since 2026-11-22 21:37:00 UTC, peak 31 per minute (normally 0.6).`
    package var phrase: Phrase {
        let tenths = (baselinePerMinute * 10).rounded() / 10
        let normal: Phrase = baselinePerMinute < 0.05 ? "none" : .decimal(tenths)
        let reports: Phrase = total == 1 ? "1 user report" : "\(.number(total)) user reports"
        return
            "\(reports) since \(from.told), peak \(.number(peakPerMinute)) per minute (normally \(normal))."
    }

    package var sentence: String { phrase.english }
}

/// What an incident knows of its users' reports; the whole series stands in the timeline.
package struct ReportImpact: Hashable, Codable, Sendable {
    package var total: Int
    package var peakPerMinute: Int
    package var baselinePerMinute: Double
    package var since: Timestamp
    /// When they were last counted.
    package var countedAt: Timestamp

    init(_ series: ReportSeries, at moment: Timestamp) {
        total = series.total
        peakPerMinute = series.peakPerMinute
        baselinePerMinute = series.baselinePerMinute
        since = series.from
        countedAt = moment
    }
}

extension ReportSeries {
    private static let rowsMax = 24
    private static let barMax = 30

    /// The series as bars of text: one line for each bucket, or for some of them together.
    package func chart(in speech: Speech) -> String {
        let rows = rows
        let most = max(rows.map(\.count).max() ?? 0, 1)
        let width = speech.text(most).count
        let lines = rows.map { row in
            let bar = String(repeating: "#", count: (row.count * Self.barMax + most - 1) / most)
            let count = speech.text(row.count)
            let line =
                "\(speech.text(row.begin, .clock)) \(String(repeating: " ", count: width - count.count))\(count) \(bar)"
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
