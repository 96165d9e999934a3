// STAND-IN by the lead until helper-3's file replaces this one.
extension IncidentEvent { package var text: String { "" } }
