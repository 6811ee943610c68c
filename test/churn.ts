import { getHeapSpaceStatistics } from 'node:v8';
import { LiveMap } from '../src/engine/live-map.ts';
import { LiveSet } from '../src/live-set.ts';
import { onAbort } from '../src/on-abort.ts';

// Run by live-set.test.ts in a separate process: prints the growth of the old generation in bytes.

const alive = 16;
const total = 60_000;

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!.space_used_size;
const createMember = (id: number): object => ({ id, values: Array.from({ length: 200 }, (_, i) => i + 0.5) });

const createSet = { Set: () => new Set<object>(), LiveSet: () => new LiveSet<object>() };
const createMap = { Map: () => new Map<number, object>(), LiveMap: () => new LiveMap<number, object>() };
/** Listeners of one signal, each of which references a member. */
function createListeners(listen: (signal: AbortSignal, run: () => void) => () => void) {
  const { signal } = new AbortController();
  const stops: (() => void)[] = [];
  return (member: object): void => {
    stops.push(listen(signal, () => console.log(member)));
    // one at a time, as the calls of a stream
    stops.shift()!();
  };
}
const createSignal = {
  onAbort: () => createListeners(onAbort),
  AbortSignal: () =>
    createListeners((signal, run) => {
      signal.addEventListener('abort', run);
      return () => signal.removeEventListener('abort', run);
    }),
};
const kind = process.argv[2]!;
const listen = createSignal[kind as keyof typeof createSignal]?.();
const members = createSet[kind as keyof typeof createSet]?.();
const byId = createMap[kind as keyof typeof createMap]?.();
const queue: object[] = [];

function put(id: number): void {
  const member = createMember(id);
  members?.add(member);
  byId?.set(id, member);
  listen?.(member);
  if (queue.push(member) <= alive) return;
  const oldest = queue.shift()!;
  members?.delete(oldest);
  byId?.delete(id - alive);
}

for (let id = 0; id < alive; id++) put(id);
// promotes current objects to the old generation
const garbage: number[][] = [];
for (let i = 0; i < 3_000_000; i++) garbage[i % 1024] = [i, i];
const before = oldBytes();
for (let id = alive; id < total; id++) put(id);
console.log(oldBytes() - before);
