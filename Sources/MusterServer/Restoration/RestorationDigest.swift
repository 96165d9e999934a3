import IncidentDomain

/// The part of the picture for more components than can be read as boxes: a card for each wave, with its states and the
/// names that somebody at work looks for first.
struct RestorationDigest {
    private static let width = 952.0
    private static let left = 20.0
    private static let labelWidth = 92.0
    private static let room = width - 2 * left - labelWidth - 22
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
        let restored = wave.boxes.count { $0.status == .restored }
        let waived = wave.boxes.count { $0.status == .waived }
        let facts =
            "tier \(wave.tier) · \(restored.grouped) of \(wave.boxes.count.grouped) restored"
            + (waived > 0 ? " · \(waived.grouped) waived" : "")
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
        let groups = groups(of: wave, y: y + 92 + Double(lists.count) * 21)
        let lines = lists.count + groups.count
        let height = 82 + Double(lines) * 21 + (lines == 0 ? 0 : 8)
        let svg = """
            <rect class="rule-box" x="0.5" y="\((y + 0.5).points)" width="\((Self.width - 1).points)" \
            height="\(height.points)" rx="6"/>
            <text class="wave" x="\(Self.left.points)" y="\((y + 26).points)">Wave \(wave.number)</text>
            <text class="soft" x="\((Self.left + 82).points)" y="\((y + 26).points)">\(facts)</text>
            <text class="\(wave.stable ? "restored word" : "soft strong") end" \
            x="\((Self.width - Self.left).points)" y="\((y + 26).points)">\(state(wave, holds))</text>
            \(bar(wave, y: y + 36))
            \(RestorationIcon.counts(wave.boxes, x: Self.left, y: y + 68))
            \((rows + groups).joined(separator: "\n"))
            """
        return RestorationSVG.Part(width: Self.width, height: height, svg: svg)
    }

    private func state(_ wave: RestorationPicture.Wave, _ holds: RestorationHolds) -> String {
        if wave.stable { return "✓ stable" }
        guard picture.wavesMode == .enforce else { return "" }
        return holds.gate(before: wave.number).map { "starts when wave \($0) is stable" } ?? "open"
    }

    /// How far each region and each owner is, those first who have most to do; of what nobody owns nothing is said.
    private func groups(of wave: RestorationPicture.Wave, y: Double) -> [String] {
        let kinds: [(String, KeyPath<RestorationPicture.Box, String?>)] = [
            ("by region", \.region), ("by owner", \.owner),
        ]
        let lists = kinds.compactMap { label, key -> (String, String)? in
            let named = wave.boxes.filter { $0[keyPath: key] != nil }
            let groups = Dictionary(grouping: named) { $0[keyPath: key] ?? "" }.map { name, boxes in
                (name: name, left: boxes.count { !$0.status.isDone }, total: boxes.count)
            }.sorted { (-$0.left, $0.name) < (-$1.left, $1.name) }
            guard !groups.isEmpty else { return nil }
            let texts = groups.prefix(Self.namesMax).map { group in
                group.left == 0
                    ? "\(group.name) done" : "\(group.name) \(group.left.grouped) of \(group.total.grouped) to do"
            }
            return (label, SVGText.list(texts, count: groups.count, into: Self.room, size: 12))
        }
        return lists.enumerated().map { place, list in
            let y = (y + Double(place) * 21).points
            return """
                <text class="soft" x="\((Self.left + 22).points)" y="\(y)">\(list.0)</text>\
                <text class="ink" x="\((Self.left + 22 + Self.labelWidth).points)" y="\(y)">\
                \(SVGText.escape(list.1))</text>
                """
        }
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
        return (status, SVGText.list(names, count: boxes.count, into: Self.room, size: 12))
    }
}
