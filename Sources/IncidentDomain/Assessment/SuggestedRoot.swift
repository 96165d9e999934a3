/// A component whose failure would explain what is seen.
package struct SuggestedRoot: Hashable, Sendable {
    package let component: String
    /// Symptoms that need it (hard, directly or not), itself included if it is one; by slug.
    package let explains: [String]
    /// How many of them no root before it explains.
    package let newlyExplained: Int
    /// Components that need it and are healthy, itself not included; by slug.
    package let healthy: [String]
    /// Whether it is one of the symptoms.
    package let isSymptom: Bool
    /// 0 to 1: how well what needs it is what is hit.
    package let match: Double
    package let reasons: [String]
    /// The impact that would be recorded if it is right; nil when the component has an ongoing one.
    package let suggestedImpact: ImpactLevel?
    /// What might be the root in its place, the likeliest first.
    package let alternatives: [SuggestedRoot]
}
