import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** What importing a file loads: files of this project and its packages, from the root, and names of node's own modules. */
function loadedBy(entry: string): string[] {
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => (console.log('loaded ' + url), next(url, context)) });
    await import(${JSON.stringify(join(root, entry))});
    for (const name of process.moduleLoadList) console.log('builtin ' + name);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return [...stdout.matchAll(/^(?:loaded file:.*?\/(?=src|node_modules)|builtin NativeModule )(.*)$/gm)].map(
    ([, name]) => name!,
  );
}

describe('what is loaded', () => {
  it('by a worker thread is our own code, and none that validates, trains, reads files or answers requests', () => {
    const loaded = loadedBy('src/engine/worker/worker-loop.ts');
    expect(loaded).toContain('src/engine/worker/batcher.ts');
    expect(loaded).toContain('src/network/layers/dense/run.ts');
    expect(
      loaded.filter((path) => /node_modules|src\/(formats|http|jobs|repository|tasks|training)/.test(path)),
    ).toEqual([]);
    expect(
      loaded.filter((path) =>
        /\/learn[a-z-]*\.ts$|network\/(learning|spec|graph|layers\/layer-kinds)/.test(path),
      ),
    ).toEqual([]);
  });

  it("by the server's routes is no compiler of schemas besides zod's", () => {
    // it builds the app
    const loaded = loadedBy('scripts/openapi.ts');
    expect(loaded.some((path) => path.includes('/fastify/'))).toBe(true);
    expect(loaded.filter((path) => /node_modules\/(ajv|@fastify\/ajv-compiler)\//.test(path))).toEqual([]);
  });

  it.each(['src/server.ts', 'src/jobs/create-training.ts'])(
    'by %s is no client of Redis, which is imported where a setting asks for it',
    (entry) => {
      const loaded = loadedBy(entry);
      expect(loaded).toContain(entry);
      expect(
        loaded.filter((path) => /node_modules\/(ioredis|bullmq|msgpackr)\/|jobs\/redis/.test(path)),
      ).toEqual([]);
    },
  );

  it('by a server is nothing of the document of its API and its pages, which are made when they are asked for', () => {
    const loaded = loadedBy('src/server.ts');
    expect(loaded).toContain('src/http/documentation.ts');
    expect(
      loaded.filter((path) => /node_modules\/(@fastify\/(swagger|static|send)|yaml|glob)/.test(path)),
    ).toEqual([]);
    expect(loaded).not.toContain('src/http/documentation-app.ts');
  });

  it("by the server's routes is no HTTP client", () => {
    const loaded = loadedBy('scripts/openapi.ts');
    expect(loaded).toContain('http');
    expect(loaded.filter((name) => name.includes('undici'))).toEqual([]);
  });
});

describe('the flags of the young generation and the limit on arenas of malloc', () => {
  it('are the same however the server is started', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const shebang = readFileSync(join(root, 'bin/unroll.js'), 'utf8').split('\n')[0]!;
    const image = readFileSync(join(root, 'Dockerfile'), 'utf8')
      .match(/^(ENV|CMD) .*$/gm)!
      .join(' ');
    for (const command of [scripts['start']!, shebang, image]) {
      expect(command).toContain('--max-semi-space-size=8');
      expect(command).toContain('--no-parallel-scavenge');
      expect(command).toContain('--no-allocation-site-pretenuring');
      expect(command).toContain('MALLOC_ARENA_MAX=2');
    }
  });
});
