import IncidentDomain

/// What was measured over time as an inline SVG: a line through the values, and a dot for each.
struct MeasureSVG {
    private static let width = 960.0
    private static let left = 84.0
    private static let right = 16.0
    private static let top = 14.0
    private static let height = 90.0

    private let series: MeasureSeries
    private let number: Int
    private let scale: (from: Timestamp, seconds: Double)
    private let range: (low: Double, high: Double)
    private let speech: Speech

    /// - Parameter number: Tells its elements from those of the other pictures on the page.
    init(_ series: MeasureSeries, number: Int, in speech: Speech = .standard) {
        self.speech = speech
        self.series = series
        self.number = number
        let moments = series.points.map(\.at)
        let from = moments.min() ?? Timestamp(milliseconds: 0)
        scale = (from, max((moments.max() ?? from).seconds(since: from), 1))
        let values = series.points.map(\.value)
        let (low, high) = (min(values.min() ?? 0, 0), max(values.max() ?? 0, 0))
        range = (low, high > low ? high : low + 1)
    }

    private var bottom: Double { Self.top + Self.height }
    private var end: Double { Self.width - Self.right }

    /// The picture; it needs nothing from the page around it, but takes colours from its style.
    var svg: String {
        """
        <svg class="phases" viewBox="0 0 \(Self.width.points) \((bottom + 24).points)" role="img" \
        aria-labelledby="measure-\(number)" font-size="11.5" xmlns="http://www.w3.org/2000/svg">
        <title id="measure-\(number)">\(HTMLText.escape(Markdown.visible(series.title).onOneLine))</title>
        <line class="axis" x1="\(Self.left.points)" y1="\(y(0).points)" x2="\(end.points)" y2="\(y(0).points)" \
        stroke="#8a94a0"/>
        <polyline class="clock-line" points="\(line)" fill="none" stroke="#b3372d" stroke-width="1.5"/>
        \(dots)
        \(labels)
        </svg>
        """
    }

    private func x(_ moment: Timestamp) -> Double {
        Self.left + moment.seconds(since: scale.from) / scale.seconds * (end - Self.left)
    }

    private func y(_ value: Double) -> Double {
        bottom - (value - range.low) / (range.high - range.low) * Self.height
    }

    private var line: String {
        series.points.map { "\(x($0.at).points),\(y($0.value).points)" }.joined(separator: " ")
    }

    private var dots: String {
        series.points.map { point in
            "<circle cx=\"\(x(point.at).points)\" cy=\"\(y(point.value).points)\" r=\"2.5\" fill=\"#b3372d\"/>"
        }.joined(separator: "\n")
    }

    private var labels: String {
        let until = scale.from.adding(seconds: scale.seconds)
        return [
            label(text(range.high), x: Self.left - 8, y: Self.top + 9, anchor: "end"),
            label(text(range.low), x: Self.left - 8, y: bottom + 4, anchor: "end"),
            label(speech(scale.from.told), x: Self.left, y: bottom + 18, anchor: "start"),
            label(speech(until.told), x: end, y: bottom + 18, anchor: "end"),
        ].joined(separator: "\n")
    }

    private func text(_ value: Double) -> String { speech.text(value) }

    private func label(_ text: String, x: Double, y: Double, anchor: String) -> String {
        "<text class=\"tick\" x=\"\(x.points)\" y=\"\(y.points)\" text-anchor=\"\(anchor)\">\(text)</text>"
    }
}
