import IncidentDomain

/// The addresses that a subscriber's messages name.
struct SubscriptionLinks: Sendable {
    let settings: StatusSettings

    static let root = "/status/subscriptions"
    static let confirm = "\(root)/confirm"
    static let manage = "\(root)/manage"
    static let unsubscribe = "\(root)/unsubscribe"
    static let export = "\(root)/export"

    func confirm(_ token: String, _ language: Language) -> String { link(Self.confirm, token, language) }
    func manage(_ token: String, _ language: Language) -> String { link(Self.manage, token, language) }
    /// What mail programs post to (RFC 8058); people who open it see a button.
    func unsubscribe(_ token: String, _ language: Language) -> String { link(Self.unsubscribe, token, language) }

    /// The page of what news are about.
    func page(of news: PublicNews, _ language: Language) -> String {
        guard let incident = news.incident else { return "\(settings.url)/status\(query(language))" }
        return "\(settings.url)/status/incidents/\(incident.number)\(query(language))"
    }

    private func link(_ path: String, _ token: String, _ language: Language) -> String {
        "\(settings.url)\(path)?token=\(token)&lang=\(language.rawValue)"
    }

    private func query(_ language: Language) -> String { "?lang=\(language.rawValue)" }
}
