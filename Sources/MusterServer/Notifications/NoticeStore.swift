import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of notices: what there is to tell. `NoticeFanOut` makes the notifications of them.
struct NoticeStore: Sendable {
    let pool: PostgresPool

    /// Stores notices, each once: one whose key is known stays as it was. It belongs into the transaction of what it tells of,
    /// so that it is told exactly if that is committed.
    ///
    /// - Parameter endpoints: The only endpoints that hear them; nil asks the filters of all.
    static func put(_ notices: [(key: String, notice: Notice)], only endpoints: [UUID]? = nil) -> SQL {
        """
        INSERT INTO notice (key, kind, incident, body, endpoints)
        SELECT key, kind, incident, body::json, \(endpoints)
        FROM unnest(\(notices.map(\.key)), \(notices.map(\.notice.kind)), \(notices.map(\.notice.incident?.number)),
            \(notices.map { text($0.notice) })) AS notice (key, kind, incident, body)
        ON CONFLICT (key) DO NOTHING
        """
    }

    static func text(_ notice: Notice) -> String {
        var json = JSONWriter()
        json.value(notice)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
