import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeMany } from '../../supervisor/host/files/many.ts';
import { emptyRoot } from './support.ts';

test('of files that are written together one that fails harms no other', async () => {
  const { root } = emptyRoot();
  const [one, other] = [join(root, 'one'), join(root, 'other')];
  mkdirSync(one);
  mkdirSync(other);
  mkdirSync(join(one, 'b'));
  const file = (path: string) => ({ path, content: `of ${path}`, mode: 0o644 });
  const paths = [join(one, 'a'), join(one, 'b'), join(other, 'c'), join(root, 'nowhere', 'd')];
  const faults = await writeMany(paths.map(file));
  expect(faults.map((fault) => (fault as NodeJS.ErrnoException | null)?.code)).toEqual([
    undefined,
    'EISDIR',
    undefined,
    'ENOENT',
  ]);
  expect(readFileSync(join(one, 'a'), 'utf8')).toBe(`of ${join(one, 'a')}`);
  // Nothing half written is left.
  expect([readdirSync(one), readdirSync(other)]).toEqual([['a', 'b'], ['c']]);
});
