import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPrefixTree } from '../../../src/tasks/prefix/prefix-tree.ts';

const sequences = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 12 });
const state = (ids: readonly number[]): Float32Array => Float32Array.from([ids.length, ...ids]);

test('finds the longest common beginning, and the deepest state on it, as a list of all would', () => {
  fc.assert(
    fc.property(fc.array(sequences, { maxLength: 20 }), sequences, (kept, sought) => {
      let uses = 0;
      const tree = createPrefixTree(() => uses++);
      for (const ids of kept) tree.add(Int32Array.from(ids), state(ids));
      const common = (ids: readonly number[]): number => {
        let count = 0;
        while (count < ids.length && count < sought.length && ids[count] === sought[count]) count++;
        return count;
      };
      const depths = kept.filter((ids) => common(ids) === ids.length).map(({ length }) => length);
      const depth = Math.max(0, ...depths);
      expect(tree.find(Int32Array.from(sought))).toEqual({
        shared: Math.max(0, ...kept.map(common)),
        depth,
        state: depth === 0 ? null : state(sought.slice(0, depth)),
      });
    }),
  );
});

test('drops the states used longest ago, and has none of their bytes in the end', () => {
  fc.assert(
    fc.property(fc.array(sequences, { minLength: 1, maxLength: 20 }), (kept) => {
      let uses = 0;
      const tree = createPrefixTree(() => uses++);
      const empty = tree.bytes;
      for (const ids of kept) tree.add(Int32Array.from(ids), state(ids));
      const last = kept.at(-1)!;
      const different = new Set(kept.map(String)).size;
      for (let left = different; left > 1; left--) expect(tree.dropOldest()).toBe(true);
      expect(tree.find(Int32Array.from(last)).depth).toBe(last.length);
      tree.dropOldest();
      expect(tree.bytes).toBe(empty);
      expect(tree.dropOldest()).toBe(false);
      expect(tree.oldestUse).toBe(Infinity);
    }),
  );
});
