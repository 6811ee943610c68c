/** A character on a terminal, from when until when it was there. */
export interface Cell {
  readonly row: number;
  readonly column: number;
  readonly character: string;
  /** Codes of SGR, such as `1;36`; empty for none. */
  readonly style: string;
  readonly fromMs: number;
  /** Null for what was there at the end. */
  readonly toMs: number | null;
}

/** What a program printed, and when. */
export interface Output {
  readonly ms: number;
  readonly text: string;
}

interface Shown {
  readonly character: string;
  readonly style: string;
}

/**
 * The characters that a terminal shows of an output. It knows what commands print: text, new lines, carriage returns, the end
 * of a line erased, and SGR.
 * @param frameMs what changes within one frame is one change
 * @throws Error for any other control sequence
 */
export function toCells(output: readonly Output[], frameMs: number): Cell[] {
  const rows: Shown[][] = [[]];
  const live = new Map<string, Omit<Cell, 'toMs'>>();
  const past: Cell[] = [];
  const write = createWriter(rows);
  for (let at = 0; at < output.length; at++) {
    const { ms, text } = output[at]!;
    write(text);
    const frame = Math.floor(ms / frameMs);
    const next = output[at + 1];
    if (next !== undefined && Math.floor(next.ms / frameMs) === frame) continue;
    replaceChanged(rows, live, past, frame * frameMs);
  }
  return [...past, ...[...live.values()].map((cell) => ({ ...cell, toMs: null }))];
}

function replaceChanged(
  rows: readonly Shown[][],
  live: Map<string, Omit<Cell, 'toMs'>>,
  past: Cell[],
  ms: number,
): void {
  for (const [place, cell] of live) {
    const now = rows[cell.row]?.[cell.column];
    if (now?.character === cell.character && now.style === cell.style) continue;
    past.push({ ...cell, toMs: ms });
    live.delete(place);
  }
  for (const [row, line] of rows.entries())
    for (const [column, shown] of line.entries()) {
      const place = `${row},${column}`;
      if (shown.character !== ' ' && !live.has(place)) live.set(place, { row, column, ...shown, fromMs: ms });
    }
}

function createWriter(rows: Shown[][]): (text: string) => void {
  let column = 0;
  let style: string[] = [];
  const setStyle = (codes: string): void => {
    for (const code of codes.split(';'))
      if (['', '0'].includes(code)) style = [];
      else if (['22', '39'].includes(code))
        style = style.filter((one) => (code === '22' ? !['1', '2'].includes(one) : Number(one) < 30));
      else style.push(code);
  };
  return (text) => {
    // eslint-disable-next-line no-control-regex
    for (const [part, codes] of text.matchAll(/\u{1b}\[([\d;]*)m|\u{1b}\[K|[^]/gu)) {
      const line = rows.at(-1)!;
      if (codes !== undefined) setStyle(codes);
      else if (part === '\u{1b}[K') line.length = column;
      else if (part === '\r') column = 0;
      else if (part === '\n') rows.push([]);
      else if (part < ' ') throw new Error(`a control character: ${JSON.stringify(part)}`);
      else {
        while (line.length < column) line.push({ character: ' ', style: '' });
        line[column++] = { character: part, style: style.join(';') };
      }
    }
  };
}
