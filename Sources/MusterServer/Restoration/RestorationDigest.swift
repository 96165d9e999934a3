import IncidentDomain

/// The part of the picture for more components than can be read as boxes: a card for each wave, with its states and the
/// names that somebody at work looks for first.
struct RestorationDigest {
    private static let width = 952.0
    private static let left = 20.0
    private static let labelWidth = 92.0
    /// The most names of a state that are considered for its line.
    private static let namesMax = 30

    private let picture: RestorationPicture

    init(_ picture: RestorationPicture) {
        self.picture = picture
    }

    var part: RestorationSVG.Part {
        let holds = RestorationHolds(picture)
        var y = 8.0
        let cards = picture.waves.map { wave in
            let card = card(wave, holds, y: y)
            y += card.height + 12
            return card.svg
        }
        return RestorationSVG.Part(width: Self.width, height: y, svg: cards.joined(separator: "\n"))
    }

    private func card(_ wave: RestorationPicture.Wave, _ holds: RestorationHolds, y: Double) -> RestorationSVG.Part {
        let done = wave.boxes.count { $0.status.isDone }
        let gate = holds.gate(before: wave.number)
        let state = wave.stable ? "✓ stable" : gate.map { "starts when wave \($0) is stable" } ?? "open"
        let facts = "tier \(wave.tier) · \(done.grouped) of \(wave.boxes.count.grouped) done"
        let lists = RestorationStatus.byUrgency.compactMap { names(of: $0, in: wave, holds) }
        let rows = lists.enumerated().map { index, list in
            let y = y + 92 + Double(index) * 21
            let x = Self.left
            return """
                <g class="\(list.status.rawValue)">\(RestorationIcon.svg(list.status, x: x + 8, y: y - 4))\
                <text class="word" x="\((x + 22).points)" y="\(y.points)">\(list.status.rawValue)</text>\
                <text class="ink" x="\((x + 22 + Self.labelWidth).points)" y="\(y.points)">\
                \(SVGText.escape(list.text))</text></g>
                """
        }
        let height = 82 + Double(lists.count) * 21 + (lists.isEmpty ? 0 : 8)
        let svg = """
            <rect class="rule-box" x="0.5" y="\((y + 0.5).points)" width="\((Self.width - 1).points)" \
            height="\(height.points)" rx="6"/>
            <text class="wave" x="\(Self.left.points)" y="\((y + 26).points)">Wave \(wave.number)</text>
            <text class="soft" x="\((Self.left + 82).points)" y="\((y + 26).points)">\(facts)</text>
            <text class="\(wave.stable ? "restored word" : "soft strong") end" \
            x="\((Self.width - Self.left).points)" y="\((y + 26).points)">\(state)</text>
            \(bar(wave, y: y + 36))
            \(RestorationIcon.counts(wave.boxes, x: Self.left, y: y + 68))
            \(rows.joined(separator: "\n"))
            """
        return RestorationSVG.Part(width: Self.width, height: height, svg: svg)
    }

    /// What is over at the left, as in the bar of the whole; every state that occurs is to be seen.
    private func bar(_ wave: RestorationPicture.Wave, y: Double) -> String {
        let counts = RestorationPicture.counts(wave.boxes)
        let order: [RestorationStatus] = [
            .restored, .waived, .verifying, .restoring, .ready, .regressed, .waiting,
        ]
        let present = order.compactMap { status in counts.first { $0.status == status } }
        let room = Self.width - 2 * Self.left - Double(present.count) * 5
        var x = Self.left
        return present.map { status, count in
            let width = 4 + room * Double(count) / Double(max(wave.boxes.count, 1))
            defer { x += width + 1 }
            return """
                <g class="\(status.rawValue)"><title>\(count.grouped) \(status.rawValue)</title>\
                <rect class="part" x="\(x.points)" y="\(y.points)" width="\(width.points)" height="12"/></g>
                """
        }.joined()
    }

    /// Those in a state by name, as many as a line takes; nil where names help nobody.
    private func names(
        of status: RestorationStatus, in wave: RestorationPicture.Wave, _ holds: RestorationHolds
    ) -> (status: RestorationStatus, text: String)? {
        switch status {
        case .restored, .waived: return nil
        case .waiting, .ready, .restoring, .verifying, .regressed: break
        }
        let boxes = wave.boxes.filter { $0.status == status }
        guard !boxes.isEmpty else { return nil }
        let names = boxes.prefix(Self.namesMax).map { box -> String in
            switch status {
            case .restoring: return box.component + (box.rampPercent.map { " (\($0) %)" } ?? "")
            case .waiting, .regressed:
                guard let first = holds.components(before: box).first else { return box.component }
                return "\(box.component) (after \(first))"
            case .ready, .verifying, .restored, .waived: return box.component
            }
        }
        let room = Self.width - 2 * Self.left - Self.labelWidth - 22
        return (status, SVGText.list(names, count: boxes.count, into: room, size: 12))
    }
}
