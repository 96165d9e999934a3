import CoreMetrics
import Synchronization

/// Where all metrics of the process live: swift-metrics makes them here, `/metrics` reads them.
///
/// Ours, because the packages that write Prometheus text bring dependencies and we need one page: counters, gauges and
/// histograms, each resolved once and then a few atomic additions.
final class MetricsRegistry: Sendable {
    private struct Contents {
        var counters: [MetricSeries: CounterValue] = [:]
        var gauges: [MetricSeries: GaugeValue] = [:]
        var histograms: [MetricSeries: HistogramValue] = [:]
    }

    private let contents = Mutex(Contents())

    /// The counter of a series, made when it is new.
    func counter(_ series: MetricSeries) -> CounterValue {
        contents.withLock { Self.entry(series, in: &$0.counters, CounterValue()) }
    }

    /// The gauge of a series, made when it is new.
    func gauge(_ series: MetricSeries) -> GaugeValue {
        contents.withLock { Self.entry(series, in: &$0.gauges, GaugeValue()) }
    }

    /// The histogram of a series, made when it is new.
    func histogram(_ series: MetricSeries, of bounds: HistogramValue.Bounds) -> HistogramValue {
        contents.withLock { Self.entry(series, in: &$0.histograms, HistogramValue(bounds)) }
    }

    private static func entry<Value>(
        _ series: MetricSeries, in values: inout [MetricSeries: Value], _ make: @autoclosure () -> Value
    ) -> Value {
        if let value = values[series] { return value }
        let value = make()
        values[series] = value
        return value
    }

    /// Every series and its value at this moment. Routes that nobody has called are left out: there are hundreds.
    func snapshot() -> MetricsSnapshot {
        let contents = contents.withLock { $0 }
        var snapshot = MetricsSnapshot(counters: [:], gauges: contents.gauges.mapValues(\.current), histograms: [:])
        for (series, counter) in contents.counters {
            let value = counter.current
            if value != 0 || !series.isOfRoute { snapshot.counters[series] = value }
        }
        for (series, histogram) in contents.histograms {
            let reading = histogram.current
            if !series.isOfRoute || reading.buckets.contains(where: { $0 != 0 }) {
                snapshot.histograms[series] = reading
            }
        }
        return snapshot
    }
}

/// A name with its labels.
struct MetricSeries: Hashable, Sendable {
    let name: String
    let labels: [Label]

    struct Label: Hashable, Sendable {
        let name: String
        let value: String
    }

    init(_ name: String, _ labels: [(String, String)] = []) {
        self.name = name
        self.labels = labels.map { Label(name: $0.0, value: $0.1) }
    }

    /// Whether it is one of the many that each route has.
    var isOfRoute: Bool { name == RouteMetrics.requestsLabel || name == RouteMetrics.durationLabel }
}

/// All series at one moment.
struct MetricsSnapshot: Sendable {
    var counters: [MetricSeries: Double]
    var gauges: [MetricSeries: Double]
    var histograms: [MetricSeries: HistogramValue.Reading]
}

/// A number that only grows.
final class CounterValue: CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<Int64>(0)
    private let fraction = Mutex(0.0)

    func increment(by amount: Int64) {
        whole.wrappingAdd(amount, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        fraction.withLock { $0 += amount }
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.withLock { $0 = 0 }
    }

    var current: Double {
        Double(whole.load(ordering: .relaxed)) + fraction.withLock { $0 }
    }
}

/// A number that goes up and down; also what a recorder recorded last.
final class GaugeValue: MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { self.value.withLock { $0 = Double(value) } }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    var current: Double { value.withLock { $0 } }
}

extension MetricsRegistry: MetricsFactory {
    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(MetricSeries(label, dimensions))
    }

    func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        counter(MetricSeries(label, dimensions))
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(MetricSeries(label, dimensions))
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        // Whoever asks for an aggregate counts things: how many came together.
        aggregate
            ? histogram(MetricSeries(label, dimensions), of: .counts) : gauge(MetricSeries(label, dimensions))
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(MetricSeries(label, dimensions), of: label == RouteMetrics.durationLabel ? .routeSeconds : .seconds)
    }

    // Series live as long as the process: a counter that came back at zero would read as a restart.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

/// How long things took, or how many came together, in buckets.
final class HistogramValue: TimerHandler, RecorderHandler {
    /// Where the buckets end, and in what the values are counted.
    enum Bounds {
        case seconds, counts
        /// Of a route: there are hundreds of them, so each has few buckets.
        case routeSeconds

        /// Half a millisecond to ten seconds: below lies nothing that matters, above everything is too slow.
        fileprivate static let secondsList = [
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        ]
        fileprivate static let routeSecondsList = [0.0025, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10]
        fileprivate static let countsList: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]

        fileprivate var list: [Double] {
            switch self {
            case .seconds: Self.secondsList
            case .routeSeconds: Self.routeSecondsList
            case .counts: Self.countsList
            }
        }

        /// Values are added up in whole numbers: nanoseconds, or the counts themselves.
        fileprivate var unitsPerValue: Double {
            switch self {
            case .seconds, .routeSeconds: 1_000_000_000
            case .counts: 1
            }
        }
    }

    /// What stands in a histogram at one moment: not cumulative, the last bucket holds what is above all bounds.
    struct Reading: Sendable {
        let bounds: [Double]
        var buckets: [Int]
        var sum: Double
    }

    private struct State {
        var buckets: [Int]
        var sumUnits: Int64 = 0
    }

    private let bounds: Bounds
    private let boundsUnits: [Int64]
    private let state: Mutex<State>

    init(_ bounds: Bounds) {
        self.bounds = bounds
        boundsUnits = bounds.list.map { Int64($0 * bounds.unitsPerValue) }
        state = Mutex(State(buckets: [Int](repeating: 0, count: bounds.list.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { add(duration) }
    func record(_ value: Int64) { add(value) }
    func record(_ value: Double) { add(Int64(value)) }

    private func add(_ units: Int64) {
        let bucket = boundsUnits.firstIndex { units <= $0 } ?? boundsUnits.count
        state.withLock { state in
            state.buckets[bucket] += 1
            state.sumUnits &+= units
        }
    }

    var current: Reading {
        state.withLock {
            Reading(bounds: bounds.list, buckets: $0.buckets, sum: Double($0.sumUnits) / bounds.unitsPerValue)
        }
    }
}

/// Writes metrics as Prometheus text, version 0.0.4 (the format that `promtool check metrics` reads).
enum MetricsText {
    static func write(_ snapshot: MetricsSnapshot) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(64 << 10)
        for (name, series) in families(snapshot.counters, suffix: "_total") {
            head(name, "counter", into: &text)
            for (labels, value) in series { line(name, "", labels, number(value), into: &text) }
        }
        for (name, series) in families(snapshot.gauges, suffix: "") {
            head(name, "gauge", into: &text)
            for (labels, value) in series { line(name, "", labels, number(value), into: &text) }
        }
        for (name, series) in families(snapshot.histograms, suffix: "") {
            head(name, "histogram", into: &text)
            for (labels, reading) in series { histogram(name, labels, reading, into: &text) }
        }
        return text
    }

    /// Series by the name that they are shown under, in a fixed order.
    private static func families<Value>(
        _ values: [MetricSeries: Value], suffix: String
    ) -> [(name: String, series: [(labels: [MetricSeries.Label], value: Value)])] {
        let grouped = Dictionary(grouping: values) { $0.key.name }
        var families: [String: [(labels: [MetricSeries.Label], value: Value)]] = [:]
        for (written, entries) in grouped {
            let valid = validName(written)
            let name = valid.hasSuffix(suffix) ? valid : valid + suffix
            families[name, default: []] += entries.map { (labels: $0.key.labels, value: $0.value) }
        }
        return families.sorted { $0.key < $1.key }.map { name, series in
            let sorted = series.sorted { left, right in
                left.labels.lexicographicallyPrecedes(right.labels) { $0.value < $1.value }
            }
            return (name, sorted)
        }
    }

    private static func head(_ name: String, _ type: String, into text: inout [UInt8]) {
        let known = MetricsHelp.texts[name] ?? name.split(separator: "_").joined(separator: " ") + "."
        text += "# HELP \(name) \(known)\n# TYPE \(name) \(type)\n".utf8
    }

    private static func line(
        _ name: String, _ suffix: StaticString, _ labels: [MetricSeries.Label], _ value: String,
        bound: String? = nil, into text: inout [UInt8]
    ) {
        text += name.utf8
        suffix.withUTF8Buffer { text += $0 }
        if !labels.isEmpty || bound != nil {
            var separator = UInt8(ascii: "{")
            for label in labels {
                text.append(separator)
                text += validName(label.name).utf8
                text += "=\"".utf8
                escape(label.value, into: &text)
                text.append(UInt8(ascii: "\""))
                separator = UInt8(ascii: ",")
            }
            if let bound {
                text.append(separator)
                text += "le=\"".utf8
                text += bound.utf8
                text.append(UInt8(ascii: "\""))
            }
            text.append(UInt8(ascii: "}"))
        }
        text.append(UInt8(ascii: " "))
        text += value.utf8
        text.append(UInt8(ascii: "\n"))
    }

    private static func histogram(
        _ name: String, _ labels: [MetricSeries.Label], _ reading: HistogramValue.Reading, into text: inout [UInt8]
    ) {
        var count = 0
        for (bucket, bound) in zip(reading.buckets, reading.bounds.map(number) + ["+Inf"]) {
            count += bucket
            line(name, "_bucket", labels, String(count), bound: bound, into: &text)
        }
        line(name, "_sum", labels, number(reading.sum), into: &text)
        line(name, "_count", labels, String(count), into: &text)
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int(exactly: value) { return String(whole) }
        return value.isNaN ? "NaN" : value.isFinite ? value.description : value > 0 ? "+Inf" : "-Inf"
    }

    private static func escape(_ text: String, into bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            default: bytes.append(byte)
            }
        }
    }

    /// Libraries name metrics with dots and dashes, which Prometheus does not take.
    private static func validName(_ name: String) -> String {
        guard !name.utf8.allSatisfy(isValid) else { return name }
        return String(name.map { $0.utf8.count == 1 && $0.utf8.allSatisfy(isValid) ? $0 : "_" })
    }

    private static func isValid(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
