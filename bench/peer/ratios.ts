import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The peer's figure by ours, by name. */
export type Ratios = Record<string, number>;

const path = 'results/serve-peer.json';
/** A ratio that moved by less is the machine's noise. */
const movedBy = 0.1;

/** The ratios that were committed last, null where there are none. */
export function readCommitted(): { readonly committed: Ratios | null; readonly file: string } {
  const folder = join(import.meta.dirname, '..');
  const { status, stdout } = spawnSync('git', ['show', `HEAD:./${path}`], { cwd: folder, encoding: 'utf8' });
  const committed = status === 0 ? (JSON.parse(stdout) as { ratios: Ratios }).ratios : null;
  return { committed, file: join(folder, path) };
}

/** Prints the ratios that moved by more than a tenth. Those of drawn sizes differ from run to run. */
export function printMoved(committed: Ratios | null, ratios: Ratios): void {
  if (!committed) return console.log('\nno ratios are committed to compare with');
  const moved = Object.entries(ratios).filter(([name, ratio]) => {
    const before = committed[name];
    return !name.startsWith('drawn') && before !== undefined && Math.abs(ratio / before - 1) > movedBy;
  });
  console.log(moved.length === 0 ? '\nno ratio moved by more than 10 %' : '\nmoved by more than 10 %:');
  for (const [name, ratio] of moved)
    console.log(
      `  ${name}: ${committed[name]!.toFixed(2)} → ${ratio.toFixed(2)} (${ratio > committed[name]! ? 'better' : 'worse'})`,
    );
}
