// Each change of a session in Redis is one script, so that it happens whole or not at all. A session is a hash:
// its body, its time to live, and `fence`, which every lease raises. A server may write as long as the fence is
// the one of its lease: one that was paused past the end of its lease has a smaller one, and its write is refused.
// `begun` tells a session from an earlier one of its id; `ending`, until when a server is about to delete it, in
// milliseconds: one that dies meanwhile does not leave a session that can neither be called nor goes away.
//
// KEYS of all: session, was (outlives the session, to tell an expired one), lease.

export const scripts = {
  /** ARGV body, ttl ms. @returns 0 where there is one already */
  sessionAdd: `
    if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    local now = redis.call('TIME')
    local begun = now[1] .. string.format('%06d', now[2])
    redis.call('HSET', KEYS[1], 'body', ARGV[1], 'ttl', ARGV[2], 'fence', begun, 'begun', begun)
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    redis.call('SET', KEYS[2], '', 'PX', 2 * ARGV[2])
    return 1`,

  /** @returns 'missing', 'expired', or 'found' with the body */
  sessionRead: `
    local body = redis.call('HGET', KEYS[1], 'body')
    if body then return {'found', body} end
    if redis.call('EXISTS', KEYS[2]) == 1 then return {'expired'} end
    return {'missing'}`,

  /**
   * ARGV lease ms. @returns 'missing', 'expired', 'ending'; 'held' with the milliseconds that are left of the
   * lease; or 'leased' with the fence and the body
   */
  sessionAcquire: `
    if redis.call('EXISTS', KEYS[1]) == 0 then
      if redis.call('EXISTS', KEYS[2]) == 1 then return {'expired'} end
      return {'missing'}
    end
    local now = redis.call('TIME')
    if tonumber(redis.call('HGET', KEYS[1], 'ending') or 0) > now[1] * 1000 + now[2] / 1000 then return {'ending'} end
    local left = redis.call('PTTL', KEYS[3])
    if left > 0 then return {'held', left} end
    local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
    redis.call('SET', KEYS[3], fence, 'PX', ARGV[1])
    redis.call('PEXPIRE', KEYS[1], redis.call('HGET', KEYS[1], 'ttl') + ARGV[1])
    return {'leased', fence, redis.call('HGET', KEYS[1], 'body')}`,

  /** ARGV fence, lease ms. @returns 0 where another server has taken it over */
  sessionRenew: `
    if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
    redis.call('PEXPIRE', KEYS[1], redis.call('HGET', KEYS[1], 'ttl') + ARGV[2])
    return 1`,

  /** ARGV fence, body. @returns 0 where another server has taken it over */
  sessionSave: `
    if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
    redis.call('HSET', KEYS[1], 'body', ARGV[2])
    return 1`,

  /** ARGV fence */
  sessionRelease: `
    if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
    if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
    local ttl = redis.call('HGET', KEYS[1], 'ttl')
    redis.call('PEXPIRE', KEYS[1], ttl)
    redis.call('SET', KEYS[2], '', 'PX', 2 * ttl)
    return 1`,

  /**
   * Lets no call begin, and removes it unless one runs. ARGV begun, empty the first time; ms for which no call
   * begins. @returns the milliseconds left of a lease, 0 when it is removed, −1 where there is none; and begun
   */
  sessionRemove: `
    if redis.call('EXISTS', KEYS[1]) == 0 then return {-1, ''} end
    local begun = redis.call('HGET', KEYS[1], 'begun') or '0'
    if ARGV[1] ~= '' and ARGV[1] ~= begun then return {-1, ''} end
    local now = redis.call('TIME')
    redis.call('HSET', KEYS[1], 'ending', math.floor(now[1] * 1000 + now[2] / 1000 + ARGV[2]))
    local left = redis.call('PTTL', KEYS[3])
    if left > 0 then return {left, begun} end
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
    return {0, begun}`,
} as const;

export type ScriptName = keyof typeof scripts;
