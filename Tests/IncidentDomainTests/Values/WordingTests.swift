import Testing

@testable import IncidentDomain

struct WordingTests {
    @Test(arguments: [
        (0.0, "0 s"), (0.25, "under 1 s"), (1, "1 s"), (59.9, "59 s"), (60, "1 min"), (3661, "1 h 1 min 1 s"),
        (7200, "2 h"), (86_399, "23 h 59 min 59 s"), (86_400, "1 d"), (90_061, "1 d 1 h 1 min"), (-90, "−1 min 30 s"),
        (.infinity, "unknown"), (.nan, "unknown"), (1e300, "11574074 d 1 h 46 min"),
    ])
    func `lengths of time read well`(_ seconds: Double, _ text: String) {
        #expect(DurationText.human(seconds) == text)
    }

    @Test(arguments: [(0.0, "0"), (7400, "7400"), (0.25, "0.25"), (-1.5, "-1.5")])
    func `exact seconds have every digit`(_ seconds: Double, _ text: String) {
        #expect(DurationText.exact(seconds) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_200_000, "1,200,000"), (-1000, "-1,000")])
    func `large numbers are grouped`(_ number: Int, _ text: String) {
        #expect(number.grouped == text)
    }

    @Test(arguments: [
        ("7 alerts are firing", "7 alerts are firing."), ("a b", "A b."),
        (" no  review\nhas begun. ", "No review has begun."),
        ("no commander", "No commander."), ("éa b", "Éa b."), ("", ""), ("x", "X."),
    ])
    func `a clause becomes a sentence with all its words`(_ clause: String, _ sentence: String) {
        #expect(clause.beginningSentence == sentence)
    }

    @Test(arguments: [
        (0.0, "0"), (12_500, "12,500"), (12_500.5, "12,500.50"), (0.05, "0.05"), (-0.5, "-0.50"), (-1.5, "-1.50"),
        (1e15, "1,000,000,000,000,000"), (0.999, "1"), (-0.001, "0"), (1e300, "1e+300"),
    ])
    func `money has cents or none`(_ amount: Double, _ text: String) {
        #expect(amount.grouped == text)
    }
}
