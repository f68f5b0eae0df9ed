import { expect, test } from 'vitest';
import { atStep, RunError } from '../../kernel/errors.ts';
import { asReport } from '../../kernel/report.ts';
import { unfold } from '../../kernel/unfold.ts';

const texts = (error: unknown) => unfold(error).map(({ depth, text }) => `${depth} ${text}`);

test('goes through causes and the members of nested aggregates, the innermost last', () => {
  const innermost = Object.assign(new TypeError('closed'), { code: 'EPIPE' });
  const group = new AggregateError([new AggregateError([innermost], 'inner group')], 'group');
  const failure = new Error('no handshake', { cause: new Error('session', { cause: group }) });
  expect(texts(failure)).toEqual([
    '0 Error: no handshake',
    '1 Error: session',
    '2 AggregateError: group',
    '3 AggregateError: inner group',
    '4 TypeError: closed (EPIPE)',
  ]);
});

test('the deepest branch ends the list, wherever it stands', () => {
  const deep = new Error('a', { cause: new Error('b', { cause: new Error('deepest') }) });
  expect(texts(new AggregateError([deep, new Error('shallow')], 'all')).at(-1)).toBe(
    '3 Error: deepest',
  );
});

test('takes the cause of an aggregate and its members', () => {
  const all = new AggregateError([new Error('member')], 'all', { cause: new Error('why') });
  expect(texts(all)).toEqual(['0 AggregateError: all', '1 Error: member', '1 Error: why']);
});

test.each([
  ['a string', 'oh', '0 thrown, not an error: "oh"'],
  ['nothing', undefined, '0 thrown, not an error: undefined'],
  ['a BigInt', 7n, '0 thrown, not an error: 7'],
  ['an object', { no: 1 }, '0 thrown, not an error: {"no":1}'],
])('says what was thrown when it was %s', (_, thrown, text) => {
  expect(texts(thrown)).toEqual([text]);
});

test('survives circles, wide trees and endless words', () => {
  const circle = new Error('round');
  circle.cause = new AggregateError([circle, new Error('end')], 'back');
  expect(texts(circle)).toEqual(['0 Error: round', '1 AggregateError: back', '2 Error: end']);
  const wide = new AggregateError(
    Array.from({ length: 500 }, (_, i) => new Error(`${i}`)),
    'w',
  );
  expect(unfold(wide)).toHaveLength(32);
  expect(unfold(new Error('x'.repeat(100_000)))[0]?.text.length).toBeLessThan(1100);
});

test('a report stays under what the gateway takes, and keeps the innermost cause', () => {
  const wordy = (): Error => new Error('\u{1F600}'.repeat(900));
  const deep = new AggregateError([...Array.from({ length: 40 }, wordy)], 'all', {
    cause: new Error('b', { cause: new Error('the innermost') }),
  });
  const failure = new RunError({ code: 'c', step: 's', message: 'm', cause: deep });
  const report = asReport(failure, { agent: 'maker', path: 'task' } as never);
  expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(64 * 1024);
  expect((report.causes as string[])[0]).toBe('AggregateError: all');
});

test('a step wraps what it throws once; the report carries step, input and causes', async () => {
  const fault = { code: 'outer', step: 'do it', message: 'not done', input: 'hello' };
  const inner = { code: 'inner', step: 'a part of it', message: 'the part' };
  const wrapped = await atStep(fault, () => {
    throw new Error('why');
  }).catch((error: unknown) => error);
  expect(wrapped).toMatchObject(fault);
  const kept = await atStep(fault, () => {
    throw new RunError(inner);
  }).catch((error: unknown) => error);
  expect(kept).toMatchObject(inner);
  const report = asReport(wrapped, { agent: 'maker', path: 'task' } as never);
  expect(report).toMatchObject({ type: 'error', ...fault, agent: 'maker', path: 'task' });
  expect(report.causes).toEqual(['Error: why']);
});
