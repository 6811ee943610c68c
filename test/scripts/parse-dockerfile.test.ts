import { expect, it } from 'vitest';
import { parseDockerfile } from '../../scripts/container/parse-dockerfile.ts';

it('reads stages, flags, exec form and continued lines', () => {
  const stages = parseDockerfile(
    'FROM node:24-slim AS first\nRUN npm ci\n# a comment\nFROM node:24-slim\nCOPY --from=first --chown=node:node /a ./b\nHEALTHCHECK --retries=3 \\\n  CMD ["node", "x"]\nCMD ["node", "y"]\n',
  );
  expect(stages.map(({ base, name }) => [base, name])).toEqual([
    ['node:24-slim', 'first'],
    ['node:24-slim', null],
  ]);
  expect(
    stages[1]!.instructions.map(({ keyword, flags, rest, list, line }) => [keyword, flags, rest, list, line]),
  ).toEqual([
    ['COPY', { from: 'first', chown: 'node:node' }, '/a ./b', null, 5],
    ['HEALTHCHECK', { retries: '3' }, 'CMD ["node", "x"]', null, 6],
    ['CMD', {}, '["node", "y"]', ['node', 'y'], 8],
  ]);
});

it.each([
  ['FROM a\nADD x y', 'line 2: the instruction ADD is not supported'],
  ['FROM a\nCOPY --chmod=755 x y', 'line 2: COPY --chmod is not supported'],
  ['FROM a\nRUN --mount=type=cache npm ci', 'line 2: RUN --mount is not supported'],
  ['FROM a\nCOPY $FILES y', 'line 2: variables are not supported in COPY'],
  ['RUN x', 'line 1: the first instruction must be FROM'],
  ['# nothing', 'the Dockerfile has no FROM'],
])('refuses what it does not know: %j', (text, message) => {
  expect(() => parseDockerfile(text)).toThrow(message);
});
