@testable import IncidentDomain
@testable import MusterServer

/// Pictures to be drawn: the demonstration's shape, and as many components as wanted.
enum PictureSample {
    static let asOf = Timestamp("2026-11-22T10:46:00Z") ?? Timestamp(milliseconds: 0)

    static func heading(_ title: String = "Nothing plays in Europe") -> RestorationPicture.Heading {
        RestorationPicture.Heading(
            incident: 42, title: title, asOf: asOf,
            expected: RestorationPicture.Expected(
                median: asOf.adding(seconds: 5400), p90: asOf.adding(seconds: 9000)),
            goals: [
                RestorationPicture.Goal(
                    name: "Sign in",
                    expected: RestorationPicture.Expected(
                        median: asOf.adding(seconds: 1440), p90: asOf.adding(seconds: 2400))),
                RestorationPicture.Goal(name: "Search", without: ["search"]),
                RestorationPicture.Goal(name: "Upload", isBack: true),
            ], overdue: [RestorationPicture.Overdue(component: "edge", seconds: 16_200, owner: "network")],
            startNext: [
                RestorationPicture.Next(component: "session-cache", unblocks: 0),
                RestorationPicture.Next(component: "event-bus", unblocks: 12),
            ], startNextTotal: 9, inForce: ["Two of five qualities are switched off"])
    }

    static func box(
        _ component: String, _ status: RestorationStatus, tier: Int = 0, counts effectiveTier: Int? = nil,
        needs: [String] = [], soft: [String] = [], ramp: Int? = nil, failures: Int = 0
    ) -> RestorationPicture.Box {
        RestorationPicture.Box(
            component: component, name: nil, tier: tier, effectiveTier: effectiveTier ?? tier, status: status,
            rampPercent: ramp, moment: status == .waiting || status == .ready ? nil : asOf, failures: failures,
            needs: needs, softNeeds: soft)
    }

    /// Every state, a forced ramp, a way back, soft and hard needs, and a critical path through a gate.
    static let everyState = RestorationPicture(
        heading: heading(),
        waves: [
            RestorationPicture.Wave(
                number: 1, tier: 0, stable: false,
                boxes: [
                    box("dns", .restored), box("user-db", .regressed, tier: 1, counts: 0),
                    box("object-storage", .waived), box("edge", .restoring, needs: ["dns"], ramp: 60),
                    box("cdn", .verifying, needs: ["dns", "object-storage"], ramp: 100),
                    box("session-cache", .ready, failures: 2),
                    box("auth", .waiting, needs: ["user-db"], soft: ["session-cache"]),
                    box("api-gateway", .waiting, needs: ["edge", "auth"]),
                ]),
            RestorationPicture.Wave(
                number: 2, tier: 1, stable: false,
                boxes: [
                    box("playback", .waiting, tier: 1, needs: ["api-gateway", "cdn", "dns"]),
                    box("search", .waiting, tier: 1, needs: ["api-gateway"], soft: ["playback"]),
                    box("event-bus", .waiting, tier: 1),
                ]),
        ], criticalPath: ["user-db", "auth", "api-gateway", "event-bus"], wavesMode: .enforce)

    /// Two regions of a platform, and what is one thing everywhere.
    static func regions(_ count: Int, _ names: [String] = ["eu", "us"]) -> RestorationPicture {
        var picture = platform(count)
        for wave in picture.waves.indices {
            for index in picture.waves[wave].boxes.indices where index % (names.count + 1) > 0 {
                picture.waves[wave].boxes[index].region = names[index % (names.count + 1) - 1]
            }
        }
        return picture
    }

    /// A platform of any size, always the same.
    static func platform(_ count: Int) -> RestorationPicture {
        let statuses: [RestorationStatus] = [.waiting, .restored, .ready, .regressed, .restoring, .verifying, .waived]
        let waves = (0..<4).map { tier in
            let own = (count * tier / 4)..<(count * (tier + 1) / 4)
            return RestorationPicture.Wave(
                number: tier + 1, tier: tier, stable: false,
                boxes: own.map { index in
                    let needs = [index / 2, index - 3, index - 7].filter { $0 >= 0 && $0 < index }
                    return box(
                        "component-\(index)", statuses[index % 11 % 7], tier: tier,
                        needs: Array(Set(needs)).sorted().map { "component-\($0)" },
                        soft: index > 20 && index.isMultiple(of: 5) ? ["component-\(index - 20)"] : [])
                })
        }
        let path = stride(from: 0, to: count, by: max(1, count / 9)).map { "component-\($0)" }
        return RestorationPicture(heading: heading(), waves: waves.filter { !$0.boxes.isEmpty }, criticalPath: path)
    }
}
