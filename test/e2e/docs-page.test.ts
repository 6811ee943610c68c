import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorCodes } from '../../src/errors.ts';
import { serveApp } from '../http/served-app.ts';
import { itWithProgram } from '../support/needs.ts';
import { openPage } from './browser.ts';
import { modelFolder } from './model-folder.ts';
import { startServer } from './server-process.ts';

// What a new user does at /docs: open an operation, press "Try it out" and "Execute".

// the page itself takes seconds for each operation, on a loaded machine many
vi.setConfig({ testTimeout: 600_000 });

const chromium = { program: 'chromium', debianPackage: 'chromium' };
const root = join(import.meta.dirname, '../..');
/** A copy: what is trained is published into it. */
const models = mkdtempSync(join(tmpdir(), 'unroll-docs-'));
cpSync(join(root, 'models'), models, { recursive: true });
afterAll(() => rmSync(models, { recursive: true, force: true }));

const tasks = ['classify', 'tag', 'decode', 'generate', 'predict', 'embed', 'infer'];

itWithProgram(chromium, 'Execute works with what is prefilled', async () => {
  const server = await startServer(models);
  const page = await openPage(`${server.url}/docs`);
  onTestFinished(() => page.close());
  const result = await page.run(`
    const wait = async (find) => {
      for (const end = Date.now() + 120_000; Date.now() < end; ) {
        const found = find();
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error('not found: ' + find);
    };
    const outcomes = {};
    for (const name of ${JSON.stringify(tasks)}) {
      const block = await wait(() => document.querySelector('[id^=operations-][id$=-' + name + ']'));
      block.querySelector('.opblock-summary-control').click();
      (await wait(() => block.querySelector('.try-out__btn'))).click();
      (await wait(() => block.querySelector('.btn.execute'))).click();
      const status = await wait(() => block.querySelector('.live-responses-table tbody .response-col_status'));
      const sent = [...block.querySelectorAll('input, textarea')].map(({ value }) => value).join(' ');
      outcomes[name] = status.textContent.trim().slice(0, 3) + (/\\bstring\\b/.test(sent) ? ' ' + sent : '');
      block.querySelector('.opblock-summary-control').click();
    }
    return outcomes;
  `);
  expect(result).toEqual(Object.fromEntries(tasks.map((name) => [name, '200'])));
  expect(await server.stop()).toBe(0);
});

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example?: string }[];
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly example?: object; readonly examples?: Record<string, { value: object }> }>
    >;
  };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The first example of each operation that needs no id of something that a caller has made. */
function listRequests({ paths }: Document) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId, parameters = [], requestBody }]) => {
      const named = parameters.reduce(
        (url, parameter) => url.replace(`{${parameter.name}}`, parameter.example ?? '{}'),
        path,
      );
      const json = requestBody?.content['application/json'];
      const body = json?.example ?? Object.values(json?.examples ?? {})[0]?.value;
      return named.includes('{') ? [] : [{ operationId, method, path: named, body }];
    }),
  );
}

describe('the document of the API', () => {
  it('has an example of every operation that works, of the models that are served', async () => {
    const server = await startServer(models);
    const document = (await (await server.get('/openapi.json')).json()) as Document;
    const failed: unknown[] = [];
    const sent: string[] = [];
    for (const { operationId, method, path, body } of listRequests(document)) {
      // they take a body that is not JSON, a file that was uploaded, or a WebSocket; or end what others need
      if (
        /^(streamModel|connectModel|create(Dataset|File|FineTuningJob)|unloadModel|delete(Model|Version))$/.test(
          operationId,
        )
      )
        continue;
      const init = { method: method.toUpperCase() };
      const reply = await (body ? server.post(path, body, init) : server.get(path, init));
      if (reply.status !== 200) failed.push({ operationId, status: reply.status, text: await reply.text() });
      else await reply.arrayBuffer();
      sent.push(operationId);
    }
    expect(failed).toEqual([]);
    expect(sent).toEqual(
      expect.arrayContaining([
        ...tasks,
        'inferVersion',
        'createCompletion',
        'createEmbedding',
        'createSession',
      ]),
    );
    expect(sent).toEqual(
      expect.arrayContaining(['createTrainingJob', 'createComparison', 'repositoryIndex', 'showModel']),
    );
    expect(await server.stop()).toBe(0);
  });

  it('has the examples of the models that the server has', async () => {
    const folder = modelFolder(['numbers']);
    const server = await startServer(folder.path);
    const { paths } = (await (await server.get('/docs/json')).json()) as Document;
    const { parameters, requestBody } = paths['/v1/models/{model}/predict']!['post']!;
    expect(parameters).toMatchObject([{ name: 'model', example: 'numbers' }]);
    expect(requestBody?.content['application/json']?.examples).toEqual({
      numbers: {
        value: {
          input: [
            [2, -0.5],
            [0, 0.3],
            [1.5, 0.5],
          ],
        },
      },
    });
    expect(await server.stop()).toBe(0);
    folder.remove();
  });

  it('does not show the names of models where callers need a key', async () => {
    const served = await serveApp({ authentication: { kind: 'keys', keys: { find: () => null } } });
    for (const url of ['/openapi.json', '/docs/json']) {
      const { body } = await served.app.inject(url);
      expect(body).not.toContain('classifier');
      expect(JSON.parse(body)).toHaveProperty(['paths', '/v1/models/{model}/classify', 'post']);
    }
    await served.close();
  });

  it('has no bound that every integer has, and nothing that is prefilled for want of an example', () => {
    const text = readFileSync(join(root, 'openapi/openapi.json'), 'utf8');
    expect(text).not.toContain(String(Number.MAX_SAFE_INTEGER));
    const { paths } = JSON.parse(text) as Document;
    const without = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .filter(({ requestBody }) => {
        const json = requestBody?.content['application/json'];
        return json && !json.example && !json.examples;
      });
    expect(without.map(({ operationId }) => operationId)).toEqual([]);
  });

  it('lists every code of an error', () => {
    const text = readFileSync(join(root, 'openapi/openapi.json'), 'utf8');
    expect(JSON.parse(text)).toHaveProperty('components.schemas.ErrorCode.enum', errorCodes);
  });
});
