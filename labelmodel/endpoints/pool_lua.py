"""The scripts behind pool.py. Each runs in Redis as one step, so what it finds free is still free when it takes it.

Names, all behind one `{hash tag}`, so that a cluster keeps them together:

* `:endpoint` hash: `failures` in a row, `cool_until`, `cooled_at`, `why`
* `:key:<id>` hash: `taken` (when last, as a running number), `failures`, `cool_until`, `cooled_at`, `why`, `off_at`, `off_why`,
  `day` and `day_tokens`, and what was ever used: `requests`, `errors`, `tokens_in`, `tokens_out`, and errors by status: `401`, `403`, `429`
* `:minute:<id>` list: when the latest requests were, newest first; as many as a minute may have
* `:leases:<id>` sorted set: requests on their way, by when they are given up
* `:hour:<id>:<hour>` hash: what was used in that hour

Times are milliseconds of Redis' own clock: those of the workers differ.
"""

from __future__ import annotations

_TOP = """
local base = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local day = math.floor(now / 86400000)
local function number(name, field) return tonumber(redis.call('HGET', name, field) or 0) or 0 end
local function put(name, ...)
  local said = {...}
  for i, value in ipairs(said) do
    if type(value) == 'number' then said[i] = string.format('%.0f', value) end
  end
  redis.call('HSET', name, unpack(said))
end
local function count(id, field, by)
  if by == 0 then return end
  local hour = base .. ':hour:' .. id .. ':' .. string.format('%.0f', math.floor(now / 3600000))
  redis.call('HINCRBY', base .. ':key:' .. id, field, by)
  redis.call('HINCRBY', hour, field, by)
  redis.call('EXPIRE', hour, 3456000)
end
"""

# ARGV: lease, tokens that the request may cost, milliseconds until it is given up; then for each key its id and its limits
# (requests a minute, tokens a day, at once; 0: none). Answers {'key', id, day} or {'wait', why, milliseconds}.
TAKE = (
    _TOP
    + """
local lease, tokens, patience = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local flying, free, wait, why = 0, {}, nil, 'off'
local function later(milliseconds, reason)
  if wait == nil or milliseconds < wait then wait, why = milliseconds, reason end
end
for i = 4, #ARGV, 4 do
  local id = ARGV[i]
  local leases = base .. ':leases:' .. id
  -- Asked again because the first answer was lost on the way: the same key, and nothing is counted twice.
  if redis.call('ZSCORE', leases, lease) then return {'key', id, tostring(day)} end
  local dead = redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
  -- Their worker died. What they may have cost stays counted.
  count(id, 'errors', dead)
  flying = flying + redis.call('ZCARD', leases)
end
local endpoint = base .. ':endpoint'
local cool = number(endpoint, 'cool_until')
if cool > now then return {'wait', 'endpoint', tostring(cool - now)} end
-- Behind a failure one request tries whether it is over, before all the others follow.
if cool > 0 and flying > 0 then return {'wait', 'busy', '200'} end
for i = 4, #ARGV, 4 do
  local id, a_minute, a_day, at_once = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local key, minute = base .. ':key:' .. id, base .. ':minute:' .. id
  local mine = redis.call('ZCARD', base .. ':leases:' .. id)
  local spent = number(key, 'day') == day and number(key, 'day_tokens') or 0
  local oldest = a_minute > 0 and tonumber(redis.call('LINDEX', minute, a_minute - 1) or 0) or 0
  local cooling = number(key, 'cool_until')
  if redis.call('HEXISTS', key, 'off_at') == 1 then
    -- Never by itself.
  elseif cooling > now then later(cooling - now, 'cooling')
  elseif cooling > 0 and mine > 0 then later(200, 'busy')
  elseif mine >= at_once then later(200, 'busy')
  elseif oldest > now - 60000 then later(oldest + 60000 - now, 'minute')
  elseif a_day > 0 and spent + tokens > a_day then
    -- Requests on their way may give back what they do not need.
    if mine > 0 then later(200, 'busy') else later((day + 1) * 86400000 - now, 'day') end
  else
    free[#free + 1] = {id = id, place = i, a_minute = a_minute, mine = mine, taken = number(key, 'taken'), spent = spent}
  end
end
if #free == 0 then return {'wait', why, tostring(wait or -1)} end
table.sort(free, function(a, b)
  if a.mine ~= b.mine then return a.mine < b.mine end
  if a.taken ~= b.taken then return a.taken < b.taken end
  return a.place < b.place
end)
local found = free[1]
local key, minute = base .. ':key:' .. found.id, base .. ':minute:' .. found.id
put(key, 'taken', redis.call('HINCRBY', endpoint, 'turns', 1), 'day', day, 'day_tokens', found.spent + tokens)
if found.a_minute > 0 then
  redis.call('LPUSH', minute, string.format('%.0f', now))
  redis.call('LTRIM', minute, 0, found.a_minute - 1)
  redis.call('PEXPIRE', minute, 60000)
end
redis.call('ZADD', base .. ':leases:' .. found.id, string.format('%.0f', now + patience), lease)
count(found.id, 'requests', 1)
return {'key', found.id, tostring(day)}
"""
)

# ARGV: key, lease, milliseconds of its patience, day and tokens it was taken with, outcome, tokens in, tokens out, milliseconds
# that the server asks to wait (-1: it does not say), first and longest pause, a chance from 0 to 1, what happened, failures in
# a row that stop an endpoint, status. Answers 1, or 0 when that lease was settled or given up before.
SETTLE = (
    _TOP
    + """
local id, lease, patience = ARGV[1], ARGV[2], tonumber(ARGV[3])
local reserved, outcome, said = tonumber(ARGV[5]), ARGV[6], ARGV[13]
local tokens_in, tokens_out = tonumber(ARGV[7]), tonumber(ARGV[8])
local told, first, most, chance = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local key, leases, endpoint = base .. ':key:' .. id, base .. ':leases:' .. id, base .. ':endpoint'
local until_when = redis.call('ZSCORE', leases, lease)
if not until_when then return 0 end
redis.call('ZREM', leases, lease)
local taken = tonumber(until_when) - patience
-- What became of a request that got no answer is not known: it may have been charged.
if outcome ~= 'failed' and outcome ~= 'cut' and number(key, 'day') == tonumber(ARGV[4]) then
  put(key, 'day_tokens', math.max(number(key, 'day_tokens') - reserved + tokens_in + tokens_out, 0))
end
count(id, 'tokens_in', tokens_in)
count(id, 'tokens_out', tokens_out)
if outcome ~= 'ok' and outcome ~= 'cut' then count(id, 'errors', 1) end
local status = ARGV[15]
if status == '401' or status == '403' or status == '429' then count(id, status, 1) end
-- What was on its way before the pause began tells nothing new, neither good nor bad.
local function cool(name, from)
  local pause = told >= 0 and told or 0
  if taken > number(name, 'cooled_at') then
    local failures = redis.call('HINCRBY', name, 'failures', 1)
    if told < 0 and failures >= from then
      pause = math.min(first * 2 ^ math.min(failures - from, 40), most) * (0.5 + chance / 2)
    end
    if failures >= from or told >= 0 then put(name, 'cooled_at', now, 'why', said) end
  end
  if pause > 0 then put(name, 'cool_until', math.max(number(name, 'cool_until'), now + math.ceil(pause))) end
end
local function warm(name)
  if number(name, 'failures') > 0 and taken >= number(name, 'cooled_at') then
    redis.call('HDEL', name, 'failures', 'cool_until', 'cooled_at', 'why')
  end
end
if outcome == 'ok' or outcome == 'refused' then warm(key) end
if outcome == 'limited' then cool(key, 1) end
if outcome == 'failed' then cool(endpoint, tonumber(ARGV[14])) elseif outcome ~= 'cut' and outcome ~= 'misfit' then warm(endpoint) end
if outcome == 'denied' then
  redis.call('HSETNX', key, 'off_at', string.format('%.0f', now))
  redis.call('HSETNX', key, 'off_why', said)
end
return 1
"""
)
