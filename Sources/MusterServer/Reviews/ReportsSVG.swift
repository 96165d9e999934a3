import IncidentDomain

/// Users' reports over time as an inline SVG: a bar for each bucket, and a line for what is normal.
struct ReportsSVG {
    private static let width = 960.0
    private static let left = 56.0
    private static let right = 16.0
    private static let top = 14.0
    private static let height = 110.0

    private let series: ReportSeries
    private let speech: Speech

    init(_ series: ReportSeries, in speech: Speech = .standard) {
        self.speech = speech
        self.series = series
    }

    private var plotWidth: Double { Self.width - Self.left - Self.right }
    private var bottom: Double { Self.top + Self.height }
    private var normal: Double { series.baselinePerMinute * Double(series.bucketSeconds) / 60 }
    private var most: Double { max(Double(series.buckets.max() ?? 0), normal, 1) }

    /// The picture; it needs nothing from the page around it, but takes colours from its style.
    var svg: String {
        """
        <svg class="phases" viewBox="0 0 \(Self.width.points) \((bottom + 24).points)" role="img" \
        aria-labelledby="reports-title reports-description" font-size="11.5" xmlns="http://www.w3.org/2000/svg">
        <title id="reports-title">\(HTMLText.escape(speech("User reports over time")))</title>
        <desc id="reports-description">\(HTMLText.escape(speech(series.phrase)))</desc>
        \(bars)
        <line class="axis" x1="\(Self.left.points)" y1="\(bottom.points)" x2="\((Self.width - Self.right).points)" \
        y2="\(bottom.points)" stroke="#8a94a0"/>
        \(normalLine)
        \(labels)
        </svg>
        """
    }

    private func y(_ count: Double) -> Double { bottom - count / most * Self.height }

    private var bars: String {
        let step = plotWidth / Double(max(series.buckets.count, 1))
        return series.buckets.enumerated().filter { $0.element > 0 }.map { index, count in
            let x = Self.left + Double(index) * step
            let y = y(Double(count))
            return """
                <rect class="mitigate" x="\(x.points)" y="\(y.points)" width="\(max(step * 0.85, 1).points)" \
                height="\((bottom - y).points)" fill="#b3372d"/>
                """
        }.joined(separator: "\n")
    }

    private var normalLine: String {
        """
        <line class="clock-line" x1="\(Self.left.points)" y1="\(y(normal).points)" \
        x2="\((Self.width - Self.right).points)" y2="\(y(normal).points)" stroke="#1b2128" stroke-dasharray="4 3"/>
        """
    }

    private var labels: String {
        let end = Self.width - Self.right
        return [
            label(speech.text(Int(most)), x: Self.left - 8, y: Self.top + 9, anchor: "end"),
            label("0", x: Self.left - 8, y: bottom + 4, anchor: "end"),
            label(speech(series.from.told), x: Self.left, y: bottom + 18, anchor: "start"),
            label(speech(series.until.told), x: end, y: bottom + 18, anchor: "end"),
        ].joined(separator: "\n")
    }

    private func label(_ text: String, x: Double, y: Double, anchor: String) -> String {
        "<text class=\"tick\" x=\"\(x.points)\" y=\"\(y.points)\" text-anchor=\"\(anchor)\">\(text)</text>"
    }
}
