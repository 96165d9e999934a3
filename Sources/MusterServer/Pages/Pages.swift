import IncidentDomain
import Mustache

/// The pages that the daemon answers, and the HTML of its mails. Their templates stand in `Templates/`, one file for each page and each part that pages
/// share, and are in the program (`PackageResources`). A page is a value with what its template shows, as `ReviewHTML`.
struct Pages: Sendable {
    /// Parsed when the routes are put together, once for the process. Their text is part of the program: one that does not parse
    /// is a mistake of ours, which `PagesTests` finds.
    static let shared: Pages = {
        do { return try Pages() } catch { preconditionFailure("a page's template does not parse: \(error)") }
    }()

    /// The files of `Templates/`, by the names under which they include each other.
    static let files: [(name: String, text: [UInt8])] = [
        ("mail", PackageResources.mail_mustache),
        ("page", PackageResources.page_mustache),
        ("picture", PackageResources.picture_mustache),
        ("picturestyle", PackageResources.picturestyle_css),
        ("publicreview", PackageResources.publicreview_mustache),
        ("review", PackageResources.review_mustache),
        ("room", PackageResources.room_mustache),
        ("roomagain", PackageResources.roomagain_mustache),
        ("roomboard", PackageResources.roomboard_mustache),
        ("roomcall", PackageResources.roomcall_mustache),
        ("roomentry", PackageResources.roomentry_mustache),
        ("roomform", PackageResources.roomform_mustache),
        ("roomhead", PackageResources.roomhead_mustache),
        ("roomhidden", PackageResources.roomhidden_mustache),
        ("roomline", PackageResources.roomline_mustache),
        ("roomneed", PackageResources.roomneed_mustache),
        ("roomproblem", PackageResources.roomproblem_mustache),
        ("roomrefusal", PackageResources.roomrefusal_mustache),
        ("roomremedy", PackageResources.roomremedy_mustache),
        ("roomrestoration", PackageResources.roomrestoration_mustache),
        ("roomreview", PackageResources.roomreview_mustache),
        ("roomrow", PackageResources.roomrow_mustache),
        ("roomsection", PackageResources.roomsection_mustache),
        ("roomsignin", PackageResources.roomsignin_mustache),
        ("roomstyle", PackageResources.roomstyle_css),
        ("roomtime", PackageResources.roomtime_mustache),
        ("roomupdates", PackageResources.roomupdates_mustache),
        ("status", PackageResources.status_mustache),
        ("statuseta", PackageResources.statuseta_mustache),
        ("statusfoot", PackageResources.statusfoot_mustache), ("statuszone", PackageResources.statuszone_mustache),
        ("statushead", PackageResources.statushead_mustache),
        ("statushelp", PackageResources.statushelp_mustache),
        ("statushistory", PackageResources.statushistory_mustache),
        ("statusincident", PackageResources.statusincident_mustache),
        ("statusmail", PackageResources.statusmail_mustache),
        ("statusmissing", PackageResources.statusmissing_mustache),
        ("statuspast", PackageResources.statuspast_mustache),
        ("statusnotice", PackageResources.statusnotice_mustache),
        ("statusreported", PackageResources.statusreported_mustache),
        ("statusstyle", PackageResources.statusstyle_css),
        ("statussubscribe", PackageResources.statussubscribe_mustache),
        ("statustime", PackageResources.statustime_mustache),
        ("statusupdate", PackageResources.statusupdate_mustache),
        ("style", PackageResources.style_css),
    ]

    private let library: MustacheLibrary

    /// - Throws: What the parser says of the first template that does not parse.
    init(_ files: [(name: String, text: [UInt8])] = Pages.files) throws {
        MustacheContentTypes.register(PageText(), named: PageText.name)
        var library = MustacheLibrary()
        for (name, text) in files {
            // A template escapes as its own first line says, also when another includes it.
            let text = "{{%CONTENT_TYPE:\(PageText.name)}}\n" + String(decoding: text, as: UTF8.self)
            try library.register(text, named: name)
        }
        self.library = library
    }

    func render(_ review: ReviewHTML) -> String {
        library.render(review, withTemplate: "review") ?? ""
    }

    func render(_ review: PublicReviewPage) -> String {
        library.render(review, withTemplate: "publicreview") ?? ""
    }

    func render(_ page: StatusPage) -> String { library.render(page, withTemplate: "status") ?? "" }
    func render(_ page: StatusIncidentPage) -> String { library.render(page, withTemplate: "statusincident") ?? "" }
    func render(_ page: StatusHistoryPage) -> String { library.render(page, withTemplate: "statushistory") ?? "" }
    func render(_ page: StatusMissingPage) -> String { library.render(page, withTemplate: "statusmissing") ?? "" }

    func render(_ page: HelpPage) -> String { library.render(page, withTemplate: "statushelp") ?? "" }
    func render(_ page: HelpReportedPage) -> String { library.render(page, withTemplate: "statusreported") ?? "" }

    func render(_ page: SubscribePage) -> String { library.render(page, withTemplate: "statussubscribe") ?? "" }
    func render(_ page: SubscriptionNoticePage) -> String { library.render(page, withTemplate: "statusnotice") ?? "" }

    func render(_ page: SignInPage) -> String { library.render(page, withTemplate: "roomsignin") ?? "" }
    func render(_ page: AgainPage) -> String { library.render(page, withTemplate: "roomagain") ?? "" }
    func render(_ page: ProblemPage) -> String { library.render(page, withTemplate: "roomproblem") ?? "" }
    func render(_ page: RefusalPage) -> String { library.render(page, withTemplate: "roomrefusal") ?? "" }
    func render(_ page: BoardPage) -> String { library.render(page, withTemplate: "roomboard") ?? "" }
    func render(_ page: RoomPage) -> String { library.render(page, withTemplate: "room") ?? "" }
    func render(_ page: ReviewEditPage) -> String { library.render(page, withTemplate: "roomreview") ?? "" }

    func render(_ mail: SubscriberText) -> String { library.render(mail, withTemplate: "statusmail") ?? "" }

    func render(_ mail: MailHTML) -> String {
        library.render(mail, withTemplate: "mail") ?? ""
    }
}

/// How templates escape what stands between `{{` and `}}`: as everything else here. The library's own way goes by what a reader
/// takes for one character, so that a quotation mark with an accent on it would end an attribute.
private struct PageText: MustacheContentType {
    static let name = "PAGE"

    func escapeText(_ text: String) -> String { HTMLText.escape(text) }
}

/// The one way in which text gets into HTML.
enum HTMLText {
    /// Safe between tags and within a quoted attribute.
    static func escape(_ text: String) -> String { escapeMarks(Markdown.visible(text)) }

    /// The same of what stands in a field: every character, also one that is not seen, because it is sent back.
    static func escapeMarks(_ text: String) -> String {
        guard text.utf8.contains(where: marks.contains) else { return text }
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static let marks = Array("&<>\"'".utf8)
}

extension String {
    /// The same with a space that does not break between a number and its unit, as in `2 h 3 min`.
    var withUnbrokenUnits: String {
        guard zip(utf8, utf8.dropFirst()).contains(where: { (48...57).contains($0) && $1 == UInt8(ascii: " ") }) else {
            return self
        }
        var result = String.UnicodeScalarView()
        let scalars = Array(unicodeScalars)
        for (place, scalar) in scalars.enumerated() {
            let isGap =
                scalar == " " && place > 0 && Self.digits.contains(scalars[place - 1])
                && Self.units.contains { unit in
                    let end = place + 1 + unit.count
                    return scalars[(place + 1)...].starts(with: unit)
                        && (end >= scalars.count
                            || !scalars[end].properties.isAlphabetic && !Self.digits.contains(scalars[end]))
                }
            result.append(isGap ? "\u{A0}" : scalar)
        }
        return String(result)
    }

    private static let digits: ClosedRange<Unicode.Scalar> = "0"..."9"
    private static let units = ["d", "h", "min", "s", "%", "Tag", "Tage", "Std", "Min", "Sek"]
        .map {
            Array($0.unicodeScalars)
        }
}

/// What goes into a page as it is, between `{{{` and `}}}`: HTML or SVG that was made by a renderer of ours, in which what people
/// typed is escaped already. This is the only way around the escaping of templates.
struct Markup: Sendable, MustacheCustomRenderable {
    let renderText: String
    var isNull: Bool { false }

    init(_ blocks: [DocumentBlock]) {
        renderText = DocumentHTML.render(blocks)
    }

    init(svg: String) {
        renderText = svg
    }

    /// What stands in a field of a form.
    init(value text: String) {
        renderText = HTMLText.escapeMarks(text)
    }
}

/// A picture with its legend, as `picture.mustache` shows it.
struct PagePicture: Sendable {
    struct Key: Sendable {
        let sign: Markup
        let meaning: String
    }

    var keys: [Key] = []
    let svg: Markup
    let caption: String
}
