import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentPaths } from '../../scripts/readme/documents.ts';

const root = join(import.meta.dirname, '../..');

/** Folders of the repository that a path in a page may begin with. */
const folders = 'src|test|scripts|examples|bench|stress|bin|docs|models|deploy|openapi|clients';

/** The id that a heading has on a rendered page: GitHub's rule. */
const toAnchor = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Headings outside of code blocks. */
const anchorsIn = (page: string): string[] =>
  [...page.replaceAll(/```[^]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => toAnchor(heading!));

const linksIn = (page: string): string[] =>
  [...page.replaceAll(/```[^]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));

/** `src/engine/engine.ts`, `src/cells/`; with `<layer>`, `*` or `…` in it, a path is a pattern. */
const pathsIn = (page: string): string[] =>
  [...page.matchAll(new RegExp(`(?<![\\w./-])(?:${folders})/[\\w./<>*…{},-]*`, 'g'))].map(([path]) =>
    path.replace(/[.,]+$/, ''),
  );

const isPattern = (path: string): boolean => /[<>*…{}]/.test(path);

/** Paths that a running server or a user makes. */
const isMade = (path: string): boolean => /^models\/(?!README\.md)/.test(path);

const pages = [...documentPaths(), join(root, 'CHANGELOG.md'), join(root, 'models/README.md')];

describe.each(pages.map((path) => relative(root, path)))('%s', (name) => {
  const path = join(root, name);
  const page = readFileSync(path, 'utf8');

  it('links to files and headings that exist', () => {
    const broken = linksIn(page).filter((target) => {
      const [file = '', anchor] = target.split('#');
      const to = file === '' ? path : join(dirname(path), file);
      if (!existsSync(to)) return true;
      return anchor !== undefined && !anchorsIn(readFileSync(to, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names paths of the repository that exist', () => {
    const missing = pathsIn(page).filter(
      (one) => !isPattern(one) && !isMade(one) && !existsSync(join(root, one)),
    );
    expect(missing).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...page.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g)].map(([, script]) => script!);
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  });
});

it('lists every page of docs in README.md', () => {
  const linked = linksIn(readFileSync(join(root, 'README.md'), 'utf8'));
  const pagesOfDocs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  expect(pagesOfDocs.filter((name) => !linked.includes(`docs/${name}`))).toEqual([]);
});

it('keeps README.md within 150 lines', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});
