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
