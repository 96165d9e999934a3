/// How long the rest of a restoration takes when nobody waits for hands.
enum ExpectedTime {
    /// The longest path through what remains, each wave beginning when the one before is stable.
    ///
    /// - Returns: Nil when a remaining component has no expected time: an estimate without it would promise too much.
    static func longestPath(
        _ waves: [RestorationWave], needs: AffectedDependencies, graph: DependencyGraph
    ) -> (seconds: Int, path: [String])? {
        var finish: [String: Int] = [:]
        var before: [String: String] = [:]
        var barrier: (seconds: Int, last: String?) = (0, nil)
        for wave in waves {
            var latest = barrier
            for planned in wave.steps where !planned.step.state.isDone {
                guard let seconds = graph.components[planned.component]?.expectedRestoreSeconds else { return nil }
                var begin = barrier
                for dependency in needs.of(planned.component) {
                    if let end = finish[dependency], end > begin.seconds { begin = (end, dependency) }
                }
                let soak = graph.components[planned.component]?.soakSeconds ?? 0
                let end = begin.seconds + seconds + soak
                finish[planned.component] = end
                before[planned.component] = begin.last
                if end > latest.seconds { latest = (end, planned.component) }
            }
            barrier = latest
        }
        var path: [String] = []
        var cursor = barrier.last
        while let component = cursor {
            path.append(component)
            cursor = before[component]
        }
        return (barrier.seconds, path.reversed())
    }
}
