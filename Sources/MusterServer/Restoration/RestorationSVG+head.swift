import IncidentDomain

extension RestorationSVG {
    /// How far it is, when it will be over, and what can be done now.
    func head(width: Double) -> Part {
        let heading = picture.heading
        let number = "INC-\(heading.incident)"
        let titleStart = SVGText.width(number, size: 20, isBold: true) + 14
        var lines = [
            """
            <text class="number" x="0" y="20">\(number)</text>
            <text class="title" x="\(titleStart.points)" y="20"><title>\(SVGText.escape(heading.title))</title>\
            \(SVGText.escape(SVGText.fit(heading.title, into: width - titleStart, size: 16)))</text>
            """
        ]
        guard !picture.boxes.isEmpty else { return Part(width: width, height: 34, svg: lines[0]) }
        lines.append(progress)
        lines.append(expected(left: 400, width: width - 400))
        var y = 100.0
        for (label, status) in [("Regressed:", RestorationStatus.regressed), ("Start now:", .ready)] {
            let names = picture.boxes.filter { $0.status == status }.map(\.component)
            guard !names.isEmpty else { continue }
            let left = SVGText.width(label, size: 14, isBold: true) + 10
            let shown = SVGText.list(names, count: names.count, into: width - left, size: 14)
            lines.append(
                """
                <g class="\(status.rawValue)"><text class="word big" x="0" y="\(y.points)">\(label)</text>\
                <text class="ink big" x="\(left.points)" y="\(y.points)">\(SVGText.escape(shown))</text></g>
                """)
            y += 23
        }
        lines.append(RestorationIcon.counts(picture.boxes, x: 0, y: y + 4))
        return Part(width: width, height: y + 30, svg: lines.joined(separator: "\n"))
    }

    private var progress: String {
        let (done, all) = (picture.done, picture.boxes.count)
        // All of it is said only when it is all.
        let percent = done * 100 / all
        return """
            <text class="figure" x="0" y="52">\(done.grouped) of \(all.grouped) back \
            <tspan class="soft">(\(percent) %)</tspan></text>
            <rect class="bar-rest" x="0.5" y="60.5" width="340" height="10" rx="5"/>
            <rect class="bar-done" x="0.5" y="60.5" width="\((Double(done) / Double(all) * 340).points)" height="10" \
            rx="5"/>
            """
    }

    private func expected(left: Double, width: Double) -> String {
        let heading = picture.heading
        let asOf = "as of \(heading.asOf.toTheSecond)"
        func lines(_ first: String, _ second: String) -> String {
            """
            <text class="figure" x="\(left.points)" y="52">\(SVGText.escape(first))</text>
            <text class="soft" x="\(left.points)" y="70">\
            \(SVGText.escape(SVGText.fit(second, into: width, size: 12)))</text>
            """
        }
        if picture.done == picture.boxes.count { return lines("Everything is back", asOf) }
        if let expected = heading.expected {
            let late = expected.p90.map { "in 9 cases of 10 by \($0.clock(on: heading.asOf)) UTC · " } ?? ""
            return lines("All expected back by \(expected.median.clock(on: heading.asOf)) UTC", late + asOf)
        }
        guard !heading.unestimated.isEmpty else { return lines("No expected time", asOf) }
        let names = SVGText.list(
            heading.unestimated, count: heading.unestimated.count, into: width - 350, size: 12)
        return lines("No expected time", "none is known for \(names) · \(asOf)")
    }

    /// The critical path in words.
    func foot(width: Double) -> Part {
        guard !picture.criticalPath.isEmpty else { return Part(width: width, height: 0, svg: "") }
        let path = Self.path(picture.criticalPath, into: width - 110)
        return Part(
            width: width, height: 26,
            svg: """
                <text class="critical-word" x="0" y="20">Critical path:</text>\
                <text class="ink" x="100" y="20">\(SVGText.escape(path))</text>
                """)
    }

    /// As `a → b → c`; of one too long for the line the beginning, how much more, and the end.
    private static func path(_ names: [String], into width: Double) -> String {
        let last = SVGText.fit(names[names.count - 1], into: 200, size: 12)
        var shown = ""
        var best = last
        for (index, name) in names.dropLast().enumerated() {
            shown += "\(SVGText.fit(name, into: 200, size: 12)) → "
            let hidden = names.count - index - 2
            let text = shown + (hidden > 0 ? "(\(hidden.grouped) more) → " : "") + last
            guard SVGText.width(shown, size: 12) <= width else { break }
            if SVGText.width(text, size: 12) <= width { best = text }
        }
        return best
    }
}

extension Timestamp {
    /// As in `10:42`, with the day if that is not the one of `other`.
    func clock(on other: Timestamp, toTheSecond: Bool = false) -> String {
        let written = description
        let time = String(written.dropFirst(11).prefix(toTheSecond ? 8 : 5))
        return written.prefix(10) == other.description.prefix(10) ? time : "\(dayText) \(time)"
    }
}
