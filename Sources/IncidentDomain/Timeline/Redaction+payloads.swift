// What each payload gives up when it is redacted, in the order of the cases of `IncidentEvent`. Ids, slugs, numbers, times,
// words from a list, and whether an optional text was there at all, stay: the rules look at those.

extension String {
    fileprivate var redacted: String { IncidentEvent.redactedText }
}

extension IncidentOpened {
    var redacted: IncidentOpened {
        var copy = self
        copy.title = title.redacted
        copy.summary = summary?.redacted
        copy.labels = [:]  // Their names were typed as well.
        return copy
    }
}

extension IncidentDescribed {
    var redacted: IncidentDescribed {
        var copy = self
        copy.title = title?.redacted
        copy.summary = summary?.redacted
        copy.labels = labels.map { _ in [:] }
        return copy
    }
}

extension PhaseEntered {
    var redacted: PhaseEntered {
        var copy = self
        copy.overridden = overridden.map {
            OverriddenRequirement(requirement: $0.requirement, detail: $0.detail.redacted)
        }
        copy.reason = reason?.redacted
        return copy
    }
}

extension PhaseReverted {
    var redacted: PhaseReverted {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }
}

extension IncidentDismissed {
    var redacted: IncidentDismissed {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }
}

extension IncidentMerged {
    var redacted: IncidentMerged {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }
}

extension IncidentAbsorbed {
    var redacted: IncidentAbsorbed {
        var copy = self
        copy.title = title.redacted
        copy.impacts = impacts.map(\.redacted)
        return copy
    }
}

extension CauseHypothesis {
    var redacted: CauseHypothesis {
        var copy = self
        copy.evidence = evidence?.redacted
        return copy
    }
}

extension RoleAssigned {
    var redacted: RoleAssigned {
        var copy = self
        copy.person = person.redacted
        copy.previous = previous?.redacted
        return copy
    }
}

extension ComponentImpact {
    var redacted: ComponentImpact {
        var copy = self
        copy.regions = regions.map(\.redacted)
        return copy
    }
}

extension AudienceImpact {
    var redacted: AudienceImpact {
        var copy = self
        copy.description = description.redacted
        return copy
    }
}

extension NoteAdded {
    var redacted: NoteAdded {
        var copy = self
        copy.text = text.redacted
        return copy
    }
}

extension MitigationAdded {
    var redacted: MitigationAdded {
        var copy = self
        copy.description = description.redacted
        copy.kind = kind?.redacted
        copy.owner = owner?.redacted
        return copy
    }
}

extension MitigationChanged {
    var redacted: MitigationChanged {
        var copy = self
        copy.description = description?.redacted
        copy.kind = kind?.redacted
        copy.owner = owner?.redacted
        return copy
    }
}

extension TaskAdded {
    var redacted: TaskAdded {
        var copy = self
        copy.text = text.redacted
        copy.owner = owner?.redacted
        return copy
    }
}

extension TaskChanged {
    var redacted: TaskChanged {
        var copy = self
        copy.text = text?.redacted
        copy.owner = owner?.redacted
        return copy
    }
}

extension StepStarted {
    var redacted: StepStarted {
        var copy = self
        copy.overridden = overridden.map(\.redacted)
        copy.reason = reason?.redacted
        return copy
    }
}

extension RestorationOrdered {
    var redacted: RestorationOrdered {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }
}

extension StepWaived {
    var redacted: StepWaived {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }
}

extension StepFailed {
    var redacted: StepFailed {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }
}

extension StepRegressed {
    var redacted: StepRegressed {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }
}

extension AlertBatch {
    var redacted: AlertBatch {
        var copy = self
        copy.alerts = alerts.map { AlertMention(id: $0.id, title: $0.title.redacted, component: $0.component) }
        return copy
    }
}

extension UpdatePosted {
    var redacted: UpdatePosted {
        var copy = self
        copy.body = body.redacted
        copy.steps = steps.map(\.redacted)
        return copy
    }
}

extension ReviewRevised {
    var redacted: ReviewRevised {
        var copy = self
        copy.sections = sections.map(\.redacted)
        return copy
    }
}

extension ReviewApproved {
    var redacted: ReviewApproved {
        var copy = self
        copy.sections = sections.map(\.redacted)
        return copy
    }
}

extension EditedSection {
    var redacted: EditedSection {
        var copy = self
        copy.title = title?.redacted
        copy.markdown = markdown.redacted
        return copy
    }
}

extension ActionAdded {
    var redacted: ActionAdded {
        var copy = self
        copy.title = title.redacted
        copy.owner = owner?.redacted
        return copy
    }
}

extension ActionChanged {
    var redacted: ActionChanged {
        var copy = self
        copy.title = title?.redacted
        copy.owner = owner?.redacted
        return copy
    }
}

extension EntryRedacted {
    var redacted: EntryRedacted {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }
}
