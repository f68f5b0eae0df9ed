import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startThreads } from '../../supervisor/act/tasks.ts';
import { createPool, type Pool } from '../../supervisor/host/process/pool.ts';
import { Host, includes } from './support/host.ts';

vi.setConfig({ testTimeout: 120_000 });

const entry = new URL('../fixtures/stage/odd-jobs.ts', import.meta.url);
let pool: Pool;

beforeEach(() => {
  pool = createPool({ entry, size: 2 });
});
afterEach(() => pool.close());

test('answers come back to who asked, however many ask', async () => {
  const asked = Array.from({ length: 100 }, (_, at) => at);
  expect(await Promise.all(asked.map((at) => pool.call('echo', { at })))).toEqual(
    asked.map((at) => ({ at })),
  );
});

test('a reason comes through whole, and any other error as internal', async () => {
  await expect(pool.call('refuses', null)).rejects.toMatchObject({
    reason: { code: 'no-op', message: 'not this', input: 'x' },
  });
  await expect(pool.call('throws', null)).rejects.toMatchObject({
    reason: { code: 'internal', cause: 'TypeError: broken', step: 'throws' },
  });
  await expect(pool.call('nosuch', null)).rejects.toMatchObject({ reason: { code: 'internal' } });
});

test('a thread that dies fails its own task only, and is replaced', async () => {
  const results = await Promise.allSettled([
    pool.call('dies', null),
    ...Array.from({ length: 10 }, (_, at) => pool.call('echo', at)),
  ]);
  expect(results.map((one) => one.status)).toEqual(['rejected', ...Array(10).fill('fulfilled')]);
  expect(results[0]).toMatchObject({ reason: { reason: { code: 'internal' } } });
});

test('a task that blocks its thread blocks neither this one nor the others', async () => {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const blocked = pool.call('blocks', { shared });
  await Atomics.waitAsync(shared, 0, 0).value;
  expect(await pool.call('echo', 'through')).toBe('through');
  Atomics.store(shared, 1, 1);
  Atomics.notify(shared, 1);
  expect(await blocked).toBe('released');
});

test('a thread beyond the first leaves when it has nothing to do', async () => {
  const small = createPool({ entry, size: 2, idle: 50 });
  const both = async () => {
    const ids = await Promise.all([small.call('who', null), small.call('who', null)]);
    return (ids as number[]).toSorted((a, b) => a - b);
  };
  const [first = 0, second = 0] = await both();
  expect(second).toBeGreaterThan(first);
  // A later one has another number.
  const latest = async () => (await both()).at(-1);
  await expect.poll(latest, { interval: 500, timeout: 20_000 }).toBeGreaterThan(second);
  await small.close();
});

test('closing fails what is under way and what waits', async () => {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const calls = [0, 1, 2].map(() => pool.call('blocks', { shared }));
  const settled = Promise.allSettled(calls);
  await Atomics.waitAsync(shared, 0, 0).value;
  await pool.close();
  for (const one of await settled) expect(one.status).toBe('rejected');
  await expect(pool.call('echo', 1)).rejects.toMatchObject({ reason: { code: 'internal' } });
});

test('the way of a drop runs in threads as it does in the open', async () => {
  const host = new Host();
  const base = (await host.first()).id;
  host.overlay('new', { 'app/new.md': 'x\n' });
  const threads = startThreads(host.layout.root, { size: 1 });
  const limits = { bytes: 100_000, files: 10, depth: 5, path: 100 };
  const request = { id: 'p1', agent: 'maker', drop: 'new', limits, sealedAt: 0 };
  const sealed = await threads.run('seal', request);
  if (sealed.kind !== 'sealed') throw new Error(sealed.kind);
  const { form, paths } = sealed.sealed;
  const result = await threads.run('stage', {
    proposal: { id: 'p1', form, paths, proposer: 'maker' },
    sealedFolder: `${host.layout.sealed('p1')}/sealed`,
    base,
    onto: base,
    includes,
    at: host.at(),
  });
  if (result.kind !== 'staged') throw new Error(result.kind);
  const { id } = result.manifest;
  expect(await threads.run('verify', { id })).toEqual([]);
  expect(await threads.run('diff', { a: base, b: id })).toContain('+x');
  await threads.run('remove', { id });
  expect((await threads.run('verify', { id }))[0]?.code).toBe('corrupt-release');
  await threads.close();
  host.remove();
});
