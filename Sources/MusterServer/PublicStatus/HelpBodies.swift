import IncidentDomain

/// The help book as requests write it, which is also how it is stored, answered and built in.
enum HelpBodies {
    private static let rule =
        "should be 1 to 64 lower-case letters, digits, -, _ or ., beginning with a letter or digit"

    /// What is built in.
    static let builtIn: HelpBook = {
        do {
            return try read(try YAMLDocument(PackageResources.help_yaml).value)
        } catch {
            preconditionFailure("the built-in help cannot be read: \(error)")
        }
    }()

    /// - Throws: 422 with everything that is wrong.
    static func read(_ value: JSONValue) throws(Problem) -> HelpBook {
        var body = try BodyReader(value)
        let symptoms = body.array("symptoms", max: HelpBook.symptomsMax) { item in
            HelpBook.Symptom(
                id: slug(&item), name: text("name", HelpBook.nameLength, &item),
                components: item.optionalStrings("components", max: 50, 1...64) ?? [])
        }
        let platforms = body.array("platforms", max: HelpBook.platformsMax) { item in
            HelpBook.Platform(id: slug(&item), name: text("name", HelpBook.nameLength, &item))
        }
        let steps = body.array("steps", max: HelpBook.stepsMax) { item in
            HelpBook.Step(
                id: slug(&item), platforms: names("platforms", HelpBook.platformsMax, &item),
                text: text("text", HelpBook.stepLength, &item))
        }
        let guides = body.array("guides", max: HelpBook.guidesMax) { item in
            HelpBook.Guide(
                symptoms: names("symptoms", HelpBook.symptomsMax, &item),
                platforms: names("platforms", HelpBook.platformsMax, &item),
                steps: item.strings("steps", max: HelpBook.guideStepsMax, 1...64))
        }
        // What an answer says beside may stand there, so that what was fetched can be sent back.
        _ = body.optionalInteger("version", 0...Int.max)
        _ = body.optionalBool("built_in")
        if symptoms.isEmpty, body.isEmptyArray("symptoms") { body.refuse("symptoms", "should have one or more") }
        try body.finish()
        let book = HelpBook(symptoms: symptoms, platforms: platforms, steps: steps, guides: guides)
        let mistakes = book.mistakes.map { FieldError(pointer: $0.pointer, detail: $0.detail) }
        guard mistakes.isEmpty else { throw .invalid(mistakes) }
        return book
    }

    private static func slug(_ item: inout BodyReader) -> String {
        let id = item.string("id", 1...64)
        if !id.isEmpty, !Identifiers.isSlug(id) { item.refuse("id", rule) }
        return id
    }

    private static func names(_ field: String, _ max: Int, _ item: inout BodyReader) -> [String] {
        item.optionalStrings(field, max: max, 1...64) ?? []
    }

    private static func text(
        _ field: String, _ length: ClosedRange<Int>, _ item: inout BodyReader
    ) -> HelpBook.Text {
        item.object(field) { HelpBook.Text(en: $0.string("en", length), de: $0.optionalString("de", length)) }
            ?? HelpBook.Text(en: "")
    }

    /// The members of a book, in an object that is open.
    static func write(_ book: HelpBook, to json: inout JSONWriter) {
        json.array("symptoms", book.symptoms) { json, symptom in
            json.object { json in
                json.member("id", symptom.id)
                write(symptom.name, as: "name", to: &json)
                json.member("components", symptom.components)
            }
        }
        json.array("platforms", book.platforms) { json, platform in
            json.object { json in
                json.member("id", platform.id)
                write(platform.name, as: "name", to: &json)
            }
        }
        json.array("steps", book.steps) { json, step in
            json.object { json in
                json.member("id", step.id)
                json.member("platforms", step.platforms)
                write(step.text, as: "text", to: &json)
            }
        }
        json.array("guides", book.guides) { json, guide in
            json.object { json in
                json.member("symptoms", guide.symptoms)
                json.member("platforms", guide.platforms)
                json.member("steps", guide.steps)
            }
        }
    }

    private static func write(_ text: HelpBook.Text, as name: String, to json: inout JSONWriter) {
        json.object(name) { json in
            json.member("en", text.en)
            json.member("de", text.de)
        }
    }
}
