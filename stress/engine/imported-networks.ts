import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { UnrollError } from '../../src/errors.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import type { StressNetwork } from './networks.ts';

const golden = join(import.meta.dirname, '../../test/golden');

/** Reads the golden files of other formats. `skipped` is the number of files that need a model.json. */
export async function readImportedNetworks(): Promise<{ networks: StressNetwork[]; skipped: number }> {
  const files = globSync(['**/*.{onnx,keras,h5,pt}', 'tfjs-files/*/model.json'], { cwd: golden }).sort();
  const networks: StressNetwork[] = [];
  let skipped = 0;
  for (const file of files.map((name) => join(golden, name)).filter(existsSync)) {
    const folder = dirname(file);
    const siblings = {
      list: () => Promise.resolve(readdirSync(folder)),
      read: (name: string) => Promise.resolve(new Uint8Array(readFileSync(join(folder, name)))),
    };
    try {
      const imported = await readImportedFile(new Uint8Array(readFileSync(file)), {
        externalFiles: siblings,
      });
      const { network: spec, input, weights } = imported.network();
      networks.push({
        name: relative(golden, file),
        kind: 'outputs',
        spec,
        input,
        weights,
        options: {},
        shortest: 1,
        longest: 40,
      });
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      skipped++;
    }
  }
  return { networks, skipped };
}
