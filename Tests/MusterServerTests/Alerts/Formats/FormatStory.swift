import HTTPTypes
import IncidentDomain
import NIOCore
import Testing

@testable import MusterServer

/// The life of one alert in a tool's messages, written by us from the shapes that the vendor documents.
struct FormatStory: Sendable, CustomTestStringConvertible {
    /// One message: what stands for `STATE` in the body, and what is said by it; nil when nothing is.
    struct Step: Sendable {
        let word: String
        let status: IncomingAlert.Status?
    }

    let kind: SourceKind
    let name: String
    let identity: String
    let title: String
    let body: String
    let steps: [Step]
    var headers: HTTPFields = [:]

    init(
        _ kind: SourceKind, _ name: String = "", identity: String, title: String, _ body: String,
        _ steps: KeyValuePairs<String, IncomingAlert.Status?>, headers: HTTPFields = [:]
    ) {
        self.kind = kind
        self.name = name
        self.identity = identity
        self.title = title
        self.body = body
        self.steps = steps.map { Step(word: $0.key, status: $0.value) }
        self.headers = headers
    }

    var testDescription: String { "\(kind.rawValue) \(name)" }

    func request(_ word: String) -> ForeignRequest {
        ForeignRequest(
            body: ByteBuffer(string: body.replacing("STATE", with: word)), headers: headers,
            receivedAt: FormatStory.now)
    }

    static let now = Timestamp(milliseconds: 1_790_000_000_000)

    static let all = hubs + clouds + checks + servers
}

/// Each kind of source reads its tool's firing, repeat and end as one alert.
struct FormatStoryTests {
    @Test(arguments: FormatStory.all)
    func `a firing, its repeat and its end have one identity`(story: FormatStory) throws {
        for step in story.steps {
            let message = try story.kind.format.read(story.request(step.word))
            guard let status = step.status else {
                #expect(message.alerts.isEmpty, "\(step.word) says nothing")
                continue
            }
            let alert = try #require(message.alerts.first)
            #expect(message.alerts.count == 1 && alert.status == status, "\(step.word)")
            #expect(alert.identity == story.identity && alert.title == story.title)
            #expect(alert.endsAt == nil || status == .resolved)
            #expect(!alert.payload.kept.isEmpty)
            #expect(try story.kind.format.read(story.request(step.word)).alerts == message.alerts)
        }
    }

    @Test(arguments: FormatStory.all)
    func `a state that the tool has not is refused, or counts as firing`(story: FormatStory) throws {
        guard story.body.contains("STATE") else { return }
        do {
            let message = try story.kind.format.read(story.request("frobnicated"))
            #expect(message.alerts.allSatisfy { $0.status == .firing })
        } catch {
            #expect(error.kind == .notJSON || (error.kind == .invalidValue && !error.errors.isEmpty))
        }
    }

    @Test func `every kind has a story with a beginning`() {
        for kind in SourceKind.allCases where kind.rawValue != "internal" {
            let steps = FormatStory.all.filter { $0.kind == kind }.flatMap(\.steps)
            #expect(steps.contains { $0.status == .firing }, "\(kind.rawValue)")
        }
    }
}
