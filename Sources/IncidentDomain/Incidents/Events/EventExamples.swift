/// What the examples of several events share.
enum EventExamples {
    static let noon = Timestamp(milliseconds: 1_795_348_800_123)
    static let before = Timestamp(milliseconds: 1_795_345_200_000)

    static let impact = ComponentImpact(
        component: "cdn", impact: .majorOutage, regions: ["eu-north", "eu-west"], startedAt: before, endedAt: noon)

    static let content = UpdateContent(
        audience: .users, language: "de", body: "Wir arbeiten daran.", eta: noon, steps: ["Neu laden"],
        nextUpdateAt: noon)

    static let sections = [EditedSection(id: "summary", title: "Summary", markdown: "*What* happened")]
}
