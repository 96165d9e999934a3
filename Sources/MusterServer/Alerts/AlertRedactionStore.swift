import FoundationEssentials
import IncidentDomain
import Postgres

/// Takes texts out of alerts, when a timeline entry is redacted that shows them.
struct AlertRedactionStore: Sendable {
    /// Redacts the alerts with these ids, and those of the incident with one of these titles: the title, what the sender sent, its
    /// annotations, and every label that holds one of the texts. What the routing needs (identity, group, component, times) stays.
    /// A sender that goes on brings its own words again.
    func redact(_ ids: [UUID], titled titles: [String], of number: Int, in runner: some SQLRunner) async throws {
        let redacted = IncidentEvent.redactedText
        _ = try await runner.query(
            """
            UPDATE alert SET title = \(redacted), payload = convert_to(\(redacted)::text, 'UTF8'), annotations = '{}',
                labels = (
                    SELECT coalesce(jsonb_object_agg(name, CASE WHEN EXISTS (
                        SELECT FROM unnest(\(titles) || alert.title) AS text WHERE strpos(value #>> '{}', text) > 0
                    ) THEN to_jsonb(\(redacted)::text) ELSE value END), '{}')
                    FROM jsonb_each(alert.labels) AS label (name, value)
                )
            WHERE id = ANY (\(ids)) OR incident = \(number) AND title = ANY (\(titles))
            """)
    }
}
