import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryBeside, remembered } from '../../supervisor/store/remembered.ts';
import { bad, state } from '../decide/build.ts';
import { emptyRoot } from './support.ts';

test('a bar remembers who proposed what it bars', () => {
  const root = emptyRoot();
  const bars = [{ ...bad('b'), owners: ['ann'] }, bad('c')];
  memoryBeside(root.journal, () => 0).begin(state({ bad: bars }));
  expect(remembered(root)?.bad).toEqual(bars);
});

test('what could not be written is told once, and written with the next change', () => {
  const root = emptyRoot();
  const file = join(root.state, 'remembered.json');
  const memory = memoryBeside(root.journal, () => 0);
  mkdirSync(join(file, 'in the way'), { recursive: true });
  memory.begin(state({ bad: [bad('b')] }));
  expect(memory.fault()).toMatchObject({ code: 'EISDIR' });
  rmSync(file, { recursive: true });
  memory.follow([]);
  expect(memory.fault()).toBe(null);
  expect(remembered(root)?.bad).toEqual([bad('b')]);
});
