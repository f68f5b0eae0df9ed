import { expect, test } from 'vitest';
import { allOf, type Decision } from '../../supervisor/decide/view.ts';
import type { Step } from '../../supervisor/model/step.ts';
import { view } from './build.ts';

const receipt = (proposal: string): Step => ({ do: 'receipt', proposal, agent: 'maker' });
const says =
  (...steps: Step[]) =>
  (): Decision => ({ marks: [], steps });
const fails = (): Decision => {
  throw new Error('a judgment failed');
};

test('what several decide is one decision', () => {
  const [a, b] = [receipt('a'), receipt('b')];
  expect(allOf(says(a), says(), says(b))(view()).steps).toEqual([a, b]);
});

test('one that fails keeps no other from its decision, and is told when there is none', () => {
  const a = receipt('a');
  expect(allOf(fails, says(a))(view()).steps).toEqual([a]);
  expect(() => allOf(says(), fails)(view())).toThrow('a judgment failed');
});
