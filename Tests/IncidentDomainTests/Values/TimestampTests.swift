import FoundationEssentials
import Testing

@testable import IncidentDomain

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"), ("2026-11-22T21:37:20.123Z", "2026-11-22T21:37:20.123Z"),
        ("2026-11-22t21:37:20z", "2026-11-22T21:37:20.000Z"), ("2026-11-22 21:37:20Z", "2026-11-22T21:37:20.000Z"),
        ("2026-11-22T21:37:20.1Z", "2026-11-22T21:37:20.100Z"), ("2026-11-22T21:37:20,12Z", "2026-11-22T21:37:20.120Z"),
        ("2026-11-22T21:37:20.123999999Z", "2026-11-22T21:37:20.123Z"),
        ("2026-11-22T21:37:20+01:00", "2026-11-22T20:37:20.000Z"),
        ("2026-11-22T21:37:20-0530", "2026-11-23T03:07:20.000Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z"), ("2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"), ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"), ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ("2026-11-22T23:59:59-00:00", "2026-11-22T23:59:59.000Z"),
    ])
    func `RFC 3339 is read, and written in UTC with milliseconds`(_ text: String, _ written: String) {
        #expect(Timestamp(text)?.description == written)
    }

    @Test(arguments: [
        "", "2026", "2026-11-22", "2026-11-22T21:37", "2026-11-22T21:37:20", "2026-11-22T21:37:20.Z",
        "2026-11-22T21:37:20ZZ", "2026-11-22T21:37:20+1:00", "2026-11-22T21:37:20+24:00", "2026-11-22T21:37:20+01:60",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-00T00:00:00Z",
        "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T00:60:00Z",
        "2026-11-22T00:00:61Z", " 2026-11-22T21:37:20Z", "2026-11-22T21:37:20Z ", "2026-11-22X21:37:20Z",
        "+2026-11-22T21:37:20Z", "26-11-22T21:37:20Z", "٢٠٢٦-11-22T21:37:20Z", "2026-11-22T21:37:20.12a3Z",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "1764000000",
    ])
    func `what is not such a time is refused`(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `any value comes back as it was written`() throws {
        var random = SeededGenerator()
        let range = Timestamp.earliest.milliseconds...Timestamp.latest.milliseconds
        let near: ClosedRange<Int64> = -4_000_000_000_000...4_000_000_000_000
        for index in 0..<20_000 {
            let moment = Timestamp(milliseconds: .random(in: index.isMultiple(of: 2) ? range : near, using: &random))
            #expect(Timestamp(moment.description) == moment, "\(random.seedText)")
        }
        for moment in [Timestamp.earliest, .latest, Timestamp(milliseconds: -1)] {
            #expect(Timestamp(moment.description) == moment)
            let bytes = try JSONEncoder().encode([moment])
            #expect(try JSONDecoder().decode([Timestamp].self, from: bytes) == [moment])
        }
    }

    @Test func `it agrees with Foundation about every day of four centuries`() {
        for day in stride(from: Int64(-73_000), to: 73_100, by: 1) {
            let moment = Timestamp(milliseconds: day * 86_400_000 + 43_200_000)
            let date = Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000)
            #expect(date.formatted(.iso8601.year().month().day()) == String(moment.description.prefix(10)))
        }
    }

    @Test func `text order is time order`() {
        var random = SeededGenerator()
        for _ in 0..<5_000 {
            let range = Timestamp.earliest.milliseconds...Timestamp.latest.milliseconds
            let (first, second) = (
                Timestamp(milliseconds: .random(in: range, using: &random)),
                Timestamp(milliseconds: .random(in: range, using: &random))
            )
            #expect((first < second) == (first.description < second.description), "\(random.seedText)")
        }
    }

    @Test func `calculating never leaves the ends of time`() {
        let moment = clock("10:00")
        #expect(moment.adding(seconds: 1.5) == clock("10:00:01.500"))
        #expect(moment.adding(seconds: -0.0004) == moment)
        #expect(moment.seconds(since: clock("09:59:59.750")) == 0.25)
        #expect(clock("09:00").seconds(since: moment) == -3600)
        #expect(moment.adding(seconds: .infinity) == .latest)
        #expect(moment.adding(seconds: -.greatestFiniteMagnitude) == .earliest)
        #expect(moment.adding(seconds: .nan) == moment)
        #expect(Timestamp.earliest.adding(seconds: 1e300) == .latest)
        #expect(Timestamp(milliseconds: .max) == .latest)
        #expect(Timestamp(milliseconds: .min) == .earliest)
        #expect(Timestamp.latest.seconds(since: .earliest) > 3e11)
    }

    @Test func `a time in JSON that is none is refused`() {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Timestamp].self, from: Data(#"["yesterday"]"#.utf8))
        }
    }
}
