import Testing

@testable import IncidentDomain
@testable import MusterServer

struct RestorationSVGTests {
    private static func svg(_ picture: RestorationPicture) -> String { RestorationSVG(picture).svg }

    private static func golden(_ picture: RestorationPicture, _ name: String) throws {
        try Golden.expect(svg(picture), equals: name, file: #filePath)
    }

    /// `MUSTER_UPDATE_GOLDEN=1` draws these anew; a browser shows whether they are still to be read.
    @Test func `every state, as boxes, is the golden picture`() throws {
        try Self.golden(PictureSample.everyState, "restoration-every-state.svg")
    }

    @Test func `sixty components are the golden picture`() throws {
        try Self.golden(PictureSample.platform(60), "restoration-60.svg")
    }

    @Test func `a thousand components, as cards, are the golden picture`() throws {
        try Self.golden(PictureSample.platform(1000), "restoration-1000.svg")
    }

    @Test(arguments: [0, 1, 2, 6, 26, 59, 60, 61, 1000])
    func `a picture of any size is well formed and needs nothing from outside`(_ count: Int) {
        let svg = Self.svg(PictureSample.platform(count))
        let outline = HTMLOutline(svg)
        #expect(outline.problems.isEmpty, "\(outline.problems)")
        let addresses = svg.replacing("http://www.w3.org/2000/svg", with: "")
        for text in ["http", "url(", "@import", "href", "<script", "<image", "<foreignObject", "@font-face"] {
            #expect(!addresses.contains(text), "\(text)")
        }
        let root = outline.elements.first
        #expect(root?.attributes["role"] == "img" && root?.attributes["aria-labelledby"] != nil)
        #expect(outline.elements.contains { $0.name == "desc" })
    }

    @Test(arguments: [0, 1, 6, 26, 60, 61])
    func `the same picture is the same bytes`(_ count: Int) {
        // Sets and dictionaries are hashed anew for each value, so that an order taken from one would show.
        let first = Self.svg(PictureSample.platform(count))
        for _ in 0..<4 { #expect(Self.svg(PictureSample.platform(count)) == first) }
    }

    @Test func `up to sixty components each has a box, and above it none has`() {
        func boxes(_ count: Int) -> Int {
            HTMLOutline(Self.svg(PictureSample.platform(count))).elements.count { $0.attributes["class"] == "card" }
        }
        #expect(boxes(1) == 1 && boxes(26) == 26 && boxes(60) == 60)
        #expect(boxes(61) == 0)
    }

    @Test func `ten thousand components are a small picture`() {
        let svg = Self.svg(PictureSample.platform(10_000))
        #expect(svg.utf8.count < 32_000)
        #expect(svg.contains("10,000"))
        let height = HTMLOutline(svg).elements.first?.attributes["height"].flatMap(Double.init) ?? .infinity
        #expect(height < 1100)
    }

    @Test(arguments: RestorationStatus.allCases)
    func `every state is told in words and by a shape`(_ status: RestorationStatus) {
        for count in [PictureSample.everyState, PictureSample.platform(100)] {
            #expect(HTMLOutline(Self.svg(count)).text.contains(status.rawValue))
        }
        let shapes = RestorationStatus.allCases.filter { $0 != status }.map { RestorationIcon.svg($0, x: 0, y: 0) }
        #expect(!shapes.contains(RestorationIcon.svg(status, x: 0, y: 0)))
    }

    @Test func `an incident without affected components says so`() {
        let svg = Self.svg(RestorationPicture(heading: PictureSample.heading(), waves: [], criticalPath: []))
        #expect(svg.contains("Nothing to restore."))
    }

    @Test func `what each waits for stands in its box, and how far a ramp is`() {
        let text = HTMLOutline(Self.svg(PictureSample.everyState)).text
        #expect(text.contains("waiting for") && text.contains("edge, auth"))
        #expect(text.contains("restoring, 60 %"))
        #expect(text.contains("tier 1, effective tier 0"))
        #expect(text.contains("ready, failed 2×"))
        #expect(text.contains("waits for wave 1"))
        #expect(text.contains("Regressed:") && text.contains("Start now:"))
        #expect(text.contains("ETA 12:16 UTC") && text.contains("90 % by 13:16 UTC"))
    }

    @Test func `without an expected time the components are named because of which there is none`() {
        var picture = PictureSample.everyState
        picture.heading.expected = nil
        picture.heading.unestimated = ["auth", "cdn"]
        #expect(HTMLOutline(Self.svg(picture)).text.contains("no estimate for auth, cdn"))
    }

    private static let hostile = [
        "<script>alert(1)</script>", "</style></svg><img src=x onerror=alert(1)>", "a\" onload=\"x", "&lt;&#60;&",
        "]]>", "<!-- x", "nul\u{0}bell\u{7}", "\u{FFFE}\u{FFFF}", "\u{202E}evil\u{2066}", "two\nlines\u{2028}three",
        String(repeating: "very-long-slug-", count: 40), "", " ", "日本語のコンポーネント", "e\u{301}\u{301}\u{301}",
    ]

    @Test(arguments: hostile.indices)
    func `what people typed stays text`(_ index: Int) {
        let text = Self.hostile[index]
        var picture = PictureSample.everyState
        picture.heading.title = text
        picture.heading.expected = nil
        picture.heading.unestimated = [text]
        picture.waves[0].boxes[0].component = text
        picture.waves[0].boxes[0].name = text
        picture.waves[0].boxes[1].needs = [text]
        picture.waves[0].boxes[0].status = .ready
        picture.criticalPath = [text, "user-db"]
        var large = PictureSample.platform(100)
        for index in large.waves[0].boxes.indices { large.waves[0].boxes[index].component = "\(text)\(index)" }
        large.heading.title = text
        let plain = Set(HTMLOutline(Self.svg(PictureSample.everyState)).elements.map(\.name))
        for svg in [Self.svg(picture), Self.svg(large)] {
            let outline = HTMLOutline(svg)
            #expect(outline.problems.isEmpty, "\(outline.problems)")
            #expect(Set(outline.elements.map(\.name)).isSubset(of: plain))
            // What XML 1.0 does not allow makes the whole picture unreadable.
            #expect(!svg.unicodeScalars.contains { $0.value < 0x20 && $0.value != 0x0A || $0.value & 0xFFFE == 0xFFFE })
        }
        #expect(HTMLOutline(Self.svg(picture)).text.contains(SVGText.plain(text)), "what is cut is whole in a title")
    }

    @Test func `needs that lead in a circle are drawn all the same`() {
        var picture = PictureSample.platform(6)
        for index in picture.waves.indices {
            for box in picture.waves[index].boxes.indices {
                picture.waves[index].boxes[box].needs = (0..<6).map { "component-\($0)" }
                picture.waves[index].boxes[box].softNeeds = ["component-5", "component-0", "nowhere"]
            }
        }
        #expect(HTMLOutline(Self.svg(picture)).problems.isEmpty)
    }
}
