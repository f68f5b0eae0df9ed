import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { TraceLine } from '../../supervisor/model/trace.ts';
import { openTrace, readTrace, spentIn } from '../../supervisor/store/traces.ts';
import { folder, soon } from './support.ts';

const note = (text: string): TraceLine => {
  return { at: '2026-11-21T01:18:50.000Z', what: 'note', text };
};

test('what is written is read back in order, after it is closed', () => {
  const file = `${folder()}/traces/run-1.jsonl`;
  const trace = openTrace(file, 1024 * 1024);
  const lines = Array.from({ length: 500 }, (_, n) => note(`line ${n}\n"quoted" \u2028`));
  for (const line of lines) trace.write(line);
  expect(trace.close()).toEqual({ bytes: statSync(file).size, dropped: 0, fault: null });
  expect(readTrace(file)).toEqual({ lines, torn: 0, cut: false });
});

test('a trace can be read while the run goes on', async () => {
  const file = `${folder()}/run-1.jsonl`;
  const trace = openTrace(file, 1024);
  trace.write(note('thinking'));
  await expect.poll(() => readTrace(file)?.lines, soon).toEqual([note('thinking')]);
  trace.close();
});

test('a trace is bounded: what does not fit is counted, and nothing is cut in half', () => {
  const file = `${folder()}/run-1.jsonl`;
  const limit = 1000;
  const trace = openTrace(file, limit);
  for (let n = 0; n < 100; n++) trace.write(note('äöü'.repeat(10)));
  const end = trace.close();
  expect(statSync(file).size).toBeLessThanOrEqual(limit);
  expect(end.bytes).toBe(statSync(file).size);
  const kept = readTrace(file)?.lines.filter((one) => one.what === 'note').length ?? 0;
  expect(kept).toBeGreaterThan(0);
  expect(kept + end.dropped).toBe(100);
  const again = openTrace(file, limit);
  again.write(note('x'.repeat(limit)));
  expect(again.close().dropped).toBe(1);
});

test('a torn last line and a cut end are told', () => {
  const file = `${folder()}/run-1.jsonl`;
  const trace = openTrace(file, 1024);
  trace.write(note('whole'));
  trace.close();
  appendFileSync(file, '{"at":"2026');
  expect(readTrace(file)).toEqual({ lines: [note('whole')], torn: 1, cut: false });
  expect(readTrace(file, 10)?.cut).toBe(true);
  expect(readTrace(`${file}.none`)).toBe(null);
});

test('a trace that cannot be written costs the trace, not the run', () => {
  const trace = openTrace('/dev/full', 1024);
  trace.write(note('lost'));
  trace.write(note('lost as well'));
  expect(trace.close()).toMatchObject({ dropped: 2, fault: 'ENOSPC' });
});

const at = '2026-11-21T01:18:50.000Z';
const call = (number: number, reserved: number) =>
  ({ at, what: 'call', call: number, reserved }) as TraceLine;
const end = (what: 'answer' | 'failed', number: number, usd: number) =>
  ({ at, what, call: number, usd }) as TraceLine;

test.each<[string, TraceLine[], Partial<{ torn: number; cut: boolean }>, object]>([
  ['nothing was asked', [note('hello')], {}, { usd: 0, steps: 0, whole: true }],
  ['answered', [call(1, 2), end('answer', 1, 0.5)], {}, { usd: 0.5, steps: 1, whole: true }],
  ['failed, and paid', [call(1, 2), end('failed', 1, 0.25)], {}, { usd: 0.25, whole: true }],
  ['cut off before its answer', [call(1, 2)], {}, { usd: 2, steps: 0, whole: true }],
  [
    'a second source, and a call beside it',
    [call(1, 2), end('failed', 1, 0), call(1, 4), call(2, 1), end('answer', 1, 3)],
    {},
    { usd: 4, steps: 1, whole: true },
  ],
  ['left out at its limit', [end('answer', 1, 1), { at, what: 'full' }], {}, { whole: false }],
  ['torn', [end('answer', 1, 1)], { torn: 1 }, { usd: 1, whole: false }],
  ['longer than is read', [end('answer', 1, 1)], { cut: true }, { usd: 1, whole: false }],
])('what a run spent, by its trace: %s', (_, lines, more, spent) => {
  expect(spentIn({ lines, torn: 0, cut: false, ...more })).toMatchObject(spent);
});

test('a call is on the disk before it goes out, and a trace that is full says so', () => {
  const file = `${folder()}/run-1.jsonl`;
  const trace = openTrace(file, 2000);
  trace.write(note('held back'));
  trace.write(call(1, 2));
  expect(spentIn(readTrace(file) ?? { lines: [], torn: 0, cut: false }).usd).toBe(2);
  trace.write(note('x'.repeat(2000)));
  expect(readFileSync(file, 'utf8')).toMatch(/"what":"full"\}\n$/);
  trace.write(call(2, 2));
  expect(trace.close()).toMatchObject({ bytes: statSync(file).size, dropped: 2 });
  const again = openTrace(file, 2000);
  again.write(note('x'.repeat(2000)));
  again.close();
  expect(statSync(file).size).toBeLessThanOrEqual(2000);
});
