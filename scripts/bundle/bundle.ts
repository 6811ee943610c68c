import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { rolldown, type Plugin } from 'rolldown';

// One file instead of hundreds for what a command or a thread loads at once: resolving and importing a file takes Node
// longer than running it. Names stay as they are, so that a stack trace can be read.

const root = join(import.meta.dirname, '../..');
const source = join(root, 'src');

/** What is imported from outside; the files of threads are found in the sources. */
const programs = { cli: 'cli.ts', index: 'index.ts', client: 'client/index.ts' };

/** Packages that every server loads. The others are loaded by a setting, a file or a request, and some of them read their own files. */
const atStart =
  /^(?:@fastify\/(?:cors|multipart|rate-limit|websocket)|commander|fastify|fastify-type-provider-zod|helmet|pino|prom-client|zod)(?:\/|$)/;
/** Native code that ws uses where it is installed. */
const optional = new Set(['bufferutil', 'utf-8-validate']);

const threadPattern = /new URL\('([^']+)\.ts', import\.meta\.url\)/g;

export interface BundledFile {
  readonly name: string;
  readonly text: string;
}

export interface Bundle {
  readonly files: readonly BundledFile[];
  /** Paths, from the root, of what it depends on. */
  readonly inputs: readonly string[];
}

/** @param packages whether the packages that every server loads are in it, or imported from node_modules */
export async function bundle({ packages }: { readonly packages: boolean }): Promise<Bundle> {
  const sources = globSync('**/*.ts', { cwd: source }).sort();
  const threads = sources.flatMap((path) =>
    Array.from(readFileSync(join(source, path), 'utf8').matchAll(threadPattern), ([, thread]) =>
      join(dirname(path), `${thread}.ts`),
    ),
  );
  const entries = [...Object.entries(programs), ...threads.map((path) => [basename(path, '.ts'), path])];
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map(([name, path]) => [name!, join(source, path!)])),
    platform: 'node',
    external(id, importer) {
      if (id.startsWith('.') || isAbsolute(id)) return false;
      if (!packages || id.startsWith('node:') || optional.has(id)) return true;
      return importer !== undefined && importer.startsWith(source) && !atStart.test(id);
    },
    plugins: [inOneFolder(hashSources(sources))],
    onLog(level, log) {
      if (level !== 'warn') return;
      throw new Error(`the bundle: ${log.message}`);
    },
  });
  const { output } = await build.generate({
    format: 'esm',
    minify: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  // what was read, and which packages it was found in
  const inputs = [...(await build.watchFiles), join(root, 'node_modules/.package-lock.json')]
    .filter((path) => existsSync(path))
    .map((path) => relative(root, path));
  await build.close();
  return {
    files: output.map((one) => ({
      name: one.fileName,
      text: one.type === 'chunk' ? one.code : String(one.source),
    })),
    inputs,
  };
}

function hashSources(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path).update(readFileSync(join(source, path)));
  return hash.digest('hex');
}

/** What depends on the place of a source file: all files of a bundle are in one folder. @param code hash of the sources */
const inOneFolder = (code: string): Plugin => ({
  name: 'in-one-folder',
  load(id) {
    if (id !== join(source, 'hash-code.ts')) return null;
    return `import { createHash } from 'node:crypto';
export const hashCode = (folders, rest) => createHash('sha256').update('${code}').update(JSON.stringify(rest)).digest('hex');`;
  },
  transform(text, id) {
    if (!id.startsWith(source)) return null;
    const rest = text.replaceAll(threadPattern, '').replaceAll('import.meta.dirname', '');
    if (rest.includes('import.meta')) throw new Error(`${id}: a bundle cannot keep this use of import.meta`);
    return text
      .replaceAll(threadPattern, (_, path: string) => `new URL('./${basename(path)}.js', import.meta.url)`)
      .replaceAll(
        'import.meta.dirname',
        `(import.meta.dirname + ${JSON.stringify(`/${relative(source, dirname(id))}`)})`,
      );
  },
});
