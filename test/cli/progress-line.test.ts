import { describe, expect, it } from 'vitest';
import { createDisplay, formatDuration, formatProgress } from '../../src/cli/progress-line.ts';

const half = { epoch: 2, step: 50, steps: 100, loss: 1.23456, stepsPerSecond: 12.34, secondsLeft: 4.05 };

describe('a progress line', () => {
  it('has a bar, the loss, the speed and the time left', () => {
    expect(formatProgress(half)).toBe(
      'epoch 3  ████████████░░░░░░░░░░░░  50 %  step 50/100  loss 1.2346  12.3 steps/s  0:04 left',
    );
  });
  it('omits an unknown time left', () => {
    expect(formatProgress({ ...half, secondsLeft: null })).not.toContain('left');
  });
});

it.each([
  [4.05, '0:04'],
  [75, '1:15'],
  [3700, '1:01:40'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

describe('the display', () => {
  const shown = (isTTY: boolean, now: () => number = () => 0) => {
    const written: string[] = [];
    return {
      written,
      display: createDisplay({ write: (text) => written.push(text), isTTY, columns: 40 }, now),
    };
  };

  it('redraws the line on a terminal, cut to its width, and clears it for a permanent line', () => {
    const { written, display } = shown(true);
    display.progress(half);
    display.line('measured');
    expect(written[0]).toBe(`\r\u{1b}[K${formatProgress(half).slice(0, 39)}`);
    expect(written.slice(1)).toEqual(['\r\u{1b}[K', 'measured\n']);
  });

  it('prints plain lines at intervals elsewhere', () => {
    let now = 0;
    const { written, display } = shown(false, () => now);
    for (now = 0; now < 25_000; now += 1000) display.progress(half);
    expect(written).toEqual(Array(3).fill(`${formatProgress(half)}\n`));
  });
});
