import Glibc
import IncidentDomain
import Logging
import Testing

@testable import MusterServer

struct LogHandlerTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_123)

    private func event(_ message: Logger.Message, _ metadata: Logger.Metadata? = nil) -> LogEvent {
        LogEvent(
            level: .warning, message: message, metadata: metadata, source: "test", file: "f", function: "g", line: 1)
    }

    @Test func `a line is one JSON object with the metadata flattened`() {
        var handler = JSONLogHandler(label: "musterd", level: .info)
        handler[metadataKey: "request_id"] = "r-1"
        let event = event(
            "a \"message\"\nof two lines",
            [
                "count": .stringConvertible(3), "ratio": .stringConvertible(0.5), "empty": "",
                "nested": .dictionary(["b": "2", "a": .dictionary(["c": "1"])]), "list": .array(["x", "y"]),
                "level": "mine",
            ])
        let line = JSONLogHandler.line(event, label: "musterd", metadata: LogMetadata.merged(handler, event), now: now)
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"ts":"2023-11-14T22:13:20.123Z","level":"warning","message":"a \"message\"\nof two lines","#
                + #""logger":"musterd","count":3,"level_":"mine","list":["x","y"],"nested.a.c":"1","nested.b":"2","#
                + #""ratio":0.5,"request_id":"r-1"}"#)
    }

    @Test func `what the event says wins over what the logger says`() {
        var handler = JSONLogHandler(label: "musterd", level: .info)
        handler[metadataKey: "a"] = "logger"
        #expect(
            LogMetadata.merged(handler, event("m", ["a": "event"])) == [LogMetadata(key: "a", value: .string("event"))])
    }

    @Test func `a line for people is one line too`() {
        let handler = TextLogHandler(label: "musterd", level: .info)
        let event = event("stopped\nat once", ["reason": "no disk", "code": .stringConvertible(7), "who": "me"])
        let line = TextLogHandler.line(event, metadata: LogMetadata.merged(handler, event), now: now)
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"2023-11-14T22:13:20.123Z WARNING  stopped\nat once code=7 reason="no disk" who=me"#)
    }

    @Test func `a line goes out whole, with its end, and is cut when it is a document`() throws {
        let pipe = try Pipe()
        let output = LogOutput(fileDescriptor: pipe.writeEnd)
        output.write(Array("one".utf8))
        #expect(pipe.read() == "one\n")
        output.write([UInt8](repeating: UInt8(ascii: "x"), count: LogOutput.lineBytesMax + 1000))
        #expect(pipe.read().utf8.count == LogOutput.lineBytesMax + 1)
    }

    @Test func `a line of JSON that would be cut loses its metadata instead, and stays an object`() throws {
        let pipe = try Pipe()
        let handler = JSONLogHandler(
            label: "musterd", output: LogOutput(fileDescriptor: pipe.writeEnd), level: .info)
        let document = String(repeating: "\"", count: LogOutput.lineBytesMax)
        handler.log(event: event("too much", ["document": .string(document)]))
        let line = try JSONParser.parse(Array(pipe.read().utf8))
        #expect(line["message"]?.string == "too much" && line["cut"]?.bool == true)
    }

    @Test(arguments: [
        (Logger.Level.error, "<3>"), (.warning, "<4>"), (.notice, "<5>"), (.info, "<6>"), (.debug, "<7>"),
    ])
    func `journald gets a priority and no time`(level: Logger.Level, prefix: String) throws {
        let pipe = try Pipe()
        let output = LogOutput(fileDescriptor: pipe.writeEnd, isJournal: true)
        let event = LogEvent(
            level: level, message: "m", metadata: nil, source: "test", file: "f", function: "g", line: 1)
        JSONLogHandler(label: "musterd", output: output, level: .trace).log(event: event)
        #expect(pipe.read() == #"\#(prefix){"level":"\#(level)","message":"m","logger":"musterd"}"# + "\n")
        TextLogHandler(label: "musterd", output: output, level: .trace).log(event: event)
        #expect(pipe.read().hasPrefix(prefix + level.rawValue.uppercased()))
    }

    @Test func `standard error is the journal's only when it is the file that systemd names`() {
        var info = stat()
        fstat(STDERR_FILENO, &info)
        let own = "\(info.st_dev):\(info.st_ino)"
        #expect(LogOutput.standardError(environment: ["JOURNAL_STREAM": own]).isJournal)
        #expect(!LogOutput.standardError(environment: ["JOURNAL_STREAM": "1:1"]).isJournal)
        #expect(!LogOutput.standardError(environment: [:]).isJournal)
    }

    @Test func `a log that nobody reads any more stops nothing`() throws {
        let pipe = try Pipe()
        let output = LogOutput(fileDescriptor: pipe.writeEnd)
        pipe.closeReadEnd()
        output.write(Array("one".utf8))
    }
}
