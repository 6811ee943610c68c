import { readFileSync } from 'node:fs';
import { readImportedFile } from '../../src/formats/read-imported.ts';

// A process that reads files one after another and reports the outcome of each, and by how much it raised the
// peak memory.

export interface Measured {
  /** Why it was refused; null where it was read. */
  readonly refused: string | null;
  readonly megabytes: number;
}

const measured: Measured[] = [];
for (const path of process.argv.slice(2)) {
  const bytes = readFileSync(path);
  const before = process.resourceUsage().maxRSS;
  const refused = await readImportedFile(bytes).then(
    (file) => {
      try {
        return file.network() && null;
      } catch (error) {
        return String(error);
      }
    },
    (error: unknown) => String(error),
  );
  const megabytes = Math.round((process.resourceUsage().maxRSS - before) / 1024);
  measured.push({ refused, megabytes });
}
console.log(JSON.stringify(measured));
