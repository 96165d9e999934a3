import FoundationEssentials
import Glibc
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// What was stored once is read for ever: each kind's golden file is such a stored payload. A change that breaks one of
/// these breaks the timelines of everybody.
struct EventCodecTests {
    /// Missing golden files are written, instead of failing, when MUSTER_UPDATE_GOLDEN is 1. Existing ones never change.
    private static let makesGolden = getenv("MUSTER_UPDATE_GOLDEN").map { String(cString: $0) } == "1"

    private static func path(_ stored: EventCodec.Stored) -> String {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(folder)/Golden/\(stored.kind).v\(stored.version).json"
    }

    @Test(arguments: EventSamples.all)
    func `an event is stored as its golden file says, and read back from it`(event: IncidentEvent) throws {
        let stored = try EventCodec.encode(event)
        let url = URL(filePath: Self.path(stored))
        if Self.makesGolden, !FileManager.default.fileExists(atPath: Self.path(stored)) {
            try Data(stored.payload + [0x0A]).write(to: url)
        }
        let golden = try #require(
            try? Data(contentsOf: url), "\(stored.kind) has no golden file; MUSTER_UPDATE_GOLDEN=1 makes it")
        let payload = golden.last == 0x0A ? Array(golden.dropLast()) : Array(golden)
        #expect(String(decoding: stored.payload, as: UTF8.self) == String(decoding: payload, as: UTF8.self))
        #expect(try EventCodec.decode(kind: stored.kind, version: stored.version, payload: payload) == event)
    }

    @Test func `every kind has a sample and a golden file of its own, and nothing else lies there`() throws {
        let names = try EventSamples.all.map { event in
            let stored = try EventCodec.encode(event)
            return "\(stored.kind).v\(stored.version).json"
        }
        #expect(Set(names).count == names.count)
        let forms = IncidentEvent.types.flatMap { type in type.versions.map { "\(type.kind).v\($0).json" } }
        #expect(Set(names) == Set(forms))
        let folder = Self.path(EventCodec.Stored(kind: "x", version: 1, payload: [])).dropLast("/x.v1.json".count)
        let files = try FileManager.default.contentsOfDirectory(atPath: String(folder))
        #expect(Set(files) == Set(names))
    }

    @Test(arguments: EventSamples.all)
    func `a redacted event is read back, too`(event: IncidentEvent) throws {
        let stored = try EventCodec.encode(event.redacted)
        #expect(stored.kind == event.kind)
        #expect(
            try EventCodec.decode(kind: stored.kind, version: stored.version, payload: stored.payload)
                == event.redacted)
    }

    @Test(arguments: EventSamples.all)
    func `a field that a later release adds is passed over`(event: IncidentEvent) throws {
        let stored = try EventCodec.encode(event)
        let comma: [UInt8] = stored.payload.count > 2 ? [UInt8(ascii: ",")] : []
        let later = Array(#"{"zzz_later":{"deep":[1]}"#.utf8) + comma + stored.payload.dropFirst()
        #expect(try EventCodec.decode(kind: stored.kind, version: stored.version, payload: later) == event)
    }

    @Test func `a correlation is stored beside the alerts, and alerts without one as they always were`() throws {
        let mention = AlertMention(id: "0199-a", title: "Errors", component: "feed")
        let correlation = AlertCorrelation(
            component: "feed", through: ["feed", "auth", "user-db"], direction: .dependsOnAffected)
        let event = IncidentEvent(AlertsAttached(AlertBatch([mention], correlation: correlation)))
        let golden = """
            {"alerts":[{"component":"feed","id":"0199-a","title":"Errors"}],"correlation":{"component":"feed",\
            "direction":"depends_on_affected","through":["feed","auth","user-db"]},"counts":{"feed":1}}
            """
        #expect(String(decoding: try EventCodec.encode(event).payload, as: UTF8.self) == golden)
        #expect(try EventCodec.decode(kind: "alerts_attached", version: 1, payload: Array(golden.utf8)) == event)
    }

    /// Events that got fields after they were first stored, with what they are stored as now.
    private static let extended: [(event: any TimelineEvent, golden: String)] = {
        let due = Timestamp(milliseconds: 1_795_348_800_123)
        let content = UpdateContent(audience: .users, language: "de", body: "Wir arbeiten daran.", eta: due)
        let written = #""2026-11-22T12:00:00.123Z""#
        return [
            (
                UpdatePosted(content, id: 2, nextUpdateAt: due),
                #"{"audience":"users","body":"Wir arbeiten daran.","eta":\#(written),"id":2,"language":"de","#
                    + #""next_update_at":\#(written),"public":true,"steps":[]}"#
            ),
            (
                SeveritySet(severity: .sev1, previous: .sev2, updateDueAt: due),
                #"{"previous":"sev2","severity":"sev1","update_due_at":\#(written)}"#
            ),
            (
                SeveritySet(severity: .sev3, previous: .sev1, approval: [.users], approvalUntil: due),
                #"{"approval":["users"],"approval_until":\#(written),"previous":"sev1","severity":"sev3"}"#
            ),
            (
                SeveritySet(severity: .sev2, origin: .alert), #"{"origin":"alert","severity":"sev2"}"#
            ),
            (
                AlertsAttached(
                    AlertBatch(
                        [AlertMention(id: "0199-a", title: "Errors", component: nil)],
                        saying: AlertsSay(
                            links: [IncidentLink(.runbook, "https://wiki.example/a")].compactMap(\.self),
                            severity: .sev1))),
                #"{"alerts":[{"id":"0199-a","title":"Errors"}],"counts":{"":1},"#
                    + #""links":[{"kind":"runbook","url":"https://wiki.example/a"}],"severity":"sev1"}"#
            ),
            (
                PhaseEntered(phase: .review, from: .restore, overridden: [], reason: nil, reviewDueAt: due),
                #"{"from":"restore","overridden":[],"phase":"review","review_due_at":\#(written)}"#
            ),
            (
                PhaseReverted(phase: .mitigate, from: .review, reason: "again", updateDueAt: due),
                #"{"from":"review","phase":"mitigate","reason":"again","update_due_at":\#(written)}"#
            ),
        ]
    }()

    @Test func `fields that came later stand beside the first ones`() throws {
        for (event, golden) in Self.extended {
            let stored = try EventCodec.encode(IncidentEvent(event))
            #expect(String(decoding: stored.payload, as: UTF8.self) == golden)
            let read = try EventCodec.decode(kind: stored.kind, version: 1, payload: stored.payload)
            #expect(read == IncidentEvent(event))
        }
    }

    @Test func `an unknown kind is named`() {
        let error = #expect(throws: EventCodec.Unreadable.self) {
            try EventCodec.decode(kind: "moon_phase", version: 1, payload: Array("{}".utf8))
        }
        #expect(error?.description.contains("moon_phase") == true && error?.reason == "unknown kind")
    }

    @Test func `an unknown version is named`() {
        let error = #expect(throws: EventCodec.Unreadable.self) {
            try EventCodec.decode(kind: "note_added", version: 2, payload: Array("{}".utf8))
        }
        #expect(error?.version == 2 && error?.reason == "unknown version")
    }

    @Test(arguments: ["{}", "[]", "", "{\"text\":1,\"key\":true}", "{\"text\":\"a\"}", "null", "\u{FF}"])
    func `a payload that is not of its kind is refused`(payload: String) {
        #expect(throws: EventCodec.Unreadable.self) {
            try EventCodec.decode(kind: "note_added", version: 1, payload: Array(payload.utf8))
        }
    }
}
