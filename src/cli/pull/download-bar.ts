const barWidth = 24;
const redrawMs = 100;

/** Shows a download as one line that is redrawn, on a terminal; nothing elsewhere. */
export function createDownloadBar(
  out: { write(text: string): void; readonly isTTY?: boolean },
  now: () => number = () => performance.now(),
) {
  let drawnAt = -Infinity;
  const drawn = (): boolean => drawnAt > -Infinity;
  return {
    show(file: string, bytes: number, total: number | null): void {
      if (out.isTTY !== true || (now() - drawnAt < redrawMs && bytes !== total)) return;
      drawnAt = now();
      out.write(`\r\u{1b}[K${formatDownload(file, bytes, total)}`);
    },
    end(): void {
      if (drawn()) out.write('\r\u{1b}[K');
      drawnAt = -Infinity;
    },
  };
}

export function formatDownload(file: string, bytes: number, total: number | null): string {
  const megabytes = (value: number): string => (value / 1_000_000).toFixed(1);
  if (total === null || total === 0) return `${file}  ${megabytes(bytes)} MB`;
  const filled = Math.round((bytes / total) * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  return `${file}  ${bar}  ${megabytes(bytes)} of ${megabytes(total)} MB`;
}
