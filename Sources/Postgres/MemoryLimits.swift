import CLibPQ

/// What the allocator keeps for itself.
package enum MemoryLimits {
    /// Has glibc keep two arenas instead of eight for each core, and give back what is free at their ends: after a storm a
    /// process would otherwise hold what the storm needed.
    package static func keepLittle() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_TRIM_THRESHOLD, 256 << 10)
    }

    /// Gives what is free between what is used back to the system. It takes some milliseconds for each hundred MiB, during
    /// which others wait for memory.
    package static func giveBack() {
        malloc_trim(0)
    }
}
