import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const product = ['supervisor', 'kernel', 'app'];

interface Rule {
  name: string;
  because: string;
  /** Folders it holds for. */
  in: string[];
  /** What breaks it in one file's text. */
  broken: (text: string, path: string) => string[];
}

const lines = (text: string, wrong: (line: string) => boolean) =>
  text.split('\n').flatMap((line, at) => (wrong(line) ? [`${at + 1}: ${line.trim()}`] : []));

const decisions = ['supervisor/decide', 'supervisor/model'];

const rules: Rule[] = [
  {
    name: 'a file of the product has at most 250 lines',
    because: 'a room stays small when its files do',
    in: [...product, 'bench'],
    broken: (text) =>
      text.split('\n').length > 251 ? [`${text.split('\n').length - 1} lines`] : [],
  },
  {
    name: 'a file of tests has at most 350 lines',
    because: 'a table may be long, a story may not',
    in: ['test'],
    broken: (text) =>
      text.split('\n').length > 351 ? [`${text.split('\n').length - 1} lines`] : [],
  },
  {
    name: 'a line has at most 100 characters',
    because: 'two files fit side by side',
    in: product,
    broken: (text) => lines(text, (line) => line.length > 100 && !/https?:/.test(line)),
  },
  {
    name: 'no clock and no chance in a decision',
    because: 'the same state, facts, policy and now must give the same steps',
    in: decisions,
    broken: (text) =>
      lines(text, (line) =>
        /Date\.now|new Date\(\)|Math\.random|performance\.|randomUUID/.test(line),
      ),
  },
  {
    name: 'no waiting in a decision',
    because: 'a decision that waits sees two worlds',
    in: decisions,
    broken: (text) =>
      lines(text, (line) => /\basync\b|\bawait\b|setTimeout|setInterval/.test(line)),
  },
  {
    name: 'no empty catch',
    because: 'no failure is silent (invariant 8)',
    in: [...product, 'test', 'bench'],
    broken: (text) => [...text.matchAll(/catch( *\([a-z_]*\))? *\{\s*\}/g)].map((one) => one[0]),
  },
  {
    name: 'no suppressed type or lint error',
    because: 'what the checker does not see, nobody sees',
    in: product,
    broken: (text) =>
      lines(text, (line) => /@ts-ignore|@ts-expect-error|biome-ignore|\bas any[;,)\]]/.test(line)),
  },
  {
    name: 'no test that is left out',
    because: 'a test that does not run looks green',
    in: ['test'],
    broken: (text) =>
      lines(text, (line) =>
        /\b(it|test|describe)\.(skip|only|todo|skipIf|runIf)\b/.test(line),
      ).filter((line) => !line.includes('because a test that does not run')),
  },
];

const files = (folder: string) =>
  readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(repository, folder, name))
    // What the story's agents propose is theirs, faults and all; and this file names the marks.
    .filter((path) => !path.includes('test/proposals/') && !path.endsWith('style.test.ts'));

describe('style', () => {
  it.each(rules)('$name, because $because', (rule) => {
    const broken = rule.in
      .flatMap(files)
      .flatMap((path) =>
        rule
          .broken(readFileSync(path, 'utf8'), path)
          .map((what) => `${relative(repository, path)} ${what}`),
      );
    expect(broken).toEqual([]);
  });

  it('looks at the files there are', () => {
    expect(product.flatMap(files).length).toBeGreaterThan(100);
  });
});
