import HTTPTypes
import Testing

@testable import MusterServer

/// Rows that nobody can read, in every list that shows some.
extension DescribedLife {
    func meetUnreadableRows() async throws {
        for poison in PoisonedRow.allCases where poison != .mapping {
            guard let list = poison.list else { continue }
            try await poison.plant(in: server.server.pool)
            let shown = await get(list)
            #expect(shown.json["unreadable"]?.array?.count == 1, "\(list): \(shown.text)")
            if poison != .token { await get("\(list)/\(poison.key)", gives: 409) }
            await ask(.delete, "\(list)/\(poison.key)", gives: 204)
        }
    }
}
