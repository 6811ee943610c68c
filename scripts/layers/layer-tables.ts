import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// The tables of what runs and what trains each kind of layer, from the list in kinds.ts. They are modules of their own, so that
// a serving worker loads no schema and no training, and they import statically: a thread that was ended during a dynamic import
// aborted the process in V8.

const layersFolder = join(import.meta.dirname, '../../src/network/layers');

/** What a folder may have for its kinds besides the file in kinds.ts. */
const halves = [
  { half: 'run', table: 'runs', absent: 'null where it changes nothing when it serves' },
  { half: 'learn', table: 'learnings', absent: 'null where it is inference only' },
] as const;

const listed = /^export \{ (?<names>[\w, ]+) \} from '\.\/(?<folder>[\w-]+)\/[\w-]+\.ts';$/;

/** Types and folder of each line of kinds.ts. @throws Error where a line is of another form */
function readKinds(): { readonly types: readonly string[]; readonly folder: string }[] {
  return readFileSync(join(layersFolder, 'kinds.ts'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('//'))
    .map((line) => {
      const { names, folder } = listed.exec(line)?.groups ?? {};
      if (names === undefined || folder === undefined) throw new Error(`kinds.ts: cannot read "${line}"`);
      return { types: names.split(', ').map((name) => name.split(' as ').at(-1)!), folder };
    });
}

const toIdentifier = (folder: string): string =>
  folder.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The generated files, by path. */
export function layerTables(): Map<string, string> {
  const kinds = readKinds();
  return new Map(
    halves.map(({ half, table, absent }) => {
      const has = (folder: string): boolean => existsSync(join(layersFolder, folder, `${half}.ts`));
      const imports = kinds
        .filter(({ folder }) => has(folder))
        .map(
          ({ folder }) => `import { ${half} as ${toIdentifier(folder)} } from './${folder}/${half}.ts';\n`,
        );
      const entries = kinds.flatMap(({ types, folder }) =>
        types.map((type) => {
          const value = has(folder) ? toIdentifier(folder) : 'null';
          return value === type ? `  ${type},\n` : `  ${type}: ${value},\n`;
        }),
      );
      const comment = `// Written by npm run layers: the \`${half}.ts\` of each kind of layer, ${absent}.\n`;
      const text = `${comment}${imports.join('')}\nexport const ${table} = {\n${entries.join('')}};\n`;
      return [join(layersFolder, `${table}.ts`), text];
    }),
  );
}
