extension GermanTable {
    /// Words of enumerations, as they stand within a sentence.
    static let words: KeyValuePairs<String, String> = [
        // Severity
        "sev1": "sev1", "sev2": "sev2", "sev3": "sev3", "sev4": "sev4",
        // Phase
        "detect": "Erkennung", "assess": "Bewertung", "mitigate": "Eindämmung", "restore": "Wiederherstellung",
        "review": "Nachbereitung", "closed": "geschlossen", "dismissed": "verworfen", "merged": "zusammengeführt",
        "detection": "Erkennung", "assessment": "Bewertung", "mitigation": "Eindämmung",
        "restoration": "Wiederherstellung", "Assessment": "Bewertung", "Mitigation": "Eindämmung",
        "Review": "Nachbereitung", "Closed": "Geschlossen", "Dismissed": "Verworfen", "Merged": "Zusammengeführt",
        // IncidentClock
        "started": "begonnen", "detected": "erkannt", "acknowledged": "quittiert", "assessed": "bewertet",
        "mitigated": "eingedämmt", "restored": "wiederhergestellt", "reviewed": "nachbereitet",
        // ImpactLevel
        "none": "keine", "degraded": "eingeschränkt", "partial outage": "Teilausfall", "major outage": "Großausfall",
        "maintenance": "Wartung",
        // Audience, UpdateAudience
        "users": "Nutzer", "creators": "Kreative", "businesses": "Unternehmen", "reputation": "Ansehen",
        "staff": "Mitarbeiter", "regulators": "Behörden",
        "public | audience": "Öffentlichkeit", "internal | audience": "Interne",
        // IncidentRole
        "commander": "Einsatzleitung", "operations": "Technik", "communications": "Kommunikation",
        "scribe": "Protokoll", "liaison": "Verbindung",
        // CauseCategory
        "technical": "Technik", "attack": "Angriff", "connectivity": "Anbindung", "unknown": "unbekannt",
        // CauseSubcategory
        "software bug": "Softwarefehler", "server fault": "Serverfehler", "database fault": "Datenbankfehler",
        "CDN fault": "CDN-Fehler", "lack of capacity": "Kapazitätsmangel",
        "configuration error": "Konfigurationsfehler", "failed dependency": "Ausfall einer Abhängigkeit",
        "maintenance overrun": "überzogene Wartung", "failed change": "misslungene Änderung", "DDoS": "DDoS",
        "account compromise": "Kontoübernahme", "data compromise": "Datenabfluss", "malware": "Schadsoftware",
        "insider": "Innentäter", "ISP": "Internetanbieter", "regional network": "regionales Netz", "DNS": "DNS",
        "certificate": "Zertifikat", "natural disaster": "Naturkatastrophe", "geopolitical": "Geopolitik",
        // CauseConfidence, CauseRole
        "suspected": "vermutet", "confirmed": "bestätigt", "refuted": "widerlegt", "trigger": "Auslöser",
        "root": "Grundursache", "contributing": "beitragend", "detection gap": "Erkennungslücke",
        "process": "Prozess", "Trigger": "Auslöser", "Root cause": "Grundursache",
        "Contributing cause": "Beitragende Ursache", "Detection gap": "Erkennungslücke", "Process": "Prozess",
        // FactKind, Detection, TimePrecision
        "measure": "Messwert", "alert": "Alarm", "report": "Meldung", "decision": "Entscheidung",
        "change": "Änderung", "related": "verwandte Störung", "Related incident": "Verwandte Störung",
        "why": "Warum",
        "it detected the incident": "hat die Störung erkannt", "nobody noticed": "niemand hat es bemerkt",
        "it should have told": "hätte warnen müssen", "exact": "genau", "minute": "auf die Minute",
        "hour": "auf die Stunde", "day": "auf den Tag", "about {}": "etwa {}", "time unknown": "Zeit unbekannt",
        // MitigationState
        "planned": "geplant", "running": "in Arbeit", "succeeded": "erfolgreich", "failed": "fehlgeschlagen",
        "rolled back": "zurückgenommen", "not needed": "nicht nötig", "abandoned": "aufgegeben",
        "rejected": "abgelehnt",
        // ActionKind, ActionPriority, ActionState
        "detective": "erkennend", "preventive": "vorbeugend", "corrective": "behebend", "urgent": "dringend",
        "high": "hoch", "medium": "mittel", "low": "niedrig", "open": "offen", "in progress": "in Arbeit",
        "done": "erledigt", "dropped": "fallen gelassen",
        // ReviewStatus
        "draft": "Entwurf", "in review": "in Prüfung", "approved": "freigegeben",
        // RestorationStatus, RestorationGantt
        "waiting": "wartend", "ready": "bereit", "restoring": "in Wiederherstellung", "verifying": "in Prüfung",
        "waived": "darauf verzichtet", "regressed": "wieder gestört", "forced": "erzwungen",
        // StepUndone.Deed
        "start": "Beginn", "verification": "Prüfung", "waiver": "Verzicht", "failure": "Fehlschlag",
        // Requirement
        "severity set": "Schweregrad gesetzt", "commander assigned": "Einsatzleitung besetzt",
        "operations assigned": "Technik besetzt", "communications assigned": "Kommunikation besetzt",
        "impact recorded": "Auswirkung erfasst", "audience impact recorded": "Auswirkung auf Betroffene erfasst",
        "cause given": "Ursache angegeben", "cause confirmed": "Ursache bestätigt",
        "update posted": "Update veröffentlicht", "mitigation succeeded": "Gegenmaßnahme erfolgreich",
        "no mitigation running": "keine Gegenmaßnahme in Arbeit", "mitigations lifted": "Gegenmaßnahmen aufgehoben",
        "components restored": "Komponenten wiederhergestellt", "no firing alert": "kein aktiver Alarm",
        "tasks done": "Aufgaben erledigt", "review approved": "Nachbereitung freigegeben",
        "actions assigned": "Maßnahmen zugewiesen",
    ]

    /// What entries keep as text (`StoredSentences`).
    static let stored: KeyValuePairs<String, String> = [
        "waits for {} ({})": "wartet auf {} ({})", "waits for {} ({}) in INC-{}": "wartet auf {} ({}) in INC-{}",
        "wave {} is not complete (restoration.waves: enforce): {}":
            "Welle {} ist nicht abgeschlossen (restoration.waves: enforce): {}",
        "wave {} is not complete (restoration.waves: enforce): {} and {} more":
            "Welle {} ist nicht abgeschlossen (restoration.waves: enforce): {} und {} weitere",
        "1 alert is still firing on {}": "1 Alarm ist auf {} noch aktiv",
        "{} alerts are still firing on {}": "{} Alarme sind auf {} noch aktiv",
        "probe {} failed: {}": "Prüfung {} fehlgeschlagen: {}",
        "probe {} failed: no detail": "Prüfung {} fehlgeschlagen",
        "probe {} has not run since work on {} started":
            "Prüfung {} ist nicht gelaufen, seit an {} gearbeitet wird",
        "probe {} passed": "Prüfung {} bestanden", "soaked {} of {} s": "{} von {} Sek. beobachtet",
        "{} is soaking": "{} wird beobachtet", "{} of {} s": "{} von {} Sek.", "{} is {} ({})": "{} ist {} ({})",
        "{} is {}": "{} ist {}", "{} % ramped": "{} % Last",
        "not acknowledged": "nicht quittiert", "no one assigned as {}": "niemand hat die Rolle {}",
        "no component impact recorded": "keine Auswirkung auf Komponenten erfasst",
        "no audience impact recorded": "keine Auswirkung auf Betroffene erfasst",
        "no cause stated, or all were refuted; category unknown with a reason says that it is not known yet":
            "keine Ursache angegeben, oder alle widerlegt; die Kategorie unknown mit Begründung sagt, dass sie noch nicht bekannt ist",
        "cause not confirmed": "Ursache nicht bestätigt", "no update posted": "kein Update veröffentlicht",
        "mitigation {} is still in force: {}": "Gegenmaßnahme {} ist noch in Kraft: {}",
        "task {} is not done: {}": "Aufgabe {} ist nicht erledigt: {}",
        "required action item {} has no owner": "Pflichtmaßnahme {} hat keinen Verantwortlichen",
        "required action item {} has no due date": "Pflichtmaßnahme {} hat keinen Termin",
        "mitigation {} is still running: {}": "Gegenmaßnahme {} ist noch in Arbeit: {}",
        "no mitigation recorded": "keine Gegenmaßnahme erfasst",
        "no mitigation has succeeded or is marked as not needed":
            "keine Gegenmaßnahme war erfolgreich oder ist als nicht nötig vermerkt",
        "1 alert is still firing": "1 Alarm ist noch aktiv", "{} alerts are still firing": "{} Alarme sind noch aktiv",
        "not restored or waived: {} and {} more": "weder wiederhergestellt noch verzichtbar: {} und {} weitere",
        "not restored or waived: {}": "weder wiederhergestellt noch verzichtbar: {}",
        "review not started": "Nachbereitung nicht begonnen", "review not approved": "Nachbereitung nicht freigegeben",
        "no cause category is given": "keine Kategorie der Ursache angegeben",
        "its impact was set again": "die Auswirkung wurde erneut erfasst",
        "an alert that fires on it was moved here": "ein aktiver Alarm darauf wurde hierher verschoben",
        "an alert on it fires after all": "ein Alarm darauf ist doch noch aktiv",
        "an alert is firing on it again": "ein Alarm darauf ist wieder aktiv",
        "an alert fires on it again": "ein Alarm darauf ist wieder aktiv",
        "it is still down in INC-{}": "in INC-{} ist es noch gestört",
        "an alert is firing on it in INC-{}": "in INC-{} ist ein Alarm darauf aktiv",
        "it closed itself, and alerts fire again": "sie hatte sich selbst geschlossen, und Alarme sind wieder aktiv",
        "Planned until {}, and nobody has ended or extended it.":
            "Geplant bis {}; niemand hat sie beendet oder verlängert.",
    ]
}
