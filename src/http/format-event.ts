import { jsonChunks, toSmallJson } from './json-chunks.ts';

// An event of a stream as text: its id, its name, and its data on one line.

/** @throws TypeError if the name has a line break */
function formatHead(id: number | null, event: string | null): string {
  if (event !== null && /[\r\n]/.test(event)) throw new TypeError('event: must not contain a line break');
  return `${id === null ? '' : `id: ${id}\n`}${event === null ? '' : `event: ${event}\n`}data: `;
}

/** Formats an event; null where it is large. @throws TypeError if the name has a line break */
export function formatSmallEvent(
  id: number | null,
  event: string | null,
  data: object | string,
): string | null {
  const json = typeof data === 'string' ? data : toSmallJson(data);
  return json === null ? null : `${formatHead(id, event)}${json}\n\n`;
}

/**
 * Formats an event, a large one in pieces.
 * @param id null for none
 * @throws TypeError if the name has a line break
 */
export function* formatEvent(
  id: number | null,
  event: string | null,
  data: object | string,
): Generator<string> {
  let text = formatHead(id, event);
  for (const chunk of typeof data === 'string' ? [data] : jsonChunks(data)) {
    // the last piece is sent with the blank line that ends the event
    if (text.length > minPieceLength) {
      yield text;
      text = '';
    }
    text += chunk;
  }
  yield `${text}\n\n`;
}

const minPieceLength = 16_384;
