import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apply, nothing, type Put, type State, tableNames } from '../../supervisor/model/state.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import { aRun, clock, hostRow, put, tick } from '../fixtures/store/rows.ts';
import { folder, killHard, linesOf, nextLine, start } from './support.ts';

/** Rows as lists, so that their order counts too. */
const inOrder = (state: State) => tableNames.map((name) => [name, [...state[name]]]);

test('a state read back is the one that was built up, whatever was written', () => {
  const place = folder();
  let histories = 0;
  const anyPut = fc.record({
    table: fc.constantFrom(...tableNames.filter((name) => name !== 'proposals')),
    id: fc.constantFrom('a', 'b', 'c', 'ä/ "\n'),
    value: fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { freq: 4 }),
    live: fc.boolean(),
  });
  const story = fc.array(fc.array(anyPut, { maxLength: 6 }), { maxLength: 8 });
  fc.assert(
    fc.property(story, (commits) => {
      const file = `${place}/${histories++}.db`;
      let journal = openJournal(file, clock);
      let state = nothing;
      for (const [number, puts] of (commits as unknown as Put[][]).entries()) {
        if (number % 3 === 2) {
          journal.close();
          journal = openJournal(file, clock);
        }
        journal.commit([tick()], puts);
        state = apply(state, JSON.parse(JSON.stringify(puts)));
      }
      expect(inOrder(journal.load())).toEqual(inOrder(state));
      journal.close();
      journal = openJournal(file, clock);
      expect(inOrder(journal.load())).toEqual(inOrder(state));
      journal.close();
    }),
    { numRuns: 30 },
  );
});

test('a row that is no longer live is kept for the lists, a removed one is gone', () => {
  const file = `${folder()}/journal.db`;
  const journal = openJournal(file, clock);
  journal.commit([], [put('runs', 'run-000001', aRun(1)), put('runs', 'run-000002', aRun(2))]);
  journal.commit([], [put('runs', 'run-000001', aRun(1), false), put('runs', 'run-000002', null)]);
  expect([...journal.load().runs.keys()]).toEqual([]);
  const reader = openReader(file);
  expect(reader.runs({ limit: 9 }).map((run) => run.id)).toEqual(['run-000001']);
  reader.close();
  journal.close();
});

test('a commit that fails leaves nothing of itself', () => {
  const file = `${folder()}/journal.db`;
  const journal = openJournal(file, clock);
  journal.commit([tick()], [hostRow(1)]);
  const unwritable = put('runs', 'run-000001', { ...aRun(1), usd: 1n as unknown as number });
  expect(() => journal.commit([tick()], [hostRow(2), unwritable])).toThrow(TypeError);
  expect(journal.load().host.get('host')?.counter).toBe(1);
  const reader = openReader(file);
  expect(reader.log({ limit: 9 })).toHaveLength(1);
  reader.close();
  journal.close();
});

test('killed in the middle of many commits: entries and rows agree, none that was told is lost', async () => {
  const file = `${folder()}/journal.db`;
  let told = 0;
  for (const lines of [1, 40, 7]) {
    const child = start('commits-forever.ts', [file]);
    const printed = linesOf(child);
    for (let line = 0; line < lines; line++) told = Number(await nextLine(printed));
    await killHard(child);
    const journal = openJournal(file, clock);
    const state = journal.load();
    const counter = state.host.get('host')?.counter ?? 0;
    expect(counter).toBeGreaterThanOrEqual(told);
    expect(state.runs.size).toBe(Math.min(5, counter));
    const reader = openReader(file);
    expect(reader.log({ limit: counter + 1 })).toHaveLength(counter);
    expect(reader.runs({ limit: counter + 1 })).toHaveLength(counter);
    expect(reader.damage()).toEqual([]);
    reader.close();
    journal.close();
  }
});
