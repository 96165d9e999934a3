import Glibc
import IncidentDomain

// Run by planner.py, which judges what this prints:
//     planner-bench time SHAPE SIZE PLATFORMS ROUNDS    one line of JSON: how long the plans of random platforms take
//     planner-bench draw SHAPE SIZE PLATFORMS ROUNDS    the same of their forecasts, with what the first one says
//     planner-bench show SHAPE SIZE                     the first of these platforms, one component in JSON on a line

/// What it prints is its answer: planner.py reads it from there.
private func explain() -> Never {
    print("usage: planner-bench time|draw|show products|uniform SIZE [PLATFORMS ROUNDS]")
    exit(2)
}

private let words = CommandLine.arguments.dropFirst()
private let numbers = words.dropFirst(2).compactMap { Int($0) }.filter { $0 > 0 }
guard let shape = words.dropFirst().first.flatMap(RandomPlatform.Shape.init), let size = numbers.first else {
    explain()
}
switch (words.first, numbers.count) {
case ("time", 3), ("draw", 3):
    let bench = PlannerBench((0..<numbers[1]).map { RandomPlatform(shape, size: size, seed: 2026 + UInt64($0)) })
    print(words.first == "time" ? bench.plans(rounds: numbers[2]) : bench.forecasts(rounds: numbers[2]))
case ("show", 1):
    for component in RandomPlatform(shape, size: size, seed: 2026).components { print(PlannerBench.line(component)) }
default:
    explain()
}
