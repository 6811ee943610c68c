import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createSqliteArchive } from '../src/sessions/sqlite/sqlite-archive.ts';
import { beginSession, stateBytes, withServer, type ServedModel } from './sessions/served.ts';
import { median } from './timing.ts';

// Sessions of an LSTM of two layers with 128 units, over HTTP, in a server process: memory of idle ones, the first
// call of evicted ones, and a step late in a sequence beside one early. Linux only: it reads the resident memory.

const { values: options } = parseArgs({
  options: {
    idle: { type: 'string', default: '100000' },
    evicted: { type: 'string', default: '1000000' },
    position: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '2000' },
  },
});
const [idle, evicted, position, calls] = [
  Number(options.idle),
  Number(options.evicted),
  Number(options.position),
  Number(options.calls),
];
const forksAtOnce = 1000;
/** Calls of one kind between two readings of the processor time, which is counted in hundredths of a second. */
const blockCalls = 100;
/** The server writes what has changed, and collects its garbage when it has been idle for some seconds. */
const settleMs = 20_000;

console.log(
  `Node ${process.version}; ${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} CPUs\n`,
);
const results = {
  conditions: { node: process.version, cpu: cpus()[0]?.model, cpus: availableParallelism() },
  memory: await measureMemory(),
  stateless: [await measureBesideStateless('single'), await measureBesideStateless('recurrent')],
  latency: await measureLatency(),
  opening: await measureOpening(),
};
const folder = `${import.meta.dirname}/results`;
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/sessions.json`, `${JSON.stringify(results, null, 1)}\n`);

/** Resident bytes of the process for each idle session, beside the same server with few. */
async function measureMemory() {
  return withServer({ UNROLL_MAX_SESSIONS: String(idle) }, async (served) => {
    const first = await beginSession(served, 10);
    const fork = (count: number) => served.ask(`/v1/sessions/${first}/fork`, { count });
    // the code is compiled, and the heap has grown to its size, before the first reading
    let begun = 1;
    for (; begun < Math.min(10_000, idle / 10); begun += forksAtOnce) await fork(forksAtOnce);
    const settled = async (): Promise<number> => {
      await served.step(first);
      await delay(settleMs);
      return served.residentBytes();
    };
    const early = begun;
    const before = await settled();
    for (; begun < idle; begun += forksAtOnce) await fork(Math.min(forksAtOnce, idle - begun));
    const after = await settled();
    const bytes = (after - before) / (idle - early);
    console.log(
      `${idle} idle sessions: ${bytes.toFixed(0)} resident bytes a session, ${stateBytes} of them its state (${(before / 2 ** 20).toFixed(0)} MB with ${early}, ${(after / 2 ** 20).toFixed(0)} MB with all)`,
    );
    return { idle, early, before, after, bytes, stateBytes };
  });
}

/**
 * A step in a session beside the same step as a call without a state, by turns on one connection that is kept alive:
 * times at the client, and the server's processor time in blocks of calls.
 */
async function measureBesideStateless(model: ServedModel) {
  return withServer({}, async (served) => {
    const session = await beginSession(served, 10, model);
    const kinds = ['session', 'stateless'] as const;
    const call = (kind: (typeof kinds)[number]): Promise<unknown> =>
      kind === 'session' ? served.step(session) : served.ask(`/v1/models/${model}/predict`, { input: [0.5] });
    const times = { session: [] as number[], stateless: [] as number[] };
    const cpu = { session: 0, stateless: 0 };
    for (let block = -2; block < calls / blockCalls; block++)
      for (const kind of block % 2 === 0 ? kinds : kinds.toReversed()) {
        const before = served.cpuSeconds();
        for (let i = 0; i < blockCalls; i++) {
          const begin = performance.now();
          await call(kind);
          if (block >= 0) times[kind].push(performance.now() - begin);
        }
        if (block >= 0) cpu[kind] += served.cpuSeconds() - before;
      }
    const [own, beside] = [median(times.session), median(times.stateless)];
    const [ownCpu, besideCpu] = kinds.map((kind) => (cpu[kind] / times[kind].length) * 1e6) as [
      number,
      number,
    ];
    console.log(
      `${model}: a step in a session: ${own.toFixed(3)} ms, without one: ${beside.toFixed(3)} ms, medians of ${calls}; ratio ${(own / beside).toFixed(3)}; processor time ${ownCpu.toFixed(0)} and ${besideCpu.toFixed(0)} µs, ratio ${(ownCpu / besideCpu).toFixed(3)}`,
    );
    return { model, sessionMs: own, statelessMs: beside, ratio: own / beside, ownCpu, besideCpu };
  });
}

/** A step of a session at a late position, and of one at an early one, by turns. */
async function measureLatency() {
  return withServer({}, async (served) => {
    const [early, late] = [await beginSession(served, 10), await beginSession(served, position)];
    const times = { early: [] as number[], late: [] as number[] };
    for (let call = -100; call < calls; call++) {
      // each is first in half of the rounds
      const order = call % 2 === 0 ? (['early', 'late'] as const) : (['late', 'early'] as const);
      for (const one of order) {
        const ms = await served.step(one === 'early' ? early : late);
        if (call >= 0) times[one].push(ms);
      }
    }
    const ratio = median(times.late) / median(times.early);
    console.log(
      `a step from position 10: ${median(times.early).toFixed(3)} ms, from ${position}: ${median(times.late).toFixed(3)} ms, medians of ${calls}; ratio ${ratio.toFixed(3)}`,
    );
    return { position, calls, earlyMs: median(times.early), lateMs: median(times.late), ratio };
  });
}

/** The first call of a session that is on disk, and the next call of the same session. */
async function measureOpening() {
  const data = mkdtempSync(join(tmpdir(), 'unroll-bench-sessions-'));
  const { weights_sha256: weightsHash } = await withServer({}, async (served) =>
    served.ask<{ weights_sha256: string }>('/v1/sessions', { model: 'recurrent' }),
  );
  const archive = createSqliteArchive({
    folder: data,
    log: { info() {}, warn: console.warn, error: console.error },
    timeoutMs: 600_000,
  });
  const filling = performance.now();
  for (let at = 0; at < evicted; at += 1000)
    await archive.write(
      Array.from({ length: Math.min(1000, evicted - at) }, (_, i) => ({
        session: {
          id: `ses_${String((at + i) * 7919).padStart(22, '0')}`,
          owner: null,
          model: 'recurrent',
          version: 1,
          weightsHash,
          createdAt: 1_700_000_000 + at + i,
          ttlMs: 86_400_000,
          durable: false,
          keepSteps: 0,
          steps: 10,
          pendingId: null,
          state: new Float32Array(stateBytes / 4).fill((at + i) / evicted),
          marks: [],
          history: [],
        },
        expiresAtMs: Date.now() + 86_400_000,
      })),
      false,
    );
  await archive.close();
  const fillMs = performance.now() - filling;
  return withServer(
    {},
    async (served) => {
      const times = { first: [] as number[], next: [] as number[], list: [] as number[] };
      const warm = await beginSession(served, 10);
      for (let i = 0; i < 200; i++) await served.step(warm);
      for (let call = 0; call < calls; call++) {
        const id = `ses_${String(Math.floor(Math.random() * evicted) * 7919).padStart(22, '0')}`;
        times.first.push(await served.step(id));
        times.next.push(await served.step(id));
      }
      for (let call = 0; call < 50; call++) {
        const begin = performance.now();
        await served.ask('/v1/sessions?limit=20&model=recurrent');
        times.list.push(performance.now() - begin);
      }
      const restores = await served.metric('unroll_session_restore_seconds_count');
      const restoreMs = ((await served.metric('unroll_session_restore_seconds_sum')) / restores) * 1000;
      const p99 = (all: readonly number[]): number =>
        all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.99)]!;
      const row = (all: readonly number[]): string =>
        `${median(all).toFixed(2)} ms (p99 ${p99(all).toFixed(2)})`;
      console.log(
        `${evicted} sessions on disk, written in ${(fillMs / 1000).toFixed(0)} s: first call ${row(times.first)}, next call ${row(times.next)}, medians of ${calls}; to bring one back ${restoreMs.toFixed(2)} ms in the server, mean; a page of a list ${row(times.list)}`,
      );
      return {
        evicted,
        fillMs,
        calls,
        firstMs: median(times.first),
        firstP99Ms: p99(times.first),
        nextMs: median(times.next),
        nextP99Ms: p99(times.next),
        listMs: median(times.list),
        restoreMs,
      };
    },
    data,
  );
}
