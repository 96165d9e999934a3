import Glibc

/// How long something takes that is never negative and now and then takes very long: its logarithm is normally distributed.
struct LogNormal: Hashable, Sendable {
    /// Seconds; more than 0.
    let median: Double
    /// The spread of the logarithm; 0 when there is none.
    let sigma: Double

    /// The least and the largest spread that is believed: some samples that happen to be equal do not make the next one certain.
    private static let sigmas = 0.1...1.5

    init(median: Double, sigma: Double) {
        (self.median, self.sigma) = (median, sigma)
    }

    /// - Parameters:
    ///   - median: Half of the time it takes no longer, in seconds. Nil when that is nothing.
    ///   - p90: Nine times out of ten it takes no longer.
    init?(median: Double, p90: Double) {
        guard median > 0 else { return nil }
        self.median = median
        sigma = min(max(log(max(p90, median) / median) / Normal.z90, Self.sigmas.lowerBound), Self.sigmas.upperBound)
    }

    /// - Parameter z: The place on the standard normal distribution.
    func time(at z: Double) -> Double {
        median * exp(sigma * z)
    }

    /// How long all of it takes, with a probability of `part` at most, when it has already taken `elapsed`: never less than that.
    func time(_ part: Double, elapsed: Double) -> Double {
        guard elapsed > 0, sigma > 0 else { return max(elapsed, time(at: Normal.quantile(part))) }
        let start = log(elapsed / median) / sigma
        return max(elapsed, time(at: Normal.quantile(part, above: start)))
    }
}

/// The standard normal distribution.
enum Normal {
    /// Nine values of ten are not larger.
    static let z90 = 1.281_551_565_544_600_4

    /// The part of all values that are larger.
    static func above(_ z: Double) -> Double {
        erfc(z / 2.0.squareRoot()) / 2
    }

    /// The value that a part of all does not exceed. By P. J. Acklam's rational approximation: the relative error is below 1.2e-9.
    ///
    /// - Parameter part: Between 0 and 1, neither of them.
    static func quantile(_ part: Double) -> Double {
        let edge = 0.02425
        if part < edge { return tail(part) }
        if part > 1 - edge { return -tail(1 - part) }
        let offset = part - 0.5
        let square = offset * offset
        let above =
            ((((-39.696_830_286_653_76 * square + 220.946_098_424_520_5) * square - 275.928_510_446_968_7) * square
                + 138.357_751_867_269) * square - 30.664_798_066_147_16) * square + 2.506_628_277_459_239
        let below =
            ((((-54.476_098_798_224_06 * square + 161.585_836_858_040_9) * square - 155.698_979_859_886_6) * square
                + 66.801_311_887_719_72) * square - 13.280_681_552_885_72) * square + 1
        return above * offset / below
    }

    private static func tail(_ part: Double) -> Double {
        let root = (-2 * log(part)).squareRoot()
        let above =
            ((((-0.007_784_894_002_430_293 * root - 0.322_396_458_041_136_5) * root - 2.400_758_277_161_838) * root
                - 2.549_732_539_343_734) * root + 4.374_664_141_464_968) * root + 2.938_163_982_698_783
        let below =
            (((0.007_784_695_709_041_462 * root + 0.322_467_129_070_039_8) * root + 2.445_134_137_142_996) * root
                + 3.754_408_661_907_416) * root + 1
        return above / below
    }

    /// The value that a part of those above `start` does not exceed.
    static func quantile(_ part: Double, above start: Double) -> Double {
        // Far out there is nothing left to divide: there the density falls by `start` a unit, nearly.
        guard start < 5 else { return start - log(1 - part) / (start + 1 / start) }
        return -quantile(above(start) * (1 - part))
    }
}
