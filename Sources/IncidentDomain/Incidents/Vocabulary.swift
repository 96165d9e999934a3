/// What the words of incidents mean, in a sentence for whoever has to choose one.
extension IncidentRole {
    package var meaning: String {
        switch self {
        case .commander: "Leads: decides what is done, sets the severity, and hands over to the next commander."
        case .operations: "Carries out what is decided: mitigations, and the steps of restoring."
        case .communications: "Writes and publishes the updates for those who wait."
        case .scribe: "Writes down what happens, so that nobody has to remember it."
        case .liaison: "Speaks with other teams, vendors and authorities."
        }
    }
}

extension Audience {
    package var meaning: String {
        switch self {
        case .users: UpdateAudience.users.meaning
        case .creators: UpdateAudience.creators.meaning
        case .businesses: UpdateAudience.businesses.meaning
        case .reputation: "What the public thinks of us: press, social networks, trust."
        }
    }
}

extension UpdateAudience {
    package var meaning: String {
        switch self {
        case .users: "Those who use what we run."
        case .creators: "Those who publish on it and earn by it."
        case .businesses: "Those who pay for it: customers, advertisers, partners."
        case .staff: "Our own people, as support and management."
        case .regulators: "Authorities that have to be told."
        }
    }
}

extension CauseCategory {
    package var meaning: String {
        switch self {
        case .technical: "Something of ours is broken, overloaded or wrongly set."
        case .maintenance: "Planned work took too long or went wrong."
        case .attack: "Somebody does it on purpose."
        case .connectivity: "The way to us is broken: networks, names, certificates."
        case .unknown: "Not known yet; `evidence` says what is looked at."
        }
    }
}

extension CauseConfidence {
    package var meaning: String {
        switch self {
        case .suspected: "It looks like it."
        case .confirmed: "It is known."
        case .refuted: "It was looked at, and it is not this."
        }
    }
}

extension CauseRole {
    package var meaning: String {
        switch self {
        case .trigger: "What set it off, as a deploy or a cut fibre."
        case .root: "What was wrong underneath, and made the trigger harmful."
        case .contributing: "What made it worse or longer."
        case .detectionGap: "Why it was noticed late."
        case .process: "What in the way of working let it happen."
        }
    }
}

extension Requirement {
    package var meaning: String {
        switch self {
        case .acknowledged: "Somebody said that they look into it."
        case .severitySet: "It has a severity."
        case .commanderAssigned: "Somebody has the role commander."
        case .operationsAssigned: "Somebody has the role operations."
        case .communicationsAssigned: "Somebody has the role communications."
        case .impactRecorded: "It says which component is hit, and how hard."
        case .audienceImpactRecorded: "It says which audience is hit, and how."
        case .causeGiven: "A cause is stated, or that it is not known yet."
        case .causeConfirmed: "The cause is confirmed."
        case .updatePosted: "An update was published."
        case .mitigationSucceeded: "A mitigation succeeded, or none was needed."
        case .noMitigationRunning: "No mitigation is under way."
        case .mitigationsLifted: "No mitigation is in force any more."
        case .componentsRestored: "Every component that was hit is restored or waived."
        case .noFiringAlert: "None of its alerts fires."
        case .tasksDone: "Every task is done."
        case .reviewApproved: "Its review is approved."
        case .actionsAssigned: "Every required action item has an owner and a due date."
        }
    }
}
