import { appendFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { TraceLine } from '../../supervisor/model/trace.ts';
import { openTrace, readTrace } from '../../supervisor/store/traces.ts';
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
  const kept = readTrace(file)?.lines.length ?? 0;
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
