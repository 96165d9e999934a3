import IncidentDomain

/// The part of the picture that has a box for each component and a line for each dependency.
struct RestorationDiagram {
    private static let gutter = 108.0

    private let picture: RestorationPicture
    private let wires: RestorationWires
    private let boxes: [RestorationPicture.Box]

    init(_ picture: RestorationPicture, columns: Int) {
        self.picture = picture
        wires = RestorationWires(picture, columns: columns)
        boxes = picture.boxes
    }

    private var width: Double { max(Self.gutter + wires.width, RestorationSVG.bodyWidthMin) }

    var part: RestorationSVG.Part {
        let holds = RestorationHolds(picture)
        let drawn = boxes.indices.map { index in
            let corner = wires.topLeft(of: index)
            return RestorationBox(
                box: boxes[index], place: index + 1, holds: holds,
                isCritical: picture.criticalPath.contains(boxes[index].component)
            ).svg(x: corner.x, y: corner.y)
        }
        return RestorationSVG.Part(
            width: width, height: wires.height,
            svg: """
                \(waves(holds))
                <g transform="translate(\(Self.gutter.points) 0)">
                \(lines(holds).joined(separator: "\n"))
                \(drawn.joined(separator: "\n"))
                </g>
                """)
    }
}

// MARK: - Legend

extension RestorationDiagram {
    /// What the lines and numbers mean: of lines only those that there are.
    func legend(y: Double) -> RestorationSVG.Part {
        let edges = wires.courses.map(\.edge)
        let holds = RestorationHolds(picture)
        let isOver = { (edge: RestorationEdges.Edge) in boxes[edge.source].status.isDone }
        let holding = edges.filter { $0.kind == .hard && !isOver($0) }
        let signs = [
            ("holds", "hard dependency", holding.contains { holds.gate(before: boxes[$0.target]) == nil }),
            (
                "later", "hard dependency, wave not open yet",
                holding.contains { holds.gate(before: boxes[$0.target]) != nil }
            ),
            ("later dashed", "soft dependency, degraded without it", edges.contains { $0.kind == .soft }),
            ("pale", "no longer blocking", edges.contains(where: isOver)),
            ("critical", "critical path", edges.contains { $0.isCritical && $0.kind != .gate }),
            ("critical dotted", "critical path between waves", edges.contains { $0.isCritical && $0.kind == .gate }),
        ].filter(\.2)
        var left = 0.0
        let lines = signs.map { style, text, _ in
            defer { left += 46 + SVGText.width(text, size: 12) }
            return """
                <path class="wire \(style)" d="M\(left.points) \((y - 4).points) h26"/>\
                <text class="soft" x="\((left + 32).points)" y="\(y.points)">\(text)</text>
                """
        }
        let bottom = lines.isEmpty ? y : y + 18
        let more = edges.isEmpty ? "" : " Indirect dependencies are not drawn."
        let numbers =
            "<text class=\"soft\" x=\"0\" y=\"\(bottom.points)\">Numbers: order of the plan.\(more) "
            + "Times are UTC.</text>"
        return RestorationSVG.Part(
            width: left, height: bottom, svg: (lines + [numbers]).joined(separator: "\n"))
    }
}

// MARK: - Waves

extension RestorationDiagram {
    private func waves(_ holds: RestorationHolds) -> String {
        zip(picture.waves, wires.bands).map { wave, band in
            let gate = holds.gate(before: wave.number)
            let y = band.lowerBound
            let restored = wave.boxes.count { $0.status == .restored }
            let waived = wave.boxes.count { $0.status == .waived }
            var lines = [("soft", "\(restored) of \(wave.boxes.count) restored")]
            if waived > 0 { lines.append(("soft", "\(waived) waived")) }
            if let state = state(wave, behind: gate) {
                lines.append((wave.stable ? "restored word" : "soft strong", state))
            }
            let texts = lines.enumerated().map { place, line in
                "<text class=\"\(line.0)\" x=\"0\" y=\"\((y + 50 + Double(place) * 17).points)\">\(line.1)</text>"
            }
            return """
                <g>\(rule(y: y + 4, behind: gate))\(lanes(of: wave, band))<text class="wave" x="0" \
                y="\((y + 32).points)">Wave \(wave.number)<tspan class="soft small"> tier \(wave.tier)</tspan></text>\
                \(texts.joined())</g>
                """
        }.joined(separator: "\n")
    }

    /// Between waves that wait for each other.
    private func rule(y: Double, behind gate: Int?) -> String {
        guard picture.wavesMode == .enforce else { return "" }
        return """
            <line class="\(gate == nil ? "gate open" : "gate")" x1="0" y1="\(y.points)" x2="\(width.points)" \
            y2="\(y.points)"/>
            """
    }

    /// Where regions are restored one by one, the boxes of each stand together below its name.
    private func lanes(of wave: RestorationPicture.Wave, _ band: ClosedRange<Double>) -> String {
        guard wires.lanes.count > 1 else { return "" }
        return wires.lanes.enumerated().filter { lane in wave.boxes.contains { $0.region == lane.element } }.map {
            lane in
            let span = wires.span(ofLane: lane.offset)
            let width = span.upperBound - span.lowerBound
            let left = Self.gutter + span.lowerBound
            let name = SVGText.fit(lane.element ?? "everywhere", into: width - 16, size: 12, isBold: true)
            return """
                <rect class="lane" x="\(left.points)" y="\((band.lowerBound + 9).points)" width="\(width.points)" \
                height="\((band.upperBound - band.lowerBound - 7).points)" rx="8"/><text class="soft strong" \
                x="\((left + 8).points)" y="\((band.lowerBound + 23).points)">\(SVGText.escape(name))</text>
                """
        }.joined()
    }

    /// Short enough for the gutter; nil where there is nothing to say.
    private func state(_ wave: RestorationPicture.Wave, behind gate: Int?) -> String? {
        if wave.stable { return "✓ stable" }
        guard picture.wavesMode == .enforce else { return nil }
        return gate.map { "after wave \($0)" } ?? "open"
    }
}

// MARK: - Lines

extension RestorationDiagram {
    /// What holds nothing up any more lies lowest, the critical path on top. What crosses another line is broken by what
    /// lies above it.
    private func lines(_ holds: RestorationHolds) -> [String] {
        let byNet = Dictionary(grouping: wires.courses, by: \.net)
        let nets = byNet.keys.sorted().compactMap { byNet[$0] }.filter { $0[0].edge.kind != .gate }
        let isOver = { (net: [RestorationWires.Course]) in boxes[net[0].edge.source].status.isDone }
        let pale = nets.filter(isOver).map { Self.halo($0) + Self.line($0, "pale") }
        let holding = nets.filter { !isOver($0) }.map { net in
            // What begins only behind a gate is not what anybody waits for first.
            let now = net.filter { holds.gate(before: boxes[$0.edge.target]) == nil }
            let later = net.filter { holds.gate(before: boxes[$0.edge.target]) != nil }
            return Self.halo(net) + Self.line(later, "later") + Self.line(now, "holds")
        }
        let critical = wires.courses.filter(\.edge.isCritical).map { Self.halo([$0]) + Self.line([$0], "critical") }
        return pale + holding + critical
    }

    private static func halo(_ courses: [RestorationWires.Course]) -> String {
        "<path class=\"halo\" d=\"\(courses.map { path($0.points) }.joined(separator: " "))\"/>"
    }

    private static func line(_ courses: [RestorationWires.Course], _ style: String) -> String {
        guard let kind = courses.first?.edge.kind else { return "" }
        let half = style == "critical" ? 6.0 : 4.0
        let tips = courses.compactMap(\.points.last).map { tip in
            "M\((tip.x - half).points) \((tip.y - 2 * half).points) h\((2 * half).points) "
                + "L\(tip.x.points) \(tip.y.points) Z"
        }
        return """
            <path class="wire \(style)\(dash(kind))" d="\(courses.map { path($0.points) }.joined(separator: " "))"/>\
            <path class="tip \(style)" d="\(tips.joined(separator: " "))"/>
            """
    }

    private static func dash(_ kind: RestorationEdges.Kind) -> String {
        switch kind {
        case .hard: ""
        case .soft: " dashed"
        case .gate: " dotted"
        }
    }

    /// With round corners, so that the eye sees which way a branch leads.
    private static func path(_ points: [RestorationWires.Point]) -> String {
        guard let first = points.first, let last = points.last else { return "" }
        var text = "M\(first.x.points) \(first.y.points)"
        for (index, corner) in points.enumerated().dropFirst().dropLast() {
            let (before, after) = (points[index - 1], points[index + 1])
            let radius = min(6, distance(before, corner) / 2, distance(corner, after) / 2)
            let (start, end) = (toward(before, from: corner, radius), toward(after, from: corner, radius))
            text += " L\(start.x.points) \(start.y.points) Q\(corner.x.points) \(corner.y.points) "
            text += "\(end.x.points) \(end.y.points)"
        }
        return text + " L\(last.x.points) \((last.y - 4).points)"
    }

    private static func distance(_ one: RestorationWires.Point, _ other: RestorationWires.Point) -> Double {
        abs(one.x - other.x) + abs(one.y - other.y)
    }

    /// Lines are upright or level.
    private static func toward(
        _ end: RestorationWires.Point, from start: RestorationWires.Point, _ length: Double
    ) -> RestorationWires.Point {
        let whole = max(distance(start, end), 0.001)
        return RestorationWires.Point(
            x: start.x + (end.x - start.x) / whole * length, y: start.y + (end.y - start.y) / whole * length)
    }
}

// MARK: - Boxes

/// One component as a box: its sign and name, its state in words, and what holds it up or is worth knowing.
struct RestorationBox {
    private static let width = RestorationWires.boxWidth
    private static let height = RestorationWires.boxHeight
    private static let textLeft = 30.0
    private static let room = width - textLeft - 8

    let box: RestorationPicture.Box
    /// Its place in the order of the plan.
    let place: Int
    let holds: RestorationHolds
    let isCritical: Bool

    func svg(x: Double, y: Double) -> String {
        let size = "width=\"\(Self.width.points)\" height=\"\(Self.height.points)\""
        let frame =
            isCritical
            ? "<rect class=\"critical-frame\" x=\"-4\" y=\"-4\" width=\"\((Self.width + 8).points)\" "
                + "height=\"\((Self.height + 8).points)\" rx=\"9\"/>" : ""
        let name = SVGText.fit(box.component, into: Self.room, size: 13, isBold: true)
        let state = SVGText.fit(self.state, into: Self.room, size: 12, isBold: true)
        let stateWidth = SVGText.width(state, size: 12, isBold: true) + 6
        let until = box.expectedEndText
        let end = stateWidth + SVGText.width(until, size: 11) <= Self.room ? until : ""
        return """
            <g class="\(box.status.rawValue)" transform="translate(\(x.points) \(y.points))">\
            <title>\(SVGText.escape(tooltip))</title>\(frame)<rect class="card" \(size) rx="6"/>\(ramp)\
            \(RestorationIcon.svg(box.status, x: 16, y: 17))\
            <text class="name" x="\(Self.textLeft.points)" y="20">\(SVGText.escape(name))</text>\
            <text class="place" x="16" y="46">\(place)</text>\
            <text class="word" x="\(Self.textLeft.points)" y="35.5">\(SVGText.escape(state))</text>\
            <text class="until" x="\((Self.width - 8).points)" y="35.5">\(end)</text>\
            <text class="note" x="\(Self.textLeft.points)" y="49.5">\
            \(SVGText.escape(SVGText.fit(note(into: Self.room), into: Self.room, size: 11)))</text></g>
            """
    }

    /// The same in two lines of text, without a box.
    func line(width: Double, textLeft: Double, y: Double) -> String {
        let until = box.expectedEndText
        let room = width - textLeft
        let nameRoom = room - SVGText.width(until, size: 11) - 8
        let name = SVGText.fit(box.component, into: nameRoom, size: 13, isBold: true)
        let state = SVGText.fit(self.state, into: room, size: 12, isBold: true)
        let start = textLeft + SVGText.width(state, size: 12, isBold: true) + 8
        let rest = max(0, width - start)
        return """
            <g class="\(box.status.rawValue)"><title>\(SVGText.escape(tooltip))</title>\
            \(RestorationIcon.svg(box.status, x: 9, y: y + 17))\
            <text class="\(isCritical ? "name critical-word" : "name")" x="\(textLeft.points)" y="\((y + 14).points)">\
            \(SVGText.escape(name))</text>\
            <text class="until" x="\(width.points)" y="\((y + 14).points)">\(until)</text>\
            <text class="word" x="\(textLeft.points)" y="\((y + 30).points)">\(SVGText.escape(state))</text>\
            <text class="note" x="\(start.points)" y="\((y + 30).points)">\
            \(SVGText.escape(SVGText.fit(note(into: rest), into: rest, size: 11)))</text></g>
            """
    }

    private var ramp: String {
        guard let percent = box.rampPercent, box.status == .restoring || box.status == .verifying else { return "" }
        let width = (Self.width - 12) * Double(min(max(percent, 0), 100)) / 100
        return """
            <rect class="ramp-rest" x="6" y="53" width="\((Self.width - 12).points)" height="3" rx="1.5"/>\
            <rect class="ramp" x="6" y="53" width="\(width.points)" height="3" rx="1.5"/>
            """
    }

    /// What matters most of what there is to say; of what waits, for what it does.
    private func note(into room: Double) -> String {
        let waiting = holds.components(before: box)
        let start = box.isPlainlyWaiting ? "" : "waits for "
        if !waiting.isEmpty { return list(start, waiting, room) }
        if let wave = holds.gate(before: box) { return "\(start)wave \(wave)" }
        let missing = holds.missing(for: box)
        switch box.status {
        case .verifying: return box.moment.map { "soaks until \($0.description.dropFirst(11).prefix(8))" } ?? ""
        case .regressed: return "can be started again"
        case .restoring:
            if let seconds = box.overdueSeconds { return "overdue \(RestorationPicture.words(seconds))" }
        case .waiting, .ready, .restored, .waived: break
        }
        if !missing.isEmpty { return list("degraded without ", missing, room) }
        if box.effectiveTier < box.tier { return "tier \(box.tier), effective \(box.effectiveTier)" }
        return box.name ?? ""
    }

    /// Reads on in the note where something is waited for.
    private var state: String {
        let isHeld = holds.gate(before: box) != nil || !holds.components(before: box).isEmpty
        return box.isPlainlyWaiting && isHeld ? "waiting for" : box.stateText
    }

    private func list(_ start: String, _ names: [String], _ room: Double) -> String {
        start + SVGText.list(names, count: names.count, into: room - SVGText.width(start, size: 11), size: 11)
    }

    /// Everything, uncut.
    private var tooltip: String {
        let inherited = box.effectiveTier < box.tier ? ", effective tier \(box.effectiveTier)" : ""
        var parts = [box.name.map { "\(box.component): \($0)" } ?? box.component, "tier \(box.tier)\(inherited)"]
        parts.append(box.stateText)
        let waiting = holds.components(before: box)
        if !waiting.isEmpty { parts.append("waits for \(waiting.joined(separator: ", "))") }
        if let wave = holds.gate(before: box) { parts.append("waits for wave \(wave)") }
        if !box.softNeeds.isEmpty {
            parts.append("works degraded without \(box.softNeeds.joined(separator: ", "))")
        }
        if let owner = box.owner { parts.append("owner \(owner)") }
        if isCritical { parts.append("on the critical path") }
        return parts.joined(separator: "; ")
    }
}

extension RestorationPicture.Box {
    /// Whether that it waits is all there is to say about its state.
    fileprivate var isPlainlyWaiting: Bool { status == .waiting && failures == 0 }

    /// As in `restoring, 60 %`.
    var stateText: String {
        let failed = failures > 0 ? ", failed \(failures)×" : ""
        switch status {
        case .waiting: return "waiting\(failed)"
        case .ready: return failures > 0 ? "ready\(failed)" : "ready to start"
        case .restoring: return "restoring\(rampPercent.map { ", \($0) %" } ?? "")"
        case .verifying: return "verifying"
        case .restored: return "restored\(moment.map { " \($0.description.dropFirst(11).prefix(5))" } ?? "")"
        case .waived: return "waived"
        case .regressed: return "regressed\(failed)"
        }
    }

    fileprivate var expectedEndText: String {
        guard let expectedEnd, !status.isDone else { return "" }
        return "≈ \(expectedEnd.description.dropFirst(11).prefix(5))"
    }
}
