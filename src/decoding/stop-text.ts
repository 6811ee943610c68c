// Finds stop strings across token boundaries. Tokens whose text may begin a stop string are pending until
// that is decided; the text of a stop string is never output.

export interface PendingToken {
  readonly text: string;
}

export interface StopTextFilter<T extends PendingToken> {
  /** Adds the next token. @returns the tokens to output now, and whether a stop string is complete */
  push(token: T): { out: T[]; stopped: boolean };
  /** Returns the pending tokens, when the text ends for another reason. */
  flush(): T[];
  /** The tokens pending now. */
  readonly pending: readonly T[];
}

/** @param clip returns a token with a shorter text, when a stop string begins inside it */
export function createStopTextFilter<T extends PendingToken>(
  stops: readonly string[],
  clip: (token: T, text: string) => T,
  restored: T[] = [],
): StopTextFilter<T> {
  let waiting = restored;
  const joinText = (tokens: readonly T[]): string => tokens.map((token) => token.text).join('');

  /** The tokens of the first `length` UTF-16 units, the last one clipped. */
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

  /** The start of the longest suffix of the text that begins a stop string. */
  function pendingFrom(text: string): number {
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
      const text = joinText(waiting);
      const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
      if (found.length > 0) {
        const { taken } = take(waiting, Math.min(...found));
        waiting = [];
        return { out: taken, stopped: true };
      }
      // a token is output whole or not at all
      const safe = pendingFrom(text);
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
