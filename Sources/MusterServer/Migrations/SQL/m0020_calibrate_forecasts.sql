-- A restoration's sample runs from its first attempt; the attempts are counted. NULL in rows of releases that did not.
ALTER TABLE restoration_sample ADD attempts bigint CHECK (attempts > 0);

-- Forecasts say three quantiles, and by what the past corrected them. NULL in rows of releases that did not.
ALTER TABLE restoration_forecast
    ADD expected_p80_at timestamptz,
    ADD bias double precision CHECK (bias > 0),
    ADD spread double precision CHECK (spread >= 0),
    ADD CHECK ((bias IS NULL) = (spread IS NULL));
