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

    @Test func `a list for a phone is the golden picture`() throws {
        let list = RestorationSVG(PictureSample.everyState, .list).svg
        try Golden.expect(list, equals: "restoration-list.svg", file: #filePath)
    }

    @Test(arguments: [0, 1, 5, 25, 60, 300, 3000])
    func `a list is as wide as a phone, well formed, and bounded`(_ count: Int) {
        let svg = RestorationSVG(PictureSample.platform(count), .list).svg
        #expect(HTMLOutline(svg).problems.isEmpty)
        #expect(svg.contains("width=\"390\"") && svg.utf8.count < 150_000)
    }

    @Test func `two regions are the golden picture`() throws {
        try Self.golden(RestorationPicture(try PlanSample.regions()), "restoration-regions.svg")
    }

    /// The same way as the golden pictures: what docs/ shows is what the daemon draws.
    @Test func `the pictures of the documents are drawn by this release`() throws {
        let samples = [
            ("restoration", try PlanSample.walkThrough()), ("restoring-goals", try PlanSample.goals()),
            ("restoring-regions", try PlanSample.regions()), ("restoring-hundreds", try PlanSample.hundreds()),
        ]
        for (name, sample) in samples {
            try Self.golden(RestorationPicture(sample), "../../../../docs/images/\(name).svg")
        }
    }

    @Test(arguments: [0, 1, 2, 5, 6, 25, 26, 59, 60, 61, 300, 1000, 3000])
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
        #expect(height < 1200)
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
    }

    @Test
    func `the head says goals, what is overdue, what to start next, what is in force and how far it is, in this order`()
    {
        let text = HTMLOutline(Self.svg(PictureSample.everyState)).text
        let facts = [
            "Sign in", "11:10 UTC, 90 % by 11:26", "no estimate for search", "is back", "12:16 UTC, 90 % by 13:16",
            "Overdue", "overdue 4 h 30 min, network", "Start next", "unblocks 12", "and 7 more",
            "In force", "Two of five qualities are switched off", "1 of 11 restored, 1 waived",
        ]
        var rest = text[...]
        for fact in facts {
            guard let found = rest.firstRange(of: fact) else {
                Issue.record("\(fact) is missing, or not in its place")
                continue
            }
            rest = rest[found.upperBound...]
        }
    }

    @Test func `where waves only advise, no line stands between them and nothing waits for one`() {
        var picture = PictureSample.everyState
        let gates = {
            HTMLOutline(Self.svg(picture)).elements.count { $0.attributes["class"]?.hasPrefix("gate") ?? false }
        }
        #expect(gates() == 2)
        picture.wavesMode = .advise
        #expect(gates() == 0)
        for picture in [picture, PictureSample.platform(300)] {
            let text = HTMLOutline(Self.svg(picture)).text
            #expect(!text.contains("after wave") && !text.contains("for wave") && !text.contains("starts when"))
            #expect(!text.contains("between waves") && !text.contains("wave not open"))
        }
    }

    @Test func `without an expected time the components are named because of which there is none`() {
        var picture = PictureSample.everyState
        picture.heading.expected = nil
        picture.heading.unestimated = ["auth", "cdn"]
        #expect(HTMLOutline(Self.svg(picture)).text.contains("no estimate for auth, cdn"))
    }

    @Test func `what was waived is not counted as restored`() {
        var picture = PictureSample.platform(2)
        for wave in picture.waves.indices { picture.waves[wave].boxes[0].status = .waived }
        let text = HTMLOutline(Self.svg(picture)).text
        #expect(text.contains("0 of 2 restored, 2 waived (0 %)"), "\(text)")
        #expect(text.contains("restored or waived"))
    }

    @Test(arguments: [5, 25, 60, 300, 3000])
    func `of a plan of any size the picture can be read`(_ count: Int) throws {
        let sample = try PlanSample.platform(count)
        let picture = RestorationPicture(sample)
        let outline = HTMLOutline(Self.svg(picture))
        #expect(outline.problems.isEmpty)
        #expect(outline.text.contains("Start next") && outline.text.contains("0 of \(count.grouped) restored"))
        #expect(Self.svg(picture).utf8.count < 120_000)
        if count > RestorationSVG.boxesMax { #expect(outline.text.contains("by owner")) }
        expectTextsWithin(picture)
    }

    /// Every text ends before its box does, or the picture.
    private func expectTextsWithin(_ picture: RestorationPicture, location: SourceLocation = #_sourceLocation) {
        let svg = Self.svg(picture)
        let width = HTMLOutline(svg).elements.first?.attributes["width"].flatMap(Double.init) ?? 0
        let texts = svg.matches(of: /<text class="([^"]*)" x="([\d.]+)" y="[\d.]+">(.*?)<\/text>/.dotMatchesNewlines())
        #expect(texts.count > 5, sourceLocation: location)
        for text in texts {
            let style = Set(text.1.split(separator: " ").map(String.init))
            let size: Double =
                if !style.isDisjoint(with: ["note", "place", "until"]) {
                    11
                } else if !style.isDisjoint(with: ["big"]) {
                    14
                } else if !style.isDisjoint(with: ["name", "count"]) { 13 } else { 12 }
            guard style.isDisjoint(with: ["until", "end", "place", "number", "title", "wave", "figure"]) else {
                continue
            }
            let left = Double(text.2) ?? 0
            let shown = HTMLOutline("<p>\(text.3)</p>").text
            // In a box, what stands beside its sign.
            let isInBox = left == 30 && !style.isDisjoint(with: ["name", "word", "note"])
            let room = isInBox ? RestorationWires.boxWidth : width - 48
            #expect(left + SVGText.width(shown, size: size) <= room + 1, "\(shown)", sourceLocation: location)
        }
    }

    @Test func `texts of any length stay within their boxes`() {
        let long = String(repeating: "Wide words ", count: 40)
        var picture = PictureSample.everyState
        picture.heading.title = long
        picture.heading.goals = (0..<9).map { _ in RestorationPicture.Goal(name: long, without: [long, long]) }
        picture.heading.overdue = [RestorationPicture.Overdue(component: long, seconds: 60, owner: long)]
        picture.heading.startNext = (0..<5).map { _ in RestorationPicture.Next(component: long, unblocks: 3000) }
        picture.heading.inForce = [long, long]
        for index in picture.waves[0].boxes.indices { picture.waves[0].boxes[index].component = "\(index) \(long)" }
        expectTextsWithin(picture)
        var large = PictureSample.regions(300, [long])
        for index in large.waves[0].boxes.indices { large.waves[0].boxes[index].owner = "\(index) \(long)" }
        expectTextsWithin(large)
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
        picture.waves[0].boxes[0].region = text
        picture.waves[0].boxes[2].owner = text
        picture.heading.goals = [RestorationPicture.Goal(name: text, without: [text])]
        picture.heading.overdue = [RestorationPicture.Overdue(component: text, seconds: 60, owner: text)]
        picture.heading.startNext = [RestorationPicture.Next(component: text, unblocks: 1)]
        picture.heading.inForce = [text]
        picture.waves[0].boxes[1].needs = [text]
        picture.waves[0].boxes[0].status = .ready
        picture.criticalPath = [text, "user-db"]
        var large = PictureSample.platform(100)
        for index in large.waves[0].boxes.indices { large.waves[0].boxes[index].component = "\(text)\(index)" }
        for index in large.waves[0].boxes.indices {
            (large.waves[0].boxes[index].owner, large.waves[0].boxes[index].region) = (text, text)
        }
        large.heading.title = text
        let samples = [PictureSample.everyState, PictureSample.regions(10)]
        let plain = Set(samples.flatMap { HTMLOutline(Self.svg($0)).elements.map(\.name) })
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
