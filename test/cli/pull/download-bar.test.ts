import { expect, it } from 'vitest';
import { createDownloadBar, formatDownload } from '../../../src/cli/pull/download-bar.ts';

it('a download bar shows the share, where the size is known', () => {
  expect(formatDownload('net.onnx', 500_000, 1_000_000)).toBe(
    `net.onnx  ${'█'.repeat(12)}${'░'.repeat(12)}  0.5 of 1.0 MB`,
  );
  expect(formatDownload('net.onnx', 500_000, null)).toBe('net.onnx  0.5 MB');
});

it('a download bar is drawn on a terminal alone, ten times a second, and removed at the end', () => {
  const written: string[] = [];
  let now = 0;
  const out = { isTTY: true, write: (text: string) => void written.push(text) };
  const bar = createDownloadBar(out, () => now);
  bar.show('a', 1, 10);
  bar.show('a', 2, 10);
  now = 200;
  bar.show('a', 3, 10);
  bar.end();
  bar.end();
  expect(written).toHaveLength(3);
  expect(written.at(-1)).toBe('\r\u{1b}[K');
  createDownloadBar({ write: (text) => void written.push(text) }).show('a', 1, 10);
  expect(written).toHaveLength(3);
});
