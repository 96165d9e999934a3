-- Lists incidents; the path holds the filter.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
