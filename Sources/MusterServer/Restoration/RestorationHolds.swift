import IncidentDomain

/// What holds up the components of a picture that have not begun.
struct RestorationHolds {
    private let boxes: [String: RestorationPicture.Box]
    /// The first wave that is not stable, by the numbers of the waves behind it.
    private let gates: [Int: Int]
    private let wave: [String: Int]
    /// The numbers of the waves that are not stable.
    private let unstable: [Int]

    init(_ picture: RestorationPicture) {
        boxes = Dictionary(picture.boxes.map { ($0.component, $0) }) { first, _ in first }
        var gates: [Int: Int] = [:]
        var wave: [String: Int] = [:]
        var open: Int?
        for each in picture.waves {
            gates[each.number] = open
            for box in each.boxes { wave[box.component] = each.number }
            if !each.stable, open == nil { open = each.number }
        }
        (self.gates, self.wave) = (gates, wave)
        unstable = picture.waves.filter { !$0.stable }.map(\.number)
    }

    /// The components that one waits for: also behind what is restored already, and not behind what was waived. What is
    /// worked on waits for nothing.
    func components(before box: RestorationPicture.Box) -> [String] {
        guard box.status.isHeld else { return [] }
        var found: [String] = []
        var seen: Set<String> = [box.component]
        var pending = box.needs
        var next = 0
        while next < pending.count {
            let name = pending[next]
            next += 1
            guard seen.insert(name).inserted, let other = boxes[name] else { continue }
            switch other.status {
            case .waiting, .ready, .restoring, .verifying, .regressed: found.append(name)
            case .restored: pending += other.needs
            case .waived: break
            }
        }
        return found
    }

    /// The first wave that has to become stable before a component may begin; nil when all before it are.
    func gate(before box: RestorationPicture.Box) -> Int? {
        box.status.isHeld ? wave[box.component].flatMap { gates[$0] } : nil
    }

    /// The last wave that has to become stable before another begins; nil when it may begin.
    func gate(before number: Int) -> Int? { gates[number] == nil ? nil : unstable.last { $0 < number } }

    /// Without which of the components that it would like to have it works degraded now.
    func missing(for box: RestorationPicture.Box) -> [String] {
        box.status == .waived ? [] : box.softNeeds.filter { boxes[$0].map { !$0.status.isDone } ?? false }
    }
}
