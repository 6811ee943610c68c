// Each change of a session in Redis is one script, so that it happens whole or not at all. A session is a hash:
// its body, its time to live, and `fence`, which every lease raises. A server may write as long as the fence is
// the one of its lease: one that was paused past the end of its lease has a smaller one, and its write is refused.
//
// KEYS of all: session, was (outlives the session, to tell an expired one), lease.

export const scripts = {
  /** ARGV body, ttl ms. @returns 0 where there is one already */
  sessionAdd: `
    if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    local now = redis.call('TIME')
    redis.call('HSET', KEYS[1], 'body', ARGV[1], 'ttl', ARGV[2], 'fence', now[1] .. string.format('%06d', now[2]))
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
    if redis.call('HEXISTS', KEYS[1], 'ending') == 1 then return {'ending'} end
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

  /** Lets no call begin, and removes it unless one runs. @returns the milliseconds left of a lease, 0 when it is removed */
  sessionRemove: `
    if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
    redis.call('HSET', KEYS[1], 'ending', 1)
    local left = redis.call('PTTL', KEYS[3])
    if left > 0 then return left end
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
    return 0`,
} as const;

export type ScriptName = keyof typeof scripts;
