/// What users say is wrong: a choice and no free text, so that reports can be counted and hold nothing personal.
package enum ReportSymptom: String, CaseIterable, Codable, Hashable, Sendable {
    case cannotConnect = "cannot_connect"
    case cannotSignIn = "cannot_sign_in"
    case slow, errors
    case videoStops = "video_stops"
    case uploadFails = "upload_fails"
    case messagesMissing = "messages_missing"
    case wrongContent = "wrong_content"
    case paymentFails = "payment_fails"
    case appCrashes = "app_crashes"
    case notificationsMissing = "notifications_missing"
    case other

    /// As people say it, within a sentence.
    package var words: String {
        switch self {
        case .cannotConnect: "cannot connect"
        case .cannotSignIn: "cannot sign in"
        case .slow: "slow"
        case .errors: "errors"
        case .videoStops: "video stops"
        case .uploadFails: "upload fails"
        case .messagesMissing: "messages missing"
        case .wrongContent: "wrong content"
        case .paymentFails: "payment fails"
        case .appCrashes: "app crashes"
        case .notificationsMissing: "notifications missing"
        case .other: "other problems"
        }
    }
}
