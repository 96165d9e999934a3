import Testing

/// An event that is not in the list can be stored, and never be read.
struct EventTests {
    @Test func `every kind of event stands in IncidentEvent.types`() throws {
        let list = try #require(SourceTree.file("Sources/IncidentDomain/Incidents/Events/TimelineEvent.swift"))
        let listed = Set(list.codeLines.flatMap { $0.matches(of: /\b(\w+)\.self\b/).map { String($0.output.1) } })
        let complaints = SourceTree.sources.flatMap { file in
            file.codeLines.enumerated().compactMap { index, line -> Complaint? in
                guard let type = line.firstMatch(of: /\bstruct (\w+): (?:TimelineEvent|ValueEvent)\b/)?.output.1,
                    !listed.contains(String(type))
                else { return nil }
                return Complaint(file, line: index + 1, "\(type) is missing in IncidentEvent.types")
            }
        }
        #expect(complaints.isEmpty, "\(report(complaints))")
        #expect(listed.count > 30)
    }
}
