import { describe, expect, test } from 'vitest';
import type { FromWorker, SequenceReport } from '../../../src/engine/channel/messages.ts';
import { createHeldReports } from '../../../src/engine/worker/held-reports.ts';

type Sent = { sequence: number; index: number | string }[];

/** What is sent, message by message: a token's index, or the kind of another report. */
function setUp(maxMs = 4) {
  const clock = { ms: 100 };
  const sent: Sent[] = [];
  const held = createHeldReports(
    {
      now: () => clock.ms,
      send(message: FromWorker) {
        if (message.kind !== 'reports') throw new Error(message.kind);
        sent.push(
          message.reports.map(({ sequence, report }) => ({
            sequence,
            index: report.kind === 'token' ? report.index : report.kind,
          })),
        );
      },
    },
    maxMs,
  );
  return { clock, sent, held };
}

const token = (index: number): SequenceReport => ({
  kind: 'token',
  index,
  id: 1,
  text: 'a',
  logprob: 0,
  top: [],
});
const done: SequenceReport = { kind: 'done', finish: 'length', steps: 3, runMs: 1, state: null };
/** One token of each of as many streams. */
const tick = (streams: number, index: number) =>
  Array.from({ length: streams }, (_, sequence) => ({ sequence, report: token(index) }));
const indexesOf = (sent: Sent[], sequence: number) =>
  sent.map((reports) => reports.filter((one) => one.sequence === sequence).map(({ index }) => index));

describe('reports of many streams', () => {
  test('the tokens of ticks within 4 ms leave together, each stream’s in order', () => {
    const { clock, sent, held } = setUp();
    for (let index = 1; index <= 6; index++) {
      held.add(tick(8, index), false);
      clock.ms++;
    }
    expect(indexesOf(sent, 5)).toEqual([[1], [2, 3, 4, 5]]);
    held.flush();
    expect(indexesOf(sent, 5)).toEqual([[1], [2, 3, 4, 5], [6]]);
  });

  test('few streams get each token at once', () => {
    const { sent, held } = setUp();
    for (let index = 1; index <= 3; index++) held.add(tick(7, index), false);
    expect(indexesOf(sent, 0)).toEqual([[1], [2], [3]]);
  });

  test('nothing is kept while another network runs next, whose tick may be long', () => {
    const { sent, held } = setUp();
    for (let index = 1; index <= 3; index++) held.add(tick(8, index), true);
    expect(indexesOf(sent, 0)).toEqual([[1], [2], [3]]);
  });

  test('a first token and an end go at once, after the tokens of their own sequence that were kept', () => {
    const { sent, held } = setUp();
    held.add(tick(8, 1), false);
    held.add(tick(8, 2), false);
    held.add([...tick(8, 3), { sequence: 3, report: done }, { sequence: 9, report: token(0) }], false);
    expect(sent.slice(1)).toEqual([
      [
        { sequence: 3, index: 2 },
        { sequence: 3, index: 3 },
        { sequence: 3, index: 'done' },
        { sequence: 9, index: 0 },
      ],
    ]);
    held.flush();
    expect(indexesOf(sent, 4)).toEqual([[1], [], [2, 3]]);
    expect(indexesOf(sent, 3)).toEqual([[1], [2, 3, 'done'], []]);
  });

  test('what is kept is not sent twice, and nothing is no message', () => {
    const { sent, held } = setUp();
    held.flush();
    held.add(tick(8, 1), false);
    held.flush();
    held.flush();
    expect(sent).toHaveLength(1);
  });
});
