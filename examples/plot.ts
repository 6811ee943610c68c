export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}
export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
  /** Powers of ten upwards. */
  readonly logarithmic?: boolean;
  /** A value to compare with, drawn across. */
  readonly mark?: { readonly value: number; readonly name: string };
}

const size = { width: 460, height: 320, left: 62, right: 16, top: 34, bottom: 44 };
const colours = ['#c0392b', '#2471a3', '#1e8449', '#7d3c98'];

/** Charts side by side, as one SVG. */
export function plot(charts: readonly Chart[], perRow = 2): string {
  const rows = Math.ceil(charts.length / perRow);
  const [width, height] = [size.width * Math.min(perRow, charts.length), size.height * rows];
  const drawn = charts.map(
    (chart, i) =>
      `<g transform="translate(${(i % perRow) * size.width} ${Math.floor(i / perRow) * size.height})">${draw(chart)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#ffffff"/>
${drawn.join('\n')}
</svg>
`;
}

function draw({ title, x, y, lines, logarithmic = false, mark }: Chart): string {
  const { width, height, left, right, top, bottom } = size;
  const bent = (value: number): number => (logarithmic ? Math.log10(Math.max(value, 1e-12)) : value);
  const all = lines.flatMap(({ points }) => points);
  const xs = all.map(([value]) => value);
  const ys = [...all.map(([, value]) => bent(value)), ...(mark ? [bent(mark.value)] : [])];
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [y0, y1] = logarithmic
    ? [Math.floor(Math.min(...ys)), Math.ceil(Math.max(...ys))]
    : [Math.min(0, ...ys), Math.max(...ys)];
  const atX = (value: number): number => left + ((value - x0) / (x1 - x0 || 1)) * (width - left - right);
  const atY = (value: number): number =>
    height - bottom - ((value - y0) / (y1 - y0 || 1)) * (height - top - bottom);
  const ticks = (from: number, to: number, whole: boolean): number[] => {
    const step = whole ? Math.max(1, Math.ceil((to - from) / 6)) : niceStep((to - from) / 5);
    return Array.from({ length: Math.floor((to - from) / step + 1e-9) + 1 }, (_, i) => from + i * step);
  };
  const text = (at: readonly [number, number], content: string, more = ''): string =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${more}>${content}</text>`;
  const rule = (
    from: readonly [number, number],
    to: readonly [number, number],
    colour: string,
    more = '',
  ): string =>
    `<line x1="${from[0].toFixed(1)}" y1="${from[1].toFixed(1)}" x2="${to[0].toFixed(1)}" y2="${to[1].toFixed(1)}" stroke="${colour}" ${more}/>`;
  return [
    text([left, 20], title, 'font-weight="bold"'),
    ...ticks(y0, y1, logarithmic).flatMap((value) => [
      rule([left, atY(value)], [width - right, atY(value)], '#e5e7e9'),
      text([left - 6, atY(value) + 4], logarithmic ? `1e${value}` : trim(value), 'text-anchor="end"'),
    ]),
    ...ticks(x0, x1, false).map((value) =>
      text([atX(value), height - bottom + 18], trim(value), 'text-anchor="middle"'),
    ),
    text([(left + width - right) / 2, height - 8], x, 'text-anchor="middle"'),
    text(
      [14, (top + height - bottom) / 2],
      y,
      `text-anchor="middle" transform="rotate(-90 14 ${(top + height - bottom) / 2})"`,
    ),
    ...(mark
      ? [
          rule(
            [left, atY(bent(mark.value))],
            [width - right, atY(bent(mark.value))],
            '#555555',
            'stroke-dasharray="4 3"',
          ),
          text([width - right, atY(bent(mark.value)) - 4], mark.name, 'text-anchor="end" fill="#555555"'),
        ]
      : []),
    ...lines.flatMap(({ name, points }, i) => [
      `<polyline fill="none" stroke="${colours[i % colours.length]}" stroke-width="1.6" points="${points
        .map(([px, py]) => `${atX(px).toFixed(1)},${atY(bent(py)).toFixed(1)}`)
        .join(' ')}"/>`,
      text(
        [width - right - 60, (logarithmic ? top + 74 : top + 14) + 15 * i],
        name,
        `fill="${colours[i % colours.length]}"`,
      ),
    ]),
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const share = rough / power;
  return (share > 5 ? 10 : share > 2 ? 5 : share > 1 ? 2 : 1) * power;
}

const trim = (value: number): string => String(Number(value.toPrecision(4)));
