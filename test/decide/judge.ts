/** Tables of whole judgments: a world, and what is said of it. */
import { expect, test } from 'vitest';
import type { Decision, View } from '../../supervisor/decide/view.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import type { Halt } from '../../supervisor/model/halt.ts';
import { type Rows, said, view } from './build.ts';

/** Name, rows, what is seen beside them, what is said. */
export type Case = [string, Rows, Partial<Facts>, string[]];

export const table = (judge: (view: View) => Decision, cases: Case[]) =>
  test.each<Case>(cases)('%s', (_, rows, seen, expected) => {
    expect(said(judge(view(rows, seen)))).toEqual(expected);
  });

export const halted = (...halts: Halt[]): Partial<Facts> => ({
  switches: { readable: true, halts },
});
export const unreadable: Partial<Facts> = {
  switches: { readable: false, halts: [], cause: 'EIO' },
};
