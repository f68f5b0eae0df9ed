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
