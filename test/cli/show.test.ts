import { describe, expect, it } from 'vitest';
import { cronWords } from '../../supervisor/cli/show/cron.ts';
import { paint, wantsColour } from '../../supervisor/cli/show/paint.ts';
import { reasonText } from '../../supervisor/cli/show/reason.ts';
import { facts, table, width } from '../../supervisor/cli/show/table.ts';
import { ago, span } from '../../supervisor/cli/show/time.ts';
import { frame } from '../../supervisor/cli/watch.ts';
import { reason } from '../../supervisor/model/reason.ts';

const plain = paint(false);
const now = Date.UTC(2026, 10, 21, 12);

it.each([
  ['*/15 * * * *', 'every 15 min'],
  ['* * * * *', 'every minute'],
  ['0 * * * *', 'every hour, 0 min past'],
  ['0 */6 * * *', 'every 6 h'],
  ['30 4 * * *', 'every day at 04:30 UTC'],
  ['0 0 4 * * *', 'every day at 04:00 UTC'],
  ['*/10 * * * * *', 'every 10 s'],
  ['0 */5 * * * *', 'every 5 min'],
  ['*/7 * * * *', 'at the times of */7 * * * *'],
  ['0 9 * * 1', 'at the times of 0 9 * * 1'],
])('the schedule %s is %s', (schedule, words) => expect(cronWords(schedule)).toBe(words));

describe('times', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1200, '1.2 s'],
    [12_900, '12 s'],
    [180_000, '3 min'],
    [7_500_000, '2 h 5 min'],
    [7_200_000, '2 h'],
    [100_800_000, '1 d 4 h'],
    [-5, '0 ms'],
  ])('%i ms is %s', (ms, text) => expect(span(ms)).toBe(text));

  it.each([
    [now - 180_000, '3 min ago'],
    [now + 40_500, 'in 40 s'],
    [now - 3200, '3 s ago'],
    [now - 300, 'now'],
    [new Date(now - 3_600_000).toISOString(), '1 h ago'],
    ['nonsense', 'at an unknown time'],
  ])('%s is %s', (at, text) => expect(ago(at, now)).toBe(text));
});

describe('tables', () => {
  it('are as wide as their widest cell, colours and wide characters counted as seen', () => {
    const rows = [
      { name: '\x1b[31mred\x1b[39m', size: 5 },
      { name: '中文名', size: 10 },
    ];
    const text = table(rows, [
      { head: 'NAME', cell: (row) => row.name },
      { head: 'N', cell: (row) => `${row.size}`, right: true },
    ]);
    expect(text).toBe('NAME     N\n\x1b[31mred\x1b[39m      5\n中文名  10');
  });

  it.each([
    ['abc', 3],
    ['\x1b[1mb\x1b[22m', 1],
    ['e\u0301', 1],
    ['😀', 2],
  ])('%j takes %i columns', (text, columns) => expect(width(text)).toBe(columns));

  it('facts leave out what is not there', () => {
    expect(
      facts([
        ['a', '1'],
        ['long', '2'],
        ['none', null],
      ]),
    ).toBe('a     1\nlong  2');
  });
});

describe('a reason', () => {
  it('is laid out, and what may be an agent’s is escaped', () => {
    const text = reasonText(
      reason('canary-failed', {
        message: 'it said \x1b[2J',
        step: 'run',
        input: 'a/\u202eb',
        cause: 'first\nOk: nothing needs you',
      }),
      plain,
    );
    expect(text.split('\n')).toEqual([
      'it said \\u{1b}[2J (canary-failed)',
      '  step      run',
      '  input     a/\\u{202e}b',
      '  cause   ',
      '    | first',
      '    | Ok: nothing needs you',
      '  to do     See the failed run: `airlock show RUN` and `airlock trace RUN`.',
    ]);
  });
});

describe('colour', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('terminal %s with %j: %s', (terminal, environment, wanted) => {
    expect(wantsColour(terminal, environment)).toBe(wanted);
  });

  it('is nothing where it is not wanted', () => {
    expect([plain.red('x'), paint(true).red('x')]).toEqual(['x', '\x1b[31mx\x1b[39m']);
  });
});

describe('a screen', () => {
  const shown = (text: string, rows: number, columns: number) =>
    frame(text, rows, columns)
      .replace('\x1b[H', '')
      .replace('\x1b[J', '')
      .split('\r\n')
      .map((one) => one.replace('\x1b[0m\x1b[K', ''));

  it('holds what fits, and says that there is more', () => {
    expect(shown('a\nb\nc\nd', 4, 80)).toEqual(['a', 'b', '...']);
    expect(shown('a\nb\nc', 4, 80)).toEqual(['a', 'b', 'c']);
  });

  it('cuts a line at its edge, colours not counted', () => {
    expect(shown('\x1b[31mabcdef\x1b[39m', 4, 3)).toEqual(['\x1b[31mabc\x1b[39m']);
  });
});
