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
