import { expect, it, vi } from 'vitest';
import { compileChecked } from '../../src/kernel/compile-checked.ts';
import type { compileModule } from '../../src/kernel/compile.ts';

/** Compiles that give modules of these gains, one after another. */
function compiles(gains: readonly number[]) {
  const modules: WebAssembly.Module[] = gains.map(() => ({}));
  const compile = vi.fn<typeof compileModule>((_, __, attempt) => modules[attempt! - 1]!);
  return { modules, compile, gain: (module: WebAssembly.Module) => gains[modules.indexOf(module)]! };
}
const bytes = Uint8Array.of(1);

it('accepts a module that is faster than the plain path', () => {
  const { modules, compile, gain } = compiles([2.5]);
  const compiled = compileChecked(bytes, gain, compile);
  expect(compiled.module).toBe(modules[0]);
  expect(compiled).toMatchObject({ path: 'revectorised', reason: expect.stringContaining('2.5 times') });
});

it('compiles again, past the code that V8 caches, while a module is not faster', () => {
  const { modules, compile, gain } = compiles([1, 1.02, 3]);
  expect(compileChecked(bytes, gain, compile)).toMatchObject({ module: modules[2], path: 'revectorised' });
  expect(compile.mock.calls).toEqual([1, 2, 3].map((attempt) => [bytes, 'revectorised', attempt]));
});

it('reports the plain path for a module that never is faster', () => {
  const { modules, compile, gain } = compiles([1, 1.04, 0.9]);
  const compiled = compileChecked(bytes, gain, compile);
  expect(compiled.module).toBe(modules[2]);
  expect(compiled.path).toBe('plain');
  expect(compiled.reason).toContain('compiled 3 times, measured 1.04 times as fast');
});
