import IncidentDomain

/// Maintenance as requests write it.
enum MaintenanceBodies {
    private static let componentsMax = 200
    private static let regionsMax = 200

    static func window(_ body: inout BodyReader) throws(Problem) -> MaintenanceWindow {
        let window = MaintenanceWindow(
            title: body.string("title", 1...200), description: body.optionalString("description", 1...10_000),
            components: components(&body, body.strings("components", max: componentsMax, 1...64)),
            regions: regions(&body) ?? [], start: localTime(&body, "local_start", body.string("local_start", 1...40)),
            timeZone: body.string("time_zone", 1...64),
            durationSeconds: body.integer("duration_seconds", MaintenanceWindow.durationSeconds), rule: rule(&body),
            ending: body.optionalEnumeration("ends") ?? .automatic)
        try body.finish()
        return window
    }

    /// What a PATCH says: null takes away what may be missing, and what is not named stays.
    static func patch(_ body: inout BodyReader) throws(Problem) -> @Sendable (inout MaintenanceWindow) -> Void {
        let title = body.optionalString("title", 1...200)
        let (saysDescription, description) = (
            body.has("description"), body.optionalString("description", 1...10_000)
        )
        let slugs = body.optionalStrings("components", max: componentsMax, 1...64)
        let components = slugs.map { Self.components(&body, $0) }
        let (saysRegions, regions) = (body.has("regions"), Self.regions(&body))
        let text = body.optionalString("local_start", 1...40)
        let start = text.map { localTime(&body, "local_start", $0) }
        let timeZone = body.optionalString("time_zone", 1...64)
        let duration = body.optionalInteger("duration_seconds", MaintenanceWindow.durationSeconds)
        let (saysRule, rule) = (body.has("rrule"), Self.rule(&body))
        let ending = body.optionalEnumeration("ends", of: MaintenanceWindow.Ending.self)
        try body.finish()
        return { window in
            window.title = title ?? window.title
            if saysDescription { window.description = description }
            window.components = components ?? window.components
            if saysRegions { window.regions = regions ?? [] }
            window.start = start ?? window.start
            window.timeZone = timeZone ?? window.timeZone
            window.durationSeconds = duration ?? window.durationSeconds
            if saysRule { window.rule = rule }
            window.ending = ending ?? window.ending
        }
    }

    /// Which time of a window a command is about.
    static func target(_ body: inout BodyReader, otherwise: MaintenanceDesk.Target) -> MaintenanceDesk.Target {
        guard let text = body.optionalString("occurrence", 1...40) else { return otherwise }
        return .named(localTime(&body, "occurrence", text))
    }

    /// How far it is extended; nil when that is said twice or not at all.
    static func extending(_ body: inout BodyReader) -> MaintenanceCommand? {
        switch (body.optionalTime("until"), body.optionalInteger("seconds", MaintenanceWindow.durationSeconds)) {
        case (let until?, nil): .extend(until: until)
        case (nil, let seconds?): .extendBy(seconds: seconds)
        case (nil, nil), (.some, .some): nil
        }
    }

    private static func components(_ body: inout BodyReader, _ slugs: [String]) -> [String] {
        // What is missing or no array has its error already.
        if slugs.isEmpty, body.isEmptyArray("components") {
            body.refuse("components", "should name at least 1 component")
        }
        for (place, slug) in slugs.enumerated() where !Identifiers.isSlug(slug) {
            body.take(.invalid("/components/\(place)", "should be the slug of a component"))
        }
        return unique(slugs)
    }

    private static func regions(_ body: inout BodyReader) -> [String]? {
        body.optionalStrings("regions", max: regionsMax, 1...64).map(unique)
    }

    private static func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    private static func localTime(_ body: inout BodyReader, _ field: String, _ text: String) -> LocalTime {
        if let time = LocalTime(text) { return time }
        // What is missing or no text has its error already.
        if !text.isEmpty {
            body.refuse(
                field, "should be a date and a time of day without an offset, as 2026-12-06T02:30, from 1970 on")
        }
        return LocalTime(seconds: 0)
    }

    private static func rule(_ body: inout BodyReader) -> RecurrenceRule? {
        guard let text = body.optionalString("rrule", 1...500) else { return nil }
        do {
            return try RecurrenceRule(text)
        } catch {
            body.refuse("rrule", error.detail)
            return nil
        }
    }
}
