-- The same body again and again, each IDENTITY in it a new one. What differs is put between parts that were made before the
-- clock starts.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local mark = "IDENTITY"
local template = io.open(os.getenv("BENCH_BODY")):read("*a")
local parts, run, count = {}, nil, 0
math.randomseed(os.time())

function init()
    run = string.format("%08x", math.random(0, 0x7fffffff))
    -- An identity has 16 characters: the length that is announced has to be right.
    local text = wrk.format("POST", nil, nil, (template:gsub(mark, string.rep("@", 16))))
    local from = 1
    while true do
        local first, last = text:find(string.rep("@", 16), from, true)
        parts[#parts + 1] = text:sub(from, first and first - 1)
        if not first then break end
        from = last + 1
    end
end

function request()
    local texts = { parts[1] }
    for index = 2, #parts do
        count = count + 1
        texts[#texts + 1] = string.format("%08x", count * 2654435761 % 4294967296)
        texts[#texts + 1] = run
        texts[#texts + 1] = parts[index]
    end
    return table.concat(texts)
end
