// Finding stop strings across token borders. Tokens whose text may be the beginning of a stop string are held back
// until it is clear; what belongs to a stop string is never given out.

export interface PendingToken {
  readonly text: string;
}

export interface StopTextFilter<T extends PendingToken> {
  /** Takes the next token. @returns the tokens that may go out now, and whether a stop string is complete */
  push(token: T): { out: T[]; stopped: boolean };
  /** What is still held, when the end comes for another reason. */
  flush(): T[];
  /** The tokens held now. */
  readonly pending: readonly T[];
}

/** @param clip gives a token with a shorter text, when a stop string begins inside it */
export function createStopTextFilter<T extends PendingToken>(
  stops: readonly string[],
  clip: (token: T, text: string) => T,
  held: T[] = [],
): StopTextFilter<T> {
  let waiting = held;
  const textOf = (tokens: readonly T[]): string => tokens.map((token) => token.text).join('');

  /** The tokens that spell the first `length` UTF-16 units. */
  function take(tokens: readonly T[], length: number): { taken: T[]; rest: T[] } {
    const taken: T[] = [];
    let left = length;
    let index = 0;
    while (index < tokens.length && tokens[index]!.text.length <= left) {
      left -= tokens[index]!.text.length;
      taken.push(tokens[index++]!);
    }
    if (left > 0 && index < tokens.length)
      taken.push(clip(tokens[index]!, tokens[index]!.text.slice(0, left)));
    return { taken, rest: tokens.slice(index) };
  }

  /** Where the text's longest end begins that some stop string begins with. */
  function holdFrom(text: string): number {
    for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++)
      if (stops.some((stop) => stop.length > text.length - at && stop.startsWith(text.slice(at)))) return at;
    return text.length;
  }
  const longest = Math.max(0, ...stops.map((stop) => stop.length));

  return {
    get pending() {
      return waiting;
    },
    push(token) {
      if (stops.length === 0) return { out: [token], stopped: false };
      waiting = [...waiting, token];
      const text = textOf(waiting);
      const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
      if (found.length > 0) {
        const { taken } = take(waiting, Math.min(...found));
        waiting = [];
        return { out: taken, stopped: true };
      }
      // a token goes out whole or not at all
      const safe = holdFrom(text);
      let length = 0;
      let count = 0;
      while (count < waiting.length && length + waiting[count]!.text.length <= safe)
        length += waiting[count++]!.text.length;
      const out = waiting.slice(0, count);
      waiting = waiting.slice(count);
      return { out, stopped: false };
    },
    flush() {
      const out = waiting;
      waiting = [];
      return out;
    },
  };
}
