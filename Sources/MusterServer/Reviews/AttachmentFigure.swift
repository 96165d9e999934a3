import FoundationEssentials
import IncidentDomain

/// An attachment as a page shows it: an image within the page, the beginning of a text, or where its bytes can be read.
struct AttachmentFigure: Sendable {
    /// What it is, in a line.
    let caption: String
    /// `data:` and the bytes; nil of what is no image, and where a page has no more room.
    let image: String?
    let text: String?
    let url: String

    /// Bytes of the files that one page has in it.
    static let pageBytesMax = 8 << 20
    /// Files that one page shows: each can have many pixels.
    private static let filesMax = 20
    /// Bytes of a text that a page shows.
    private static let textMax = 32 << 10

    init(_ attachment: Attachment, line: String, _ bytes: [UInt8]?, of incident: Int) {
        caption = line
        url = "/v1/incidents/\(incident)/attachments/\(attachment.number)"
        image =
            attachment.type.isImage
            ? bytes.map { bytes in
                "data:\(attachment.type.rawValue);base64,\(Data(bytes).base64EncodedString())"
            } : nil
        text =
            attachment.type.isImage
            ? nil
            : bytes.map { bytes in
                let shown = String(decoding: bytes.prefix(Self.textMax), as: UTF8.self)
                return bytes.count > Self.textMax ? shown + "\n[…]" : shown
            }
    }

    /// Those of an incident that a page can have in it, the first ones first.
    static func fitting(_ attachments: [Attachment]) -> [Attachment] {
        var left = pageBytesMax
        return attachments.prefix(filesMax).filter { attachment in
            guard attachment.bytes <= left else { return false }
            left -= attachment.bytes
            return true
        }
    }
}
