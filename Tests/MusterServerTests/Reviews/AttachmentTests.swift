import FoundationEssentials
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// Files of incidents: what is taken, and how a review shows them.
struct AttachmentTests {
    /// The heads of the smallest images, as 3 x 2 pixels.
    private static let heads: [(AttachmentType, [UInt8])] = [
        (
            .png,
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + [
                0, 0, 0, 3, 0, 0, 0, 2,
            ]
        ),
        (.gif, Array("GIF89a".utf8) + [3, 0, 2, 0]),
        (
            .jpeg,
            [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xC4, 0, 3, 9, 0xFF, 0xC2, 0, 11, 8, 0, 2, 0, 3, 1]
        ),
        (.webp, Array("RIFF....WEBPVP8X".utf8) + [10, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0]),
        (.webp, Array("RIFF....WEBPVP8L".utf8) + [5, 0, 0, 0, 0x2F, 2, 0x40, 0, 0]),
        (.webp, Array("RIFF....WEBPVP8 ".utf8) + [9, 0, 0, 0, 0, 0, 0, 0x9D, 0x01, 0x2A, 3, 0, 2, 0]),
    ]

    @Test func `an image says what it is and how large`() throws {
        for (type, bytes) in Self.heads {
            let head = try #require(ImageHead(bytes), "\(type)")
            #expect((head.type, head.width, head.height) == (type, 3, 2))
            for count in 0..<bytes.count - 1 where type != .png || count < 24 {
                let cut = ImageHead(Array(bytes.prefix(count)))
                #expect(cut == nil || cut == head, "\(type) of \(count) bytes")
            }
        }
        let huge = Self.heads[0].1.prefix(16) + Array(repeating: 0xFF, count: 8)
        #expect(ImageHead(Array(huge))?.pixels == .max)
        #expect(ImageHead(Array("<svg onload=alert(1)>".utf8)) == nil && ImageHead([]) == nil)
        #expect(ImageHead([0xFF, 0xD8] + Array(repeating: 0xFF, count: 100_000)) == nil)
    }

    @Test func `a page has images in it, texts escaped, and no more bytes than fit`() throws {
        var story = Story()
        func added(_ number: Int, _ name: String, _ type: AttachmentType, _ caption: String?) -> IncidentEvent {
            IncidentEvent(
                AttachmentAdded(number: number, name: name, type: type, bytes: 20, digest: "0f", caption: caption))
        }
        story.at("10:00", .opened("Errors", startedAt: story.moment("10:00")))
        story.at("10:01", added(1, "a\"<b>.gif", .gif, "<script>"), added(2, "log.txt", .text, nil))
        story.at("10:02", added(3, "gone.txt", .text, nil), IncidentEvent(AttachmentRemoved(number: 3, reason: nil)))
        let document = story.review()
        let files: [Int: [UInt8]] = [1: Self.heads[1].1, 2: Array("<img src=x>".utf8)]
        let page = ReviewHTML.render(document, files: files)
        #expect(page.contains("src=\"data:image/gif;base64,R0lGODlhAwACAA==\""))
        #expect(page.contains("<pre>&lt;img src=x&gt;</pre>") && !page.contains("<script>"))
        #expect(HTMLOutline(page).problems.isEmpty)
        let markdown = ReviewMarkdown.render(document)
        #expect(markdown.contains("## Attachments") && markdown.contains("](/v1/incidents/42/attachments/2)"))
        #expect(markdown.split(separator: "/attachments/").count == 3, "what was removed is not listed")
    }

    @Test func `the first files that fit are shown`() {
        let half = AttachmentFigure.pageBytesMax / 2
        let files = [half, half + 1, half, 1].enumerated().map {
            Attachment(number: $0.offset + 1, name: "f", type: .png, bytes: $0.element)
        }
        #expect(AttachmentFigure.fitting(files).map(\.number) == [1, 3])
    }
}
