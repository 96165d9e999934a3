import Testing

@testable import IncidentDomain

/// Who may what, by what the person behind a token is in this incident.
struct AuthorityTests {
    /// What a commander does, each where it can be done.
    private static let commands: [(phase: Phase, command: IncidentCommand)] = [
        (.detect, .set(.sev4)),
        (.detect, .advance(to: nil, reason: "obvious", override: true)),
        (.restore, .waive("feed")),
        (.restore, .orderSteps(components: ["feed"], reason: nil)),
        (.restore, .setHands(["default": 2], reason: nil)),
        (.review, .approveReview(sections: [])),
    ]

    private static let update = IncidentCommand.postUpdate(UpdateContent(audience: .users, body: "We work on it"))

    private static func holder(_ role: Role, _ person: String? = "Rita Book") -> Principal {
        .holder(ofToken: "phone", id: "9", role: role, person: person)
    }

    private static func led(to phase: Phase, by role: IncidentRole?) throws -> Given {
        var given = try Given.incident(in: phase)
        if given.incident.severity == nil { given = try given.and(.set(.sev1)) }
        if phase == .review { given = try given.and(.draftReview) }
        if let role { given = try given.and(.assignRole(role, person: "rita book")) }
        return given
    }

    @Test func `who holds commander in the incident commands it with a responder's token`() throws {
        for (phase, command) in Self.commands {
            let context: Comment = "\(command)"
            let given = try Self.led(to: phase, by: .commander)
            #expect(given.when(command, by: Self.holder(.responder)).isAccepted, context)
            #expect(given.when(command, by: Self.holder(.responder, nil)).code == "role-required", context)
            #expect(given.when(command, by: Self.holder(.responder, "Ron")).code == "role-required", context)
            #expect(given.when(command, by: Self.holder(.viewer)).code == "role-required", context)
            let nobody = try Self.led(to: phase, by: nil)
            if nobody.incident.roles[.commander] == nil {
                #expect(nobody.when(command, by: Self.holder(.responder)).code == "role-required", context)
            }
            let other = try Self.led(to: phase, by: .communications)
            #expect(other.when(command, by: Self.holder(.responder)).code == "role-required", context)
            #expect(other.when(command, by: Self.holder(.commander, nil)).isAccepted, context)
        }
    }

    @Test func `who holds communications or commander publishes, the scribe does not`() throws {
        for role in IncidentRole.allCases {
            let given = try Self.led(to: .mitigate, by: role)
            let answer = given.when(Self.update, by: Self.holder(.responder))
            #expect(answer.isAccepted == [.commander, .communications].contains(role), "\(role)")
            #expect(given.when(Self.update, by: Self.holder(.viewer)).code == "role-required")
        }
    }

    @Test func `what is taken out for ever takes the token's role`() throws {
        let given = try Self.led(to: .mitigate, by: .commander)
        let redact = IncidentCommand.redact(sequence: 1, reason: "r", replacementDigest: "")
        #expect(given.when(redact, by: Self.holder(.responder)).code == "role-required")
        #expect(given.when(redact, by: Self.holder(.commander)).isAccepted)
    }

    @Test func `to act for somebody gives no right, and shows both`() throws {
        let tool = Principal(id: "9", name: "chat bot", role: .responder).onBehalf(of: "Rita Book")
        #expect(tool.name == "Rita Book" && tool.token == "chat bot" && tool.person == nil)
        let given = try Self.led(to: .detect, by: .commander)
        #expect(given.when(.set(.sev4), by: tool).code == "role-required")
        let phone = Self.holder(.responder)
        #expect(phone.name == "Rita Book" && phone.token == "phone" && phone.onBehalf(of: "Rita Book") == phone)
        #expect(phone.onBehalf(of: "Ron").token == "phone" && phone.onBehalf(of: "Ron").person == "Rita Book")
    }

    @Test func `a person cannot approve an update of their own with another token`() throws {
        let given = try Self.led(to: .mitigate, by: .commander)
        let drafted = try given.and(
            .draftUpdate(UpdateRequest(UpdateContent(audience: .users, body: "We work on it"))),
            by: Self.holder(.responder))
        let approve = IncidentCommand.changeUpdate(id: 1, .approve(revision: 1))
        let second = Principal.holder(ofToken: "laptop", id: "10", role: .commander, person: "Rita Book")
        #expect(drafted.when(approve, by: second).code == "update-state")
        #expect(drafted.when(approve, by: .carla).isAccepted)
    }

    @Test func `nobody approves an own update, however the name is written and whoever it is said to be for`() throws {
        let given = try Self.led(to: .mitigate, by: .commander)
        let draft = IncidentCommand.draftUpdate(UpdateRequest(UpdateContent(audience: .users, body: "We work on it")))
        let approve = IncidentCommand.changeUpdate(id: 1, .approve(revision: 1))
        let phone = Self.holder(.responder)
        let pairs: [(author: Principal, approver: Principal)] = [
            (phone, .holder(ofToken: "x", id: "10", role: .commander, person: "RITA BOOK")),
            (phone.onBehalf(of: "Grace"), .holder(ofToken: "x", id: "10", role: .commander, person: "Rita Book")),
            (phone.onBehalf(of: "Grace"), .holder(ofToken: "x", id: "10", role: .commander, person: " grace ")),
            (phone, Principal(id: "11", name: "bot", role: .commander).onBehalf(of: "rita book")),
        ]
        for (author, approver) in pairs {
            let drafted = try given.and(draft, by: author)
            #expect(drafted.when(approve, by: approver).code == "update-state", "\(author) \(approver)")
        }
        // Who changes a draft is one more author, and the first one stays one.
        let changed = try given.and(draft, by: phone.onBehalf(of: "Grace")).and(
            .changeUpdate(id: 1, .revise(UpdatePatch(body: "More"))), by: phone)
        let grace = Principal.holder(ofToken: "y", id: "12", role: .commander, person: "Grace")
        #expect(changed.when(.changeUpdate(id: 1, .approve(revision: 2)), by: grace).code == "update-state")
    }

    @Test func `what the commander here schedules is published at its time`() throws {
        for role in [IncidentRole.commander, .communications] {
            let given = try Self.led(to: .mitigate, by: role)
            let at = given.now.adding(seconds: 600)
            let request = UpdateRequest(UpdateContent(audience: .users, body: "We work on it"), publishAt: at)
            var due = try given.and(.draftUpdate(request), by: Self.holder(.responder))
            due.now = at.adding(seconds: 1)
            guard case .events(let events) = due.when(.deadlinePassed, by: .daemon) else { return #expect(Bool(false)) }
            let kinds = events.map { type(of: $0).kind }
            #expect(kinds.contains("update_posted") && !kinds.contains("update_held"), "\(role): \(kinds)")
        }
    }

    @Test func `a waiver cannot be gone around by taking the impact away`() throws {
        let given = try Self.led(to: .restore, by: nil).and(.waive("feed"))
        for command in [IncidentCommand.removeImpact(component: "feed"), .hit("feed", .none)] {
            #expect(given.when(command, by: .rita).code == "role-required", "\(command)")
            #expect(given.when(command, by: .carla).isAccepted, "\(command)")
        }
    }

    @Test func `the refusal says who may, and whether the caller can take the role`() throws {
        let given = try Self.led(to: .detect, by: .commander)
        let refused = given.when(.set(.sev4), by: Self.holder(.responder, "Ron"))
        guard case .refused(let refusal) = refused else { return #expect(Bool(false)) }
        #expect(
            refusal.description
                == "Requires role commander to change the severity; this token has responder. "
                + "In INC-42, the commander (rita book) may do it too.")
        guard case .refused(let tools) = given.when(.set(.sev4), by: Self.holder(.responder, nil)) else {
            return #expect(Bool(false))
        }
        #expect(tools.description.hasSuffix("This token names no person."))
    }
}
