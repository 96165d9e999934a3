import IncidentDomain

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
