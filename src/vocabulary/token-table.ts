// The texts of a vocabulary in shared memory, with a hash table over them: packed once by the thread that
// reads the model, and opened by every thread without a copy.

/** Texts by id. An array of strings satisfies it. */
export interface TokenTexts {
  readonly length: number;
  at(id: number): string | undefined;
}

export interface TokenTable extends TokenTexts {
  /** UTF-8 bytes of the longest text. */
  readonly longestBytes: number;
  /** The id of a text; the highest of several. */
  findId(text: string): number | undefined;
}

/** Plain data that can be posted to another thread. */
export interface PackedTokens {
  /** All texts, one after another, in UTF-16 units. */
  readonly units: SharedArrayBuffer;
  /** Uint32 [length + 1]: the offset of each text in `units`. */
  readonly starts: SharedArrayBuffer;
  /** Int32 [a power of 2]: id + 1 by hash, with linear probing; 0 is an empty slot. */
  readonly slots: SharedArrayBuffer;
  readonly seed: number;
  /** UTF-8 bytes of the longest text. */
  readonly longestBytes: number;
}

/**
 * A longer probe sequence means that the texts were chosen to collide: the table is built again with another
 * seed.
 */
const maxProbes = 64;
const maxSeeds = 8;

/** Copies texts to shared memory and builds their hash table. */
export function packTokens(tokens: readonly string[]): PackedTokens {
  const total = tokens.reduce((sum, text) => sum + text.length, 0);
  const units = new Uint16Array(new SharedArrayBuffer(total * 2));
  const starts = new Uint32Array(new SharedArrayBuffer((tokens.length + 1) * 4));
  let next = 0;
  tokens.forEach((text, id) => {
    for (let i = 0; i < text.length; i++) units[next++] = text.charCodeAt(i);
    starts[id + 1] = next;
  });
  const size = 2 ** Math.ceil(Math.log2(tokens.length * 2 + 1));
  const slots = new Int32Array(new SharedArrayBuffer(size * 4));
  let seed = 0;
  while (!fill(slots, tokens, seed) && seed < maxSeeds) seed++;
  const longestBytes = tokens.reduce((longest, text) => Math.max(longest, Buffer.byteLength(text)), 0);
  return { units: units.buffer, starts: starts.buffer, slots: slots.buffer, seed, longestBytes };
}

/** Builds the hash table. @returns false where a text takes more than `maxProbes` probes */
function fill(slots: Int32Array, tokens: readonly string[], seed: number): boolean {
  slots.fill(0);
  const mask = slots.length - 1;
  let longest = 0;
  tokens.forEach((text, id) => {
    let slot = hash(text, seed) & mask;
    let probes = 0;
    while (slots[slot] !== 0 && tokens[slots[slot]! - 1] !== text) {
      slot = (slot + 1) & mask;
      probes++;
    }
    slots[slot] = id + 1;
    longest = Math.max(longest, probes);
  });
  return longest <= maxProbes;
}

/** Opens packed texts without copying them. */
export function openTokens(packed: PackedTokens): TokenTable {
  const units = new Uint16Array(packed.units);
  const starts = new Uint32Array(packed.starts);
  const slots = new Int32Array(packed.slots);
  const mask = slots.length - 1;
  const { seed, longestBytes } = packed;
  const length = starts.length - 1;
  /** Strings that were decoded before. */
  const texts = new Map<number, string>();

  const matches = (id: number, text: string): boolean => {
    const start = starts[id]!;
    if (starts[id + 1]! - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (units[start + i] !== text.charCodeAt(i)) return false;
    return true;
  };
  return {
    length,
    longestBytes,
    at(id) {
      if (!Number.isInteger(id) || id < 0 || id >= length) return undefined;
      let text = texts.get(id);
      if (text === undefined) texts.set(id, (text = decodeUnits(units.subarray(starts[id], starts[id + 1]))));
      return text;
    },
    findId(text) {
      for (let slot = hash(text, seed) & mask; slots[slot] !== 0; slot = (slot + 1) & mask)
        if (matches(slots[slot]! - 1, text)) return slots[slot]! - 1;
      return undefined;
    },
  };
}

/** Arguments of one call of String.fromCharCode; far more overflow the stack. */
const maxArguments = 4096;

function decodeUnits(units: Uint16Array): string {
  let text = '';
  for (let at = 0; at < units.length; at += maxArguments)
    text += String.fromCharCode(...units.subarray(at, at + maxArguments));
  return text;
}

/** FNV-1a (Fowler, Noll and Vo) over UTF-16 units, then MurmurHash3's last mix. */
function hash(text: string, seed: number): number {
  let state = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}
