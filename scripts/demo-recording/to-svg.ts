import type { Cell } from './cells.ts';

const columns = 76;
const cellWidth = 8.4;
const lineHeight = 20;
const margin = 16;
/** How long the last picture stays before the first one comes again. */
const restMs = 4000;

const classes: Readonly<Record<string, string>> = { '1': 'b', '2': 'd', '32': 'g', '1;36': 'b c' };

/** An animated picture of a terminal. Where nothing moves, it shows what was there at the end. */
export function toSvg(cells: readonly Cell[], title: string): string {
  const rows = Math.max(...cells.map(({ row }) => row)) + 1;
  const width = Math.ceil(columns * cellWidth + 2 * margin);
  const height = rows * lineHeight + 2 * margin;
  const lastMs = Math.max(...cells.map(({ fromMs }) => fromMs));
  const byTime = Map.groupBy(cells, ({ fromMs, toMs }) => `${fromMs} ${toMs}`);
  const groups = [...byTime.values()].map((group) => {
    const { fromMs, toMs } = group[0]!;
    return `<g${toMs === null ? '' : ' visibility="hidden"'}>${toTiming(fromMs, toMs)}${toRuns(group).map(toText).join('')}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escape(title)}</title>
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d8dee9;white-space:pre}.b{font-weight:700;fill:#fff}.d{fill:#8791a3}.g{fill:#8fd18b}.c{fill:#7cc7e8}</style>
<rect width="${width}" height="${height}" rx="8" fill="#161b22"><animate id="l" attributeName="rx" from="8" to="8" begin="0;l.end" dur="${seconds(lastMs + restMs)}"/></rect>
${groups.join('\n')}
</svg>
`;
}

/** What stays to the end is hidden before it comes, and the rest is shown for its time. */
const toTiming = (fromMs: number, toMs: number | null): string =>
  toMs === null
    ? `<set attributeName="visibility" to="hidden" begin="l.begin" dur="${seconds(Math.max(1, fromMs))}"/>`
    : `<set attributeName="visibility" to="visible" begin="l.begin+${seconds(fromMs)}" dur="${seconds(toMs - fromMs)}"/>`;

/** Neighbours in a row of the same style, as one. */
function toRuns(cells: readonly Cell[]): Cell[] {
  const runs: Cell[] = [];
  for (const cell of cells.toSorted((a, b) => a.row - b.row || a.column - b.column)) {
    const last = runs.at(-1);
    const follows =
      last?.row === cell.row &&
      last.column + [...last.character].length === cell.column &&
      last.style === cell.style;
    if (follows) runs[runs.length - 1] = { ...last, character: last.character + cell.character };
    else runs.push(cell);
  }
  return runs;
}

function toText({ row, column, character, style }: Cell): string {
  const x = (margin + column * cellWidth).toFixed(1);
  const y = margin + row * lineHeight + 14;
  const length = ([...character].length * cellWidth).toFixed(1);
  const name = classes[style];
  if (style !== '' && name === undefined) throw new Error(`a style without a class: ${style}`);
  return `<text x="${x}" y="${y}" textLength="${length}"${name === undefined ? '' : ` class="${name}"`}>${escape(character)}</text>`;
}

const seconds = (ms: number): string => `${ms / 1000}s`;
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
