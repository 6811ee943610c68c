import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveMap } from '../src/engine/live-map.ts';
import { LiveSet } from '../src/live-set.ts';

const keys = Array.from({ length: 40 }, (_, id) => ({ id }));
const commands = fc.array(fc.record({ add: fc.boolean(), key: fc.nat(keys.length - 1) }), { maxLength: 300 });

describe('LiveSet', () => {
  it('has the same members in the same order as a Set after any additions and deletions', () => {
    fc.assert(
      fc.property(commands, (commands) => {
        const expected = new Set<object>();
        const set = new LiveSet<object>();
        for (const { add, key } of commands) {
          const member = keys[key]!;
          if (add) {
            expected.add(member);
            set.add(member);
          } else expect(set.delete(member)).toBe(expected.delete(member));
          expect(set.size).toBe(expected.size);
          expect(set.has(member)).toBe(expected.has(member));
        }
        expect([...set]).toEqual([...expected]);
      }),
    );
  });

  it('visits members added during iteration, and none that were deleted', () => {
    fc.assert(
      fc.property(commands, fc.nat(39), (commands, every) => {
        const [expected, set] = [new Set<object>(keys), new LiveSet<object>(keys)];
        const visit = (members: Set<object> | LiveSet<object>): object[] => {
          const visited: object[] = [];
          for (const member of members) {
            visited.push(member);
            const { add, key } = commands[visited.length - 1] ?? { add: false, key: every };
            if (!add) members.delete(keys[key]!);
            else if (!visited.includes(keys[key]!)) members.add(keys[key]!);
          }
          return visited;
        };
        expect(visit(set)).toEqual(visit(expected));
        expect([...set]).toEqual([...expected]);
      }),
    );
  });

  it('compacts after deletions, also when an iteration ends early', () => {
    const set = new LiveSet<object>(keys);
    for (const member of set) {
      for (const other of keys.slice(1)) set.delete(other);
      expect(member).toBe(keys[0]);
      break;
    }
    expect([...set]).toEqual([keys[0]]);
    for (let i = 0; i < 100; i++) set.delete(set.add({}) && keys[0]!);
    expect(set.size).toBe(100);
  });
});

describe('LiveMap', () => {
  it.each([
    ['numbers', (key: number) => key],
    ['objects', (key: number) => keys[key]!],
  ])('has the entries of a Map, in its order, under keys that are %s', (_, toKey) => {
    fc.assert(
      fc.property(commands, (commands) => {
        const expected = new Map<object | number, number>();
        const map = new LiveMap<object | number, number>();
        for (const [value, { add, key }] of commands.entries()) {
          const mapKey = toKey(key);
          if (add) {
            expected.set(mapKey, value);
            map.set(mapKey, value);
          } else expect(map.delete(mapKey)).toBe(expected.delete(mapKey));
          expect(map.size).toBe(expected.size);
          expect(map.has(mapKey)).toBe(expected.has(mapKey));
          expect(map.get(mapKey)).toBe(expected.get(mapKey));
        }
        expect([...map.values()]).toEqual([...expected.values()]);
      }),
    );
  });
});

/**
 * Growth of the old generation in bytes while 60,000 objects of 1.6 kB are added and removed, 16 at a time.
 */
function oldGenerationGrowth(kind: string): number {
  const script = fileURLToPath(new URL('churn.ts', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script, kind], { encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return Number(stdout);
}

describe('removed members', () => {
  it.each([
    ['LiveSet', 'Set'],
    ['LiveMap', 'Map'],
    ['onAbort', 'AbortSignal'],
  ])('do not survive in the old generation of a %s as they do in that of a %s', (live, native) => {
    expect(oldGenerationGrowth(live)).toBeLessThan(oldGenerationGrowth(native) / 4);
  });
});
