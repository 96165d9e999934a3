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
