import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const tests = readdirSync(join(repository, 'test'), { withFileTypes: true });
const rooms = tests.filter((one) => one.isDirectory()).map(({ name }) => name);

/** A test that a page names, as `test/decide/gates` or `decide/gates`; `*` for a whole room. */
function isThere(name: string): boolean {
  const path = name.replace(/^test\//, '').replace(/\/\*$/, '');
  const base = join(repository, 'test', path);
  return existsSync(base) || existsSync(`${base}.test.ts`);
}

it('every test that docs/security.md names is there', () => {
  const text = readFileSync(join(repository, 'docs/security.md'), 'utf8');
  const named = [...text.matchAll(/`((?:test\/)?([a-z]+)\/[a-z*-]+)`/g)].flatMap((found) =>
    rooms.includes(found[2] ?? '') ? [found[1] ?? ''] : [],
  );
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});

it('each decision has a number of its own', () => {
  const numbers = readdirSync(join(repository, 'docs/decisions')).map((name) => name.slice(0, 2));
  expect(new Set(numbers).size).toBe(numbers.length);
});
