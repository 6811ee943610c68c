import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseCompose } from '../../scripts/container/parse-compose.ts';

const service = (lines: string): string =>
  `services:\n  unroll:\n    build: .\n${lines.replaceAll(/^/gm, '    ')}\nvolumes:\n  data:\n`;

it('reads the mounts of the service that is built here', () => {
  const { mounts, tmpfs, readOnly } = parseCompose(
    service('read_only: true\ntmpfs: /tmp\nvolumes: [data:/d, "./models:/m:ro"]'),
  );
  expect({ tmpfs, readOnly }).toEqual({ tmpfs: ['/tmp'], readOnly: true });
  expect(mounts).toEqual([
    { kind: 'volume', source: 'data', target: '/d', readOnly: false },
    { kind: 'folder', source: './models', target: '/m', readOnly: true },
  ]);
});

it.each([
  ['privileged: true', 'Unrecognized key: "privileged"'],
  ['volumes: [other:/d]', 'the volume "other" is not declared'],
  ['volumes: [data]', 'the volume "data" is not supported'],
])('refuses what it does not know: %j', (lines, message) => {
  expect(() => parseCompose(service(lines))).toThrow(message);
});

it('has a container of our own that gains no rights and gets longer to stop than the drain takes', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docker-compose.yml'), 'utf8');
  expect(parseCompose(text)).toMatchObject({
    readOnly: true,
    noNewPrivileges: true,
    dropsCapabilities: true,
  });
  expect(parseCompose(text).stopGraceSeconds).toBeGreaterThan(15);
});
