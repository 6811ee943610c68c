// Lua scripts: each runs as one, so that a check and the writes it guards cannot be separated.
//
// The lease of a job lasts as long as BullMQ's lock of its entry in the queue. `owner` (the lock's token) and `lock` (the
// lock's key) in the job's hash say who claimed the job last. Once the lock has expired, others may claim the job or change
// it. From then on every write of the earlier owner is refused, however late it comes: its token is not the owner's.

/** A write is an array of strings, the arguments of a Redis command, or one of these: */
const runWrites = `
local function run_writes(json)
  for _, write in ipairs(cjson.decode(json)) do
    if write[1] == 'EVENT' then
      -- counter, events, step, JSON
      local id = redis.call('INCR', write[2])
      redis.call('ZADD', write[3], id, id .. ':' .. write[4] .. ':' .. write[5])
    elseif write[1] == 'INDEX' then
      -- sorted set, id: numbered once
      if not redis.call('ZSCORE', write[2], write[3]) then
        redis.call('ZADD', write[2], redis.call('INCR', write[2] .. ':last'), write[3])
      end
    elseif write[1] == 'REMOVE_LATER_EVENTS' then
      -- events, step
      for _, member in ipairs(redis.call('ZRANGE', write[2], 0, -1)) do
        if tonumber(string.match(member, '^%d+:(%d+):')) > tonumber(write[3]) then
          redis.call('ZREM', write[2], member)
        end
      end
    elseif write[1] == 'REMOVE_LATER_FIELDS' then
      -- hash, step
      for _, step in ipairs(redis.call('HKEYS', write[2])) do
        if tonumber(step) > tonumber(write[3]) then redis.call('HDEL', write[2], step) end
      end
    elseif write[1] == 'CLEAR_REQUEST' then
      -- job, the request that has been carried out
      if redis.call('HGET', write[2], 'request') == write[3] then redis.call('HDEL', write[2], 'request') end
    else
      redis.call(unpack(write))
    end
  end
end
local function is_leased(job)
  local owner, lock = unpack(redis.call('HMGET', job, 'owner', 'lock'))
  return owner and lock and redis.call('GET', lock) == owner
end
`;

/** ARGV: writes. */
export const writeScript = `${runWrites}
run_writes(ARGV[1])
return 'done'`;

/**
 * The writes of the owner of a lease. A write that is repeated because its answer was lost is made once.
 * KEYS: job; ARGV: token, number of the write, writes. Returns `done` or `lost`.
 */
export const guardedScript = `${runWrites}
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'lost' end
if tonumber(ARGV[2]) > tonumber(redis.call('HGET', KEYS[1], 'written') or '0') then
  redis.call('HSET', KEYS[1], 'written', ARGV[2])
  run_writes(ARGV[3])
end
return 'done'`;

/**
 * Takes the lease of a job for the worker that has its entry.
 * KEYS: job; ARGV: token, lock, entry, least fence. Returns a reason why not, or `claimed`, the fence, the job and
 * what was asked of its last owner.
 */
export const claimScript = `${runWrites}
local body, entry, owner, fence, request = unpack(redis.call('HMGET', KEYS[1], 'body', 'entry', 'owner', 'fence', 'request'))
if not body then return {'gone'} end
if entry ~= ARGV[3] then return {'obsolete'} end
if redis.call('GET', ARGV[2]) ~= ARGV[1] then return {'lost'} end
if owner ~= ARGV[1] and is_leased(KEYS[1]) then return {'held'} end
fence = math.max(tonumber(fence or '0'), tonumber(ARGV[4])) + 1
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lock', ARGV[2], 'fence', fence, 'written', 0)
return {'claimed', tostring(fence), body, request or ''}`;

/**
 * Renews a lease whose lock has expired, while Redis or the worker did not answer, if nobody has claimed or changed the
 * job meanwhile. KEYS: job; ARGV: token, lock, milliseconds. Returns 1, or 0 if it is lost.
 */
export const renewScript = `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
local current = redis.call('GET', ARGV[2])
if current and current ~= ARGV[1] then return 0 end
redis.call('SET', ARGV[2], ARGV[1], 'PX', ARGV[3])
return 1`;

/**
 * Ends a lease. KEYS: job; ARGV: token, and `now` to end it whatever was asked of the owner. Returns what was asked and
 * is still to be done, if anything: the lease goes on then.
 */
export const releaseScript = `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return '' end
local request = redis.call('HGET', KEYS[1], 'request')
if request and ARGV[2] ~= 'now' then return request end
redis.call('HDEL', KEYS[1], 'owner', 'lock', 'written')
return ''`;

/**
 * Asks the owner of a job's lease to change it. A pause does not replace a cancel.
 * KEYS: job; ARGV: action, channel, message. Returns 0 if nobody has the lease.
 */
export const requestScript = `${runWrites}
if not is_leased(KEYS[1]) then return 0 end
if redis.call('HGET', KEYS[1], 'request') ~= 'cancel' then redis.call('HSET', KEYS[1], 'request', ARGV[1]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1`;

/**
 * Changes a job that nobody has a lease of. KEYS: job; ARGV: the job as it was read, writes.
 * Returns `done`, `leased` or `changed`.
 */
export const changeScript = `${runWrites}
if is_leased(KEYS[1]) then return 'leased' end
if redis.call('HGET', KEYS[1], 'body') ~= ARGV[1] then return 'changed' end
redis.call('HDEL', KEYS[1], 'owner', 'lock', 'written', 'request')
run_writes(ARGV[2])
return 'done'`;

/** Changes a field of a hash if it is as it was read. KEYS: hash; ARGV: field, old value, new value. */
export const replaceFieldScript = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`;

/**
 * Reserves capacity and names for jobs that are about to be created.
 * KEYS: unfinished, names, reserved; ARGV: limit, milliseconds until the reservation expires, names.
 * Returns nothing, or why not: `taken`, the name, its job; `reserved`, the name; `full`, the number of jobs.
 */
export const reserveScript = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local names = cjson.decode(ARGV[3])
for _, name in ipairs(names) do
  local job = redis.call('HGET', KEYS[2], name)
  if job then return {'taken', name, job} end
  if redis.call('ZSCORE', KEYS[3], name) then return {'reserved', name} end
end
local count = redis.call('SCARD', KEYS[1]) + redis.call('ZCARD', KEYS[3])
if count + #names > tonumber(ARGV[1]) then return {'full', tostring(count)} end
for _, name in ipairs(names) do redis.call('ZADD', KEYS[3], now + tonumber(ARGV[2]), name) end
return {}`;

/** Deletes a key if it has a value. KEYS: key; ARGV: value. */
export const deleteIfScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;
