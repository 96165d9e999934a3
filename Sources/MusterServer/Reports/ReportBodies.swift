import HTTPTypes
import IncidentDomain
import NIOCore

/// What a user's report says: a choice of symptoms, and where. No text that could hold anything personal is kept.
struct ReportBody: Hashable, Sendable {
    /// One of the catalog's, which the desk knows.
    let symptom: String
    /// What the user says is broken, by whatever name; nobody learns whether there is such a thing.
    let area: String?
    let region: String?

    /// Of a whole body; the edge refuses more.
    static let bytesMax = 4_096

    /// JSON, or a form as browsers send it; 422 with everything that is wrong.
    static func read(_ request: RequestContext) throws(Problem) -> ReportBody {
        let type = try MediaType(request.head.headerFields[.contentType], taken: [.json, .form])
        return try read(type == .form ? try form(request) : try request.json())
    }

    private static func read(_ value: JSONValue) throws(Problem) -> ReportBody {
        var body = try BodyReader(value)
        let symptom = body.string("symptom", 1...64).lowercased()
        let component = body.optionalString("component", 1...200)
        let area = body.optionalString("area", 1...200)
        let region = body.optionalString("region", 1...64)
        // Looked at, so that apps may send them from the beginning; nothing is counted by them.
        _ = body.optionalString("app_version", 1...64)
        _ = body.optionalString("platform", 1...64)
        try body.finish()
        return ReportBody(symptom: symptom, area: component ?? area, region: region)
    }

    /// The fields of a form. A field that was left empty was not filled in.
    private static func form(_ request: RequestContext) throws(Problem) -> JSONValue {
        guard let text = String(validating: request.body.readableBytesView, as: UTF8.self) else {
            throw Problem(.malformedRequest, "The form is not UTF-8.")
        }
        var object = JSONObject()
        for field in try RequestTarget("/?\(text)").parameters() where !field.value.isEmpty {
            object[field.name] = .string(field.value)
        }
        return .object(object)
    }
}

/// One user's report, as it is counted.
struct Report: Hashable, Sendable {
    /// Who reports, as a code that nobody can turn back.
    let reporter: [UInt8]
    /// Empty when the catalog knows no such component.
    let component: String
    let symptom: String
    /// Empty when the catalog knows no such region.
    let region: String
}

/// What a baseline is of.
struct ReportKey: Hashable, Sendable {
    let component: String
    let symptom: String

    /// The identity of its alert.
    var identity: String { "\(component)|\(symptom)" }

    /// The symptom as it stands within a sentence.
    var words: String {
        symptom == "other" ? "other problems" : symptom.replacing("_", with: " ").replacing("-", with: " ")
    }
}
