import CoreMetrics
import Synchronization

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
