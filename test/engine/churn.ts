import { getHeapSpaceStatistics } from 'node:v8';
import { LiveMap } from '../../src/engine/live-map.ts';
import { LiveSet } from '../../src/engine/live-set.ts';

// Run by live-set.test.ts in a separate process: prints the growth of the old generation in bytes.

const alive = 16;
const total = 60_000;

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!.space_used_size;
const createMember = (id: number): object => ({ id, values: Array.from({ length: 200 }, (_, i) => i + 0.5) });

const createSet = { Set: () => new Set<object>(), LiveSet: () => new LiveSet<object>() };
const createMap = { Map: () => new Map<number, object>(), LiveMap: () => new LiveMap<number, object>() };
const kind = process.argv[2]!;
const members = createSet[kind as keyof typeof createSet]?.();
const byId = createMap[kind as keyof typeof createMap]?.();
const queue: object[] = [];

function put(id: number): void {
  const member = createMember(id);
  members?.add(member);
  byId?.set(id, member);
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
