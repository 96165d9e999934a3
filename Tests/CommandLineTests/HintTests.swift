import ArgumentParser
import IncidentDomain
import MusterClient
import Testing

@testable import MusterServer
@testable import muster

/// What the daemon suggests becomes a command that exists.
struct HintTests {
    private static func read(_ hint: some JSONWritable) throws -> MusterClient.JSON {
        var writer = JSONWriter()
        writer.value(hint)
        return try JSONReader.read(writer.bytes)
    }

    @Test(arguments: Requirement.allCases)
    func `what meets a requirement is a command that parses`(requirement: Requirement) throws {
        for subject in ["3", "feed@us east", nil] {
            for step in [UnmetRequirement.NextStep.begin, .finish, .look] {
                let unmet = UnmetRequirement(requirement, "missing", subject: subject, step: step)
                let hint = try Self.read(RequirementHint(unmet: unmet, number: 42))
                var calls = [hint["how"]] + hint["alternatives"].items
                if let path = hint["suggestions"].text { calls.append(["method": "GET", "path": .string(path)]) }
                for call in calls {
                    let command = try #require(Hint.command(for: call), "\(call)")
                    #expect(!command.hasPrefix("muster api"), "\(command) needs a command of its own")
                    TypedLine.parses(command)
                }
            }
        }
    }

    @Test(arguments: [
        (#"{"method": "POST", "path": "/v1/incidents/7/acknowledge"}"#, "muster ack 7"),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/advance", "body": {"override": true, "reason": "WHY"}}"#,
            "muster advance 7 --reason WHY --override"
        ),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/revert", "body": {"to": "assess", "reason": "it's worse"}}"#,
            #"muster revert 7 --to assess --reason 'it'\''s worse'"#
        ),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/dismiss", "body": {"reason": "WHY"}}"#,
            "muster dismiss 7 --reason WHY"
        ),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/unmerge", "body": {"reason": "WHY"}}"#,
            "muster unmerge 7 --reason WHY"
        ),
        (
            #"{"method": "PUT", "path": "/v1/incidents/7/roles/commander", "body": {"person": "Ann Lee"}}"#,
            "muster role -i 7 commander 'Ann Lee'"
        ),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/restoration/feed@us%20east/start", "body": {"without": ["db"], "reason": "WHY"}}"#,
            "muster restore start -i 7 'feed@us east' --reason WHY --without db"
        ),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/restoration/feed/start", "body": {"override": true, "reason": "WHY"}}"#,
            "muster restore start -i 7 feed --reason WHY --force"
        ),
        (
            #"{"method": "GET", "path": "/v1/incidents/7/restoration", "until": "2026-12-03T08:00:00Z"}"#,
            "muster restore 7   # until 2026-12-03T08:00:00Z"
        ),
        (
            #"{"method": "GET", "path": "/v1/alerts?incident=7&status=firing,acknowledged"}"#,
            "muster alerts -i 7 --status firing,acknowledged"
        ),
        (#"{"method": "GET", "path": "/v1/alerts?incident=7&component=feed"}"#, "muster alerts -i 7 -c feed"),
        (#"{"method": "GET", "path": "/v1/incidents?open=true"}"#, "muster ls"),
        (#"{"method": "POST", "path": "/v1/alerts/ALERT/resolve"}"#, "muster alerts resolve ALERT"),
        (
            #"{"method": "PATCH", "path": "/v1/incidents/7/mitigations/1", "body": {"in_force": false}}"#,
            "muster mitigate -i 7 1 --lifted"
        ),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/updates/3/approve", "body": {"revision": "REVISION"}}"#,
            "muster update approve -i 7 3"
        ),
        (
            #"{"method": "PUT", "path": "/v1/incidents/7/review", "body": {"sections": [{"id": "lessons", "markdown": "X"}]}}"#,
            "muster review edit 7"
        ),
        (
            #"{"method": "PATCH", "path": "/v1/actions/7-3", "body": {"owner": "NAME", "due": "YYYY-MM-DD"}}"#,
            "muster actions set 7-3 --owner NAME --due YYYY-MM-DD"
        ),
        (#"{"method": "GET", "path": "/v1/probes/front/results"}"#, "muster api GET /v1/probes/front/results"),
        (
            #"{"method": "POST", "path": "/v1/incidents/7/dismiss", "body": {"reason": "-x is a flag"}}"#,
            "muster dismiss 7 --reason='-x is a flag'"
        ),
        // What has more than the command can say is said in full.
        (
            #"{"method": "PUT", "path": "/v1/incidents/7/impacts/feed", "body": {"impact": "degraded", "regions": ["eu"]}}"#,
            #"muster api PUT /v1/incidents/7/impacts/feed -d '{"impact":"degraded","regions":["eu"]}'"#
        ),
    ])
    func `a suggested call is the command that people would type`(call: String, command: String) throws {
        let found = try #require(Hint.command(for: try JSONReader.read(call)))
        #expect(found == command)
        TypedLine.parses(found)
    }

    @Test func `what is no call is no command, and strangers' texts cannot steer the terminal`() throws {
        #expect(Hint.command(for: .null) == nil)
        #expect(Hint.command(for: ["method": "GET"]) == nil)
        let evil: MusterClient.JSON = [
            "method": "PUT", "path": "/v1/incidents/7/roles/commander", "body": ["person": "a\u{1B}[2J\nrm -rf"],
        ]
        let command = try #require(Hint.command(for: evil))
        #expect(!command.contains("\u{1B}") && !command.contains("\n"))
        #expect(command.hasSuffix("'"), "\(command)")
    }

    @Test func `a problem says what is missing, the next commands, and has an exit status`() throws {
        let problem = try JSONReader.read(
            """
            {"type": "/problems/requirements-unmet", "status": 409, "detail": "Cannot leave assess yet: no severity set",
             "incident": 1, "unmet": [{"requirement": "severity_set", "detail": "no severity set",
             "how": {"method": "PATCH", "path": "/v1/incidents/1", "body": {"severity": "sev2"}}}]}
            """)
        let failure = Failure(status: 409, problem: problem)
        #expect(failure.ending == .refused)
        #expect(
            failure.description == "Cannot leave assess yet: no severity set\nNext:\n  muster set -i 1 --severity sev2")
        #expect(Failure.ending(status: 404, type: "") == .notFound)
        #expect(Failure.ending(status: 403, type: "/problems/role-required") == .noAccess)
        #expect(Failure.ending(status: 412, type: "") == .conflict)
        #expect(Failure.ending(status: 503, type: "") == .unreachable)
        #expect(Failure.ending(status: 422, type: "") == .usage)
        #expect(Failure.ending(status: 500, type: "") == .broken)
    }
}
