import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { UnrollError } from '../errors.ts';
import type { Snapshot } from './snapshot.ts';

// A state as a text that its caller keeps, and that any server with the same key accepts: a header, the numbers,
// and an HMAC-SHA256 over both, in base64url.

export interface StateTokens {
  write(snapshot: Snapshot, owner: string | null): string;
  /** @throws UnrollError invalid_state for one that was not written with this key, session_expired */
  read(token: string, owner: string | null): Snapshot;
}

const version = 1;
const macBytes = 32;
/** The layout's version, and the length of the header. */
const prefixBytes = 3;

interface Header {
  readonly model: string;
  readonly version: number;
  readonly weights: string;
  readonly steps: number;
  readonly pending: number | null;
  readonly owner: string | null;
  /** Seconds since 1970. */
  readonly expires: number;
  readonly initial: boolean;
}

/** @param key empty: one that is drawn now, so that tokens are valid on this server until it ends */
export function createStateTokens(key: string, ttlSeconds: number): StateTokens {
  const secret = key === '' ? randomBytes(32) : key;
  const sign = (bytes: Uint8Array): Buffer => createHmac('sha256', secret).update(bytes).digest();
  return {
    write({ model, version: modelVersion, weightsHash, steps, pendingId, state }, owner) {
      const header: Header = {
        model,
        version: modelVersion,
        weights: weightsHash,
        steps,
        pending: pendingId,
        owner,
        expires: Math.ceil(Date.now() / 1000) + ttlSeconds,
        initial: state === null,
      };
      const text = Buffer.from(JSON.stringify(header));
      const prefix = Buffer.from([version, text.length >> 8, text.length & 255]);
      const numbers = state
        ? new Uint8Array(state.buffer, state.byteOffset, state.byteLength)
        : Buffer.alloc(0);
      const signed = Buffer.concat([prefix, text, numbers]);
      return Buffer.concat([signed, sign(signed)]).toString('base64url');
    },

    read(token, owner) {
      const bytes = Buffer.from(token, 'base64url');
      const signed = bytes.subarray(0, -macBytes);
      if (bytes.length <= prefixBytes + macBytes || bytes.toString('base64url') !== token)
        return fail('it is not a state that a server has returned');
      if (!timingSafeEqual(sign(signed), bytes.subarray(-macBytes)))
        return fail('it was changed, or another server with another UNROLL_STATE_KEY has written it');
      const length = signed.readUInt16BE(1);
      const header = JSON.parse(signed.subarray(prefixBytes, prefixBytes + length).toString()) as Header;
      if (header.owner !== owner) return fail('it belongs to another API key');
      if (header.expires < Date.now() / 1000)
        throw new UnrollError(
          'session_expired',
          `state: it expired at ${new Date(header.expires * 1000).toISOString()} (UNROLL_STATE_TTL_S)`,
          { field: 'state' },
        );
      // copied: floats must be aligned
      const numbers = Uint8Array.from(signed.subarray(prefixBytes + length));
      return {
        model: header.model,
        version: header.version,
        weightsHash: header.weights,
        steps: header.steps,
        pendingId: header.pending,
        state: header.initial ? null : new Float32Array(numbers.buffer),
      };
    },
  };
}

const fail = (reason: string): never => {
  throw new UnrollError('invalid_state', `state: ${reason}`, { field: 'state' });
};
