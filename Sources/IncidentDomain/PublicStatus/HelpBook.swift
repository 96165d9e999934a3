/// What people outside can choose as their symptom, and what they can do about it: data of the installation, in the catalog beside the
/// components.
package struct HelpBook: Hashable, Codable, Sendable {
    /// A text in the languages of the page. English stands for one that has no text.
    package struct Text: Hashable, Codable, Sendable {
        package let en: String
        package let de: String?

        package init(en: String, de: String? = nil) { (self.en, self.de) = (en, de) }

        package func callAsFunction(_ language: Language) -> String {
            switch language {
            case .en: en
            case .de: de ?? en
            }
        }
    }

    /// What is wrong, as users say it.
    package struct Symptom: Hashable, Codable, Sendable {
        package let id: String
        package let name: Text
        /// The components that usually are why: slugs in the catalog, public ids in what is public.
        package let components: [String]

        package init(id: String, name: Text, components: [String] = []) {
            (self.id, self.name, self.components) = (id, name, components)
        }
    }

    /// A kind of device.
    package struct Platform: Hashable, Codable, Sendable {
        package let id: String
        package let name: Text

        package init(id: String, name: Text) { (self.id, self.name) = (id, name) }
    }

    /// Something to try. Several may have the same id, for different platforms.
    package struct Step: Hashable, Codable, Sendable {
        package let id: String
        /// Where it is done in this way; empty for everywhere else.
        package let platforms: [String]
        package let text: Text

        package init(id: String, platforms: [String] = [], text: Text) {
            (self.id, self.platforms, self.text) = (id, platforms, text)
        }
    }

    /// Which steps to try, in this order.
    package struct Guide: Hashable, Codable, Sendable {
        /// Empty for every symptom without a guide of its own, as `platforms`.
        package let symptoms: [String]
        package let platforms: [String]
        /// Ids.
        package let steps: [String]

        package init(symptoms: [String] = [], platforms: [String] = [], steps: [String]) {
            (self.symptoms, self.platforms, self.steps) = (symptoms, platforms, steps)
        }

        /// How closely it is about a question; nil when it is about another one.
        fileprivate func fit(_ symptom: String?, _ platform: String?) -> Int? {
            func fits(_ names: [String], _ name: String?) -> Bool { names.isEmpty || name.map(names.contains) ?? false }
            guard fits(symptoms, symptom), fits(platforms, platform) else { return nil }
            return (symptoms.isEmpty ? 0 : 2) + (platforms.isEmpty ? 0 : 1)
        }
    }

    /// In the order in which they are offered.
    package let symptoms: [Symptom]
    package let platforms: [Platform]
    package let steps: [Step]
    package let guides: [Guide]

    package static let symptomsMax = 100
    package static let platformsMax = 20
    package static let stepsMax = 200
    package static let guidesMax = 200
    package static let guideStepsMax = 20
    package static let nameLength = 1...100
    package static let stepLength = 1...500

    package init(
        symptoms: [Symptom] = [], platforms: [Platform] = [], steps: [Step] = [], guides: [Guide] = []
    ) {
        (self.symptoms, self.platforms, self.steps, self.guides) = (symptoms, platforms, steps, guides)
    }

    package func symptom(_ id: String) -> Symptom? { symptoms.first { $0.id == id } }
    package func platform(_ id: String) -> Platform? { platforms.first { $0.id == id } }

    /// What to try, in this order. The guide that names the symptom goes before one that names the platform, and that before one for
    /// everything; of two that fit as well, the first.
    package func steps(for symptom: String?, on platform: String?) -> [Step] {
        var best: (guide: Guide, fit: Int)?
        for guide in guides {
            if let fit = guide.fit(symptom, platform), fit > best?.fit ?? -1 { best = (guide, fit) }
        }
        return (best?.guide.steps ?? []).compactMap { step($0, on: platform) }
    }

    private func step(_ id: String, on platform: String?) -> Step? {
        let own = platform.flatMap { platform in steps.first { $0.id == id && $0.platforms.contains(platform) } }
        return own ?? steps.first { $0.id == id && $0.platforms.isEmpty }
    }

    /// The same as the outside may have it: components that are not public are left out, the others by their public ids.
    package func outside(_ catalog: PublicCatalog) -> HelpBook {
        HelpBook(
            symptoms: symptoms.map { symptom in
                Symptom(
                    id: symptom.id, name: symptom.name,
                    components: catalog.components(of: symptom.components).map(\.id))
            }, platforms: platforms, steps: steps, guides: guides)
    }
}

// MARK: - What is wrong with one

extension HelpBook {
    /// Something that cannot be so, at a place in the book.
    package struct Mistake: Hashable, Sendable {
        /// A JSON pointer.
        package let pointer: String
        package let detail: String
    }

    /// Everything that is named and not there, or there twice.
    package var mistakes: [Mistake] {
        repeated(symptoms.map(\.id), "symptoms") + repeated(platforms.map(\.id), "platforms") + unknownNames
            + repeatedSteps + (covers ? [] : [Mistake(pointer: "/guides", detail: Self.needsGuide)])
    }

    private static let needsGuide =
        "should have a guide without symptoms and platforms, for whoever has another symptom or platform"

    private var covers: Bool { guides.contains { $0.symptoms.isEmpty && $0.platforms.isEmpty } }

    private func repeated(_ ids: [String], _ list: String) -> [Mistake] {
        var seen: Set<String> = []
        return ids.enumerated().filter { !seen.insert($0.element).inserted }.map {
            Mistake(pointer: "/\(list)/\($0.offset)/id", detail: "\($0.element) appears twice")
        }
    }

    /// A step that stands twice for the same platform: nobody would see the second one.
    private var repeatedSteps: [Mistake] {
        var seen: Set<[String]> = []
        return steps.enumerated().flatMap { place, step in
            (step.platforms.isEmpty ? [""] : step.platforms).filter { !seen.insert([step.id, $0]).inserted }.map {
                name in
                let detail = "\(step.id) appears twice" + (name.isEmpty ? "" : " for \(name)")
                return Mistake(pointer: "/steps/\(place)/id", detail: detail)
            }
        }
    }

    private var unknownNames: [Mistake] {
        let known = (
            symptoms: Set(symptoms.map(\.id)), platforms: Set(platforms.map(\.id)), steps: Set(steps.map(\.id))
        )
        func unknown(_ names: [String], among known: Set<String>, _ pointer: String) -> [Mistake] {
            names.enumerated().filter { !known.contains($0.element) }.map {
                Mistake(pointer: "\(pointer)/\($0.offset)", detail: "\($0.element) is not in the list of them")
            }
        }
        let ofSteps = steps.enumerated().flatMap {
            unknown($0.element.platforms, among: known.platforms, "/steps/\($0.offset)/platforms")
        }
        let ofGuides = guides.enumerated().flatMap { place, guide in
            unknown(guide.symptoms, among: known.symptoms, "/guides/\(place)/symptoms")
                + unknown(guide.platforms, among: known.platforms, "/guides/\(place)/platforms")
                + unknown(guide.steps, among: known.steps, "/guides/\(place)/steps")
        }
        return ofSteps + ofGuides
    }
}
