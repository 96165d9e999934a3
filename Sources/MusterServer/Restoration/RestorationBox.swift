import IncidentDomain

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
            \(SVGText.escape(SVGText.fit(note, into: Self.room, size: 11)))</text></g>
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
    private var note: String {
        let waiting = holds.components(before: box)
        let start = box.isPlainlyWaiting ? "" : "waits for "
        if !waiting.isEmpty { return list(start, waiting) }
        if let wave = holds.gate(before: box) { return "\(start)wave \(wave)" }
        let missing = holds.missing(for: box)
        switch box.status {
        case .verifying: return box.moment.map { "soaks until \($0.description.dropFirst(11).prefix(8))" } ?? ""
        case .regressed: return "can be started again"
        case .waiting, .ready, .restoring, .restored, .waived: break
        }
        if !missing.isEmpty { return list("without ", missing) }
        if box.effectiveTier < box.tier { return "tier \(box.tier), counts as \(box.effectiveTier)" }
        return box.name ?? ""
    }

    /// Reads on in the note where something is waited for.
    private var state: String {
        let isHeld = holds.gate(before: box) != nil || !holds.components(before: box).isEmpty
        return box.isPlainlyWaiting && isHeld ? "waiting for" : box.stateText
    }

    private func list(_ start: String, _ names: [String]) -> String {
        start + SVGText.list(names, count: names.count, into: Self.room - SVGText.width(start, size: 11), size: 11)
    }

    /// Everything, uncut.
    private var tooltip: String {
        let inherited = box.effectiveTier < box.tier ? ", counts as tier \(box.effectiveTier)" : ""
        var parts = [box.name.map { "\(box.component): \($0)" } ?? box.component, "tier \(box.tier)\(inherited)"]
        parts.append(box.stateText)
        let waiting = holds.components(before: box)
        if !waiting.isEmpty { parts.append("waits for \(waiting.joined(separator: ", "))") }
        if let wave = holds.gate(before: box) { parts.append("waits for wave \(wave)") }
        if !box.softNeeds.isEmpty {
            parts.append("works degraded without \(box.softNeeds.joined(separator: ", "))")
        }
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
