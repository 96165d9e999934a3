import IncidentDomain

/// A restoration as a picture: waves from the top, the most critical first, each component a box with its state, lines from
/// what is needed to what needs it. Above what can be read as boxes, a card for each wave. The same picture is always the
/// same bytes, and it needs nothing from anywhere else.
struct RestorationSVG {
    /// The most components that are drawn as a box each.
    static let boxesMax = 60
    private static let margin = 24.0
    private static let columns = 5
    /// Without the margins.
    static let bodyWidthMin = 852.0

    /// How a picture is laid out.
    enum Layout: String, CaseIterable, Sendable {
        /// Boxes and lines, or cards.
        case map
        /// One step below the other, as wide as a phone that is held upright.
        case list
    }

    let picture: RestorationPicture
    let layout: Layout

    init(_ picture: RestorationPicture, _ layout: Layout = .map) {
        (self.picture, self.layout) = (picture, layout)
    }

    private var margin: Double { layout == .list ? 16 : Self.margin }
    private var widthMin: Double { layout == .list ? RestorationList.width : Self.bodyWidthMin }

    /// A part of the picture, drawn from its own top left.
    struct Part {
        let width: Double
        let height: Double
        let svg: String
    }

    var svg: String {
        let body = body
        let inner = body.map(\.width).reduce(widthMin, max)
        let width = inner + 2 * margin
        var y = margin
        let parts = ([RestorationHead(picture, width: inner).part, body[0], foot(width: inner)] + body.dropFirst()).map
        { part in
            defer { y += part.height }
            return "<g transform=\"translate(\(margin.points) \(y.points))\">\n\(part.svg)\n</g>"
        }
        let height = y + margin
        return """
            <svg xmlns="http://www.w3.org/2000/svg" class="restoration" width="\(width.points)" \
            height="\(height.points)" viewBox="0 0 \(width.points) \(height.points)" role="img" \
            aria-labelledby="restoration-title restoration-description">
            <title id="restoration-title">\(SVGText.escape(title))</title>
            <desc id="restoration-description">\(SVGText.escape(description))</desc>
            <style>
            \(RestorationStyle.sheet)
            </style>
            <rect class="ground" width="\(width.points)" height="\(height.points)"/>
            \(parts.joined(separator: "\n"))
            </svg>

            """
    }

    /// What stands below the head and, if there is more, below the foot.
    private var body: [Part] {
        let count = picture.boxes.count
        if count == 0 { return [empty] }
        if layout == .list { return [RestorationList(picture: picture).part] }
        guard count <= Self.boxesMax else { return [RestorationDigest(picture).part] }
        let diagram = RestorationDiagram(picture, columns: Self.columns)
        return [diagram.part, diagram.legend(y: 18)]
    }

    private var empty: Part {
        Part(
            width: widthMin, height: 90,
            svg: """
                <rect class="rule-box" x="0.5" y="8.5" width="\((widthMin - 1).points)" height="64" rx="6"/>
                <text class="name" x="20" y="38">Nothing to restore.</text>
                <text class="soft" x="20" y="58">No component of this incident needs restoration.</text>
                """)
    }
}

// MARK: - For whoever cannot see it

extension RestorationSVG {
    private var title: String { "INC-\(picture.heading.incident): restoration plan, most critical first" }

    private var description: String {
        let boxes = picture.boxes
        guard !boxes.isEmpty else { return "Nothing to restore." }
        let waived = picture.waived > 0 ? ", and \(picture.waived.grouped) waived" : ""
        let whole = "\(picture.restored.grouped) of \(boxes.count.grouped) components are restored\(waived)."
        let waves = picture.waves.map { wave in
            let states =
                boxes.count <= Self.boxesMax
                ? wave.boxes.map { "\($0.component) \($0.status.rawValue)" }
                : RestorationPicture.counts(wave.boxes).map { "\($0.count.grouped) \($0.status.rawValue)" }
            return "Wave \(wave.number)\(wave.stable ? " (stable)" : ""): \(states.joined(separator: ", "))."
        }
        return ([whole] + waves).joined(separator: " ")
    }
}

// MARK: - Foot

extension RestorationSVG {
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

extension RestorationPicture {
    /// As in `4 h 30 min`: to the minute, from a minute on.
    static func words(_ seconds: Int) -> String {
        DurationText.human(Double(seconds < 60 ? seconds : seconds / 60 * 60))
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

// MARK: - The signs of the states

/// The sign of a state: each has a shape of its own, so that none is told by its colour alone.
enum RestorationIcon {
    /// Sixteen points wide and high, around its middle.
    static func svg(_ status: RestorationStatus, x: Double, y: Double) -> String {
        "<g transform=\"translate(\(x.points) \(y.points))\">\(shape(status))</g>"
    }

    private static func shape(_ status: RestorationStatus) -> String {
        switch status {
        case .waiting: "<circle class=\"line\" r=\"6.5\"/>"
        case .ready: "<path class=\"solid\" d=\"M-5 -7.5 L8 0 L-5 7.5 Z\"/>"
        case .restoring:
            "<circle class=\"line\" r=\"6.5\"/><path class=\"solid\" d=\"M0 -6.5 A6.5 6.5 0 0 1 0 6.5 Z\"/>"
        case .verifying:
            "<path class=\"line\" d=\"M-5.5 -7 H5.5 L-5.5 7 H5.5 Z\"/><path class=\"solid\" d=\"M0 1 L4 7 H-4 Z\"/>"
        case .restored:
            "<circle class=\"solid\" r=\"7.5\"/><path class=\"mark\" d=\"M-3.8 0.2 L-1 3.2 L4 -3\"/>"
        case .waived: "<circle class=\"line\" r=\"6.5\"/><path class=\"line\" d=\"M-4.6 4.6 L4.6 -4.6\"/>"
        case .regressed:
            "<path class=\"solid\" d=\"M0 -8 L8.5 7 H-8.5 Z\"/><path class=\"mark\" d=\"M0 -3 V1.8 M0 4 V4.6\"/>"
        }
    }

    /// The states that occur, each with its sign, how many there are and its name.
    static func counts(_ boxes: [RestorationPicture.Box], x: Double, y: Double) -> String {
        var left = x
        return RestorationPicture.counts(boxes).map { status, count in
            let text = "\(count.grouped) \(status.rawValue)"
            defer { left += 24 + SVGText.width(text, size: 13) + 14 }
            return """
                <g class="\(status.rawValue)">\(svg(status, x: left + 8, y: y - 4.5))\
                <text class="count" x="\((left + 23).points)" y="\(y.points)">\(text)</text></g>
                """
        }.joined(separator: "\n")
    }
}

// MARK: - Colours

/// How the picture of a restoration looks: with a ground of its own, in light and dark, and light on paper.
enum RestorationStyle {
    /// Colours of one light.
    private struct Palette {
        let ground, ink, soft, faint, later, holds, critical: String
        /// Of each state the line and the ground of its box.
        let states: [(name: String, line: String, fill: String)]
    }

    static let sheet = """
        .restoration { max-width: 100%; height: auto; }
        .restoration text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", \
        Arial, sans-serif; font-size: 12px; }
        .restoration .number { font-size: 20px; font-weight: 700; }
        .restoration .title { font-size: 16px; }
        .restoration .figure { font-size: 15px; font-weight: 600; }
        .restoration .figure .soft { font-weight: 400; }
        .restoration .big { font-size: 14px; }
        .restoration .wave { font-size: 15px; font-weight: 700; }
        .restoration .count { font-size: 13px; }
        .restoration .name { font-size: 13px; font-weight: 700; }
        .restoration .small { font-size: 12px; font-weight: 400; }
        .restoration .lane { stroke-width: 1; }
        .restoration .word, .restoration .strong, .restoration .critical-word { font-weight: 600; }
        .restoration .note, .restoration .place, .restoration .until { font-size: 11px; }
        .restoration .until, .restoration .end { text-anchor: end; }
        .restoration .place { text-anchor: middle; }
        .restoration .waived .name { text-decoration: line-through; }
        .restoration .card { stroke-width: 1.2; }
        .restoration .ready .card, .restoration .regressed .card { stroke-width: 2.6; }
        .restoration .waiting .card { stroke-dasharray: 4 3; }
        .restoration .line, .restoration .mark { fill: none; stroke-width: 2; stroke-linejoin: round; \
        stroke-linecap: round; }
        .restoration .critical-frame { fill: none; stroke-width: 2.5; }
        .restoration .gate { stroke-width: 2; stroke-dasharray: 7 4; }
        .restoration .gate.open { stroke-width: 1; stroke-dasharray: none; }
        .restoration .rule-box { stroke-width: 1; }
        .restoration .wire, .restoration .halo { fill: none; stroke-linejoin: round; }
        .restoration .halo { stroke-width: 6; }
        .restoration .wire { stroke-width: 1.6; }
        .restoration .wire.pale { stroke-width: 1.2; }
        .restoration .wire.critical { stroke-width: 3.6; }
        .restoration .dashed { stroke-dasharray: 5 4; }
        .restoration .dotted { stroke-dasharray: 1.5 5; stroke-linecap: round; }
        \(colours(light))
        @media screen and (prefers-color-scheme: dark) {
        \(colours(dark))
        }
        """

    private static let light = Palette(
        ground: "#ffffff", ink: "#1b2128", soft: "#56616d", faint: "#c6ccd3", later: "#98a2ac",
        holds: "#59646f", critical: "#8f1d6b",
        states: [
            ("waiting", "#6d7883", "#f7f8f9"), ("ready", "#0b57a4", "#dfecfa"), ("restoring", "#99590a", "#fdf0d9"),
            ("verifying", "#0b7172", "#ddf2f1"), ("restored", "#1d6b3c", "#f3f9f5"), ("waived", "#5d646c", "#eceef0"),
            ("regressed", "#b3261e", "#fce4e1"),
        ])

    private static let dark = Palette(
        ground: "#14181d", ink: "#e4e8ec", soft: "#a3aeb9", faint: "#434c56", later: "#6c7781",
        holds: "#a9b3bd", critical: "#f08bd0",
        states: [
            ("waiting", "#97a2ad", "#1a1f25"), ("ready", "#7db8f0", "#173352"), ("restoring", "#e5ac55", "#3a2b10"),
            ("verifying", "#5cc4c2", "#12332f"), ("restored", "#7fd09d", "#16221b"), ("waived", "#9aa3ac", "#24292f"),
            ("regressed", "#f7938a", "#46201d"),
        ])

    private static func colours(_ palette: Palette) -> String {
        let states = palette.states.map { state in
            """
            .restoration .\(state.name) .card { fill: \(state.fill); stroke: \(state.line); }
            .restoration .\(state.name) .solid, .restoration .\(state.name) .word, .restoration .\(state.name).word, \
            .restoration .\(state.name) .ramp, .restoration .\(state.name) .part { fill: \(state.line); }
            .restoration .\(state.name) .line { stroke: \(state.line); }
            """
        }
        return """
            \(states.joined(separator: "\n"))
            .restoration text, .restoration .ink { fill: \(palette.ink); }
            .restoration .ground { fill: \(palette.ground); }
            .restoration .soft, .restoration .note, .restoration .place, .restoration .until, .restoration .restored .name \
            { fill: \(palette.soft); }
            .restoration .mark, .restoration .halo { stroke: \(palette.ground); }
            .restoration .rule-box { fill: \(palette.ground); stroke: \(palette.faint); }
            .restoration .bar-rest, .restoration .ramp-rest, .restoration .waiting .part { fill: \(palette.faint); }
            .restoration .lane { fill: none; stroke: \(palette.faint); }
            .restoration .overdue { fill: \(palette.states[6].line); }
            .restoration .bar-done { fill: \(palette.states[4].line); }
            .restoration .gate { stroke: \(palette.holds); }
            .restoration .gate.open, .restoration .wire.pale { stroke: \(palette.faint); }
            .restoration .tip.pale { fill: \(palette.faint); }
            .restoration .wire.later { stroke: \(palette.later); }
            .restoration .tip.later { fill: \(palette.later); }
            .restoration .wire.holds { stroke: \(palette.holds); }
            .restoration .tip.holds { fill: \(palette.holds); }
            .restoration .critical-frame, .restoration .wire.critical { stroke: \(palette.critical); }
            .restoration .tip.critical, .restoration .critical-word { fill: \(palette.critical); }
            """
    }
}
