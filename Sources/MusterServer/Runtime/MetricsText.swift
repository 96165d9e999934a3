/// Writes metrics as Prometheus text, version 0.0.4 (the format that `promtool check metrics` reads).
enum MetricsText {
    static func write(_ snapshot: MetricsSnapshot) -> [UInt8] {
        var text = ""
        for (name, series) in families(snapshot.counters, suffix: "_total") {
            head(name, "counter", into: &text)
            for (labels, value) in series { line(name, labels, value, into: &text) }
        }
        for (name, series) in families(snapshot.gauges, suffix: "") {
            head(name, "gauge", into: &text)
            for (labels, value) in series { line(name, labels, value, into: &text) }
        }
        for (name, series) in families(snapshot.histograms, suffix: "") {
            head(name, "histogram", into: &text)
            for (labels, reading) in series { histogram(name, labels, reading, into: &text) }
        }
        return Array(text.utf8)
    }

    /// Series by the name that they are shown under, in a fixed order.
    private static func families<Value>(
        _ values: [MetricSeries: Value], suffix: String
    ) -> [(name: String, series: [(labels: [MetricSeries.Label], value: Value)])] {
        let grouped = Dictionary(grouping: values) { series, _ in
            let name = validName(series.name)
            return name.hasSuffix(suffix) ? name : name + suffix
        }
        return grouped.sorted { $0.key < $1.key }.map { name, entries in
            let sorted = entries.sorted { left, right in
                left.key.labels.map(\.value).lexicographicallyPrecedes(right.key.labels.map(\.value))
            }
            return (name, sorted.map { (labels: $0.key.labels, value: $0.value) })
        }
    }

    private static func head(_ name: String, _ type: String, into text: inout String) {
        let known = MetricsHelp.texts[name] ?? name.split(separator: "_").joined(separator: " ") + "."
        text += "# HELP \(name) \(known)\n# TYPE \(name) \(type)\n"
    }

    private static func line(_ name: String, _ labels: [MetricSeries.Label], _ value: Double, into text: inout String) {
        let pairs = labels.map { "\(validName($0.name))=\"\(escaped($0.value))\"" }.joined(separator: ",")
        text += pairs.isEmpty ? name : "\(name){\(pairs)}"
        text += " \(number(value))\n"
    }

    private static func histogram(
        _ name: String, _ labels: [MetricSeries.Label], _ reading: HistogramValue.Reading, into text: inout String
    ) {
        var count = 0
        for (bucket, bound) in zip(reading.buckets, reading.bounds.map(number) + ["+Inf"]) {
            count += bucket
            line("\(name)_bucket", labels + [MetricSeries.Label(name: "le", value: bound)], Double(count), into: &text)
        }
        line("\(name)_sum", labels, reading.sum, into: &text)
        line("\(name)_count", labels, Double(count), into: &text)
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int(exactly: value) { return String(whole) }
        return value.isNaN ? "NaN" : value.isFinite ? value.description : value > 0 ? "+Inf" : "-Inf"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// Libraries name metrics with dots and dashes, which Prometheus does not take.
    private static func validName(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
    }
}
