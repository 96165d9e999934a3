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

    let picture: RestorationPicture

    init(_ picture: RestorationPicture) {
        self.picture = picture
    }

    /// A part of the picture, drawn from its own top left.
    struct Part {
        let width: Double
        let height: Double
        let svg: String
    }

    var svg: String {
        let body = body
        let inner = body.map(\.width).reduce(Self.bodyWidthMin, max)
        let width = inner + 2 * Self.margin
        var y = Self.margin
        let parts = ([head(width: inner), body[0], foot(width: inner)] + body.dropFirst()).map { part in
            defer { y += part.height }
            return "<g transform=\"translate(\(Self.margin.points) \(y.points))\">\n\(part.svg)\n</g>"
        }
        let height = y + Self.margin
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
        guard count <= Self.boxesMax else { return [RestorationDigest(picture).part] }
        let diagram = RestorationDiagram(picture, columns: Self.columns)
        return [diagram.part, diagram.legend(y: 18)]
    }

    private var empty: Part {
        Part(
            width: Self.bodyWidthMin, height: 90,
            svg: """
                <rect class="rule-box" x="0.5" y="8.5" width="\((Self.bodyWidthMin - 1).points)" height="64" rx="6"/>
                <text class="name" x="20" y="38">Nothing has to be restored.</text>
                <text class="soft" x="20" y="58">No component of this incident has an impact that needs restoring.</text>
                """)
    }
}

// MARK: - For whoever cannot see it

extension RestorationSVG {
    private var title: String { "INC-\(picture.heading.incident): restoring, most critical first" }

    private var description: String {
        let boxes = picture.boxes
        guard !boxes.isEmpty else { return "Nothing has to be restored." }
        let whole = "\(picture.done.grouped) of \(boxes.count.grouped) components are restored or waived."
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
