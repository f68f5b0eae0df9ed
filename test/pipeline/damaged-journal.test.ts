import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { verifyJournal } from '../../supervisor/cli/read-journal.ts';
import { evolve } from '../../supervisor/decide/evolve/entry.ts';
import { sqlite } from '../../supervisor/host/sqlite.ts';
import { type Layout, layout } from '../../supervisor/model/layout.ts';
import { stepKey } from '../../supervisor/model/step.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import { loadPolicy } from '../../supervisor/store/policy.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import { openOrRebuild } from '../../supervisor/store/rebuild/open.ts';
import { agent, policy } from '../decide/build.ts';
import { startHost, TestHost, until } from './support/host.ts';

/*
 * A journal is damaged while the daemon is away, on a ROOT with a short real history: two stable
 * releases, one that failed its canary, a change that waits for an approval, and one that bakes.
 */
const minute = 60_000;
const turn = (first: string) => `import { existsSync, writeFileSync } from 'node:fs';
export async function turn({ model, workspace }) {
  ${first}
  await model();
  writeFileSync(workspace + '/done.txt', 'done');
}
`;
const spoils = "if (existsSync(workspace + '/done.txt')) throw new Error('it was there');";

let lived: TestHost;
const told: Record<'first' | 'second' | 'third' | 'waits' | 'bad', string> = {
  ...{ first: '', second: '', third: '', waits: '', bad: '' },
};

beforeAll(async () => {
  lived = await startHost();
  told.first = lived.current ?? '';
  lived.drop('cleo', 'second', { 'app/turn.mjs': turn('// second') });
  await lived.reaches('second', 'baking');
  await allRan(lived);
  lived.advance(15 * minute);
  told.second = (await lived.reaches('second', 'stable')).release ?? '';
  lived.drop('ben', 'spoils', { 'app/turn.mjs': turn(spoils) });
  told.bad = (await lived.reaches('spoils', 'aborted')).digest ?? '';
  lived.drop('ada', 'waits', { 'kernel/extra.mjs': '// needs an operator\n' });
  told.waits = (await lived.reaches('waits', 'awaiting-approval')).id;
  lived.drop('cleo', 'third', { 'app/turn.mjs': turn('// third') });
  told.third = (await lived.reaches('third', 'baking')).release ?? '';
  await allRan(lived);
  await lived.stop();
}, 120_000);
afterAll(async () => lived?.[Symbol.asyncDispose]());

const allRan = (host: TestHost) =>
  until(
    () => host.state.deployment.get('deployment')?.bake?.runs.length === 3,
    () => 'all agents to run',
  );

function write(file: string, bytes: Buffer, at: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

/** The page where a table begins. */
function pageOf(file: string, table: string): { at: number; size: number } {
  const raw = new (sqlite())(file, { readonly: true });
  const find = 'SELECT rootpage FROM sqlite_schema WHERE name = ?';
  const page = raw.prepare(find).pluck().get(table) as number;
  const size = raw.pragma('page_size', { simple: true }) as number;
  raw.close();
  return { at: (page - 1) * size, size };
}

const damages: [string, (place: Layout) => void][] = [
  ['its header is zeros', ({ journal }) => write(journal, Buffer.alloc(4096), 0)],
  [
    'garbage in the middle of it',
    ({ journal }) => {
      const { at, size } = pageOf(journal, 'journal');
      write(journal, Buffer.alloc(size, 0xa5), at);
    },
  ],
  [
    'its second half is cut off',
    ({ journal }) => truncateSync(journal, statSync(journal).size / 2),
  ],
  ['it is empty of sense', ({ journal }) => writeFileSync(journal, 'x'.repeat(50_000))],
  [
    'it is gone, its log is garbage',
    ({ journal }) => {
      rmSync(journal);
      writeFileSync(`${journal}-wal`, 'y'.repeat(50_000));
    },
  ],
];

async function after(damage: (place: Layout) => void): Promise<TestHost> {
  const host = new TestHost({ begin: Date.UTC(2026, 0, 5, 1, 30) });
  rmSync(host.root, { recursive: true, force: true });
  execFileSync('cp', ['-a', lived.root, host.root]);
  damage(layout(host.root));
  await host.start();
  return host;
}

describe.each(damages)('a journal of which %s', (_, damage) => {
  it('is set aside and made anew: agents run, a rollback works, nothing accepted is lost', async () => {
    await using host = await after(damage);
    const { state } = host;
    expect(host.current).toBe(told.third);
    expect([...state.releases.values()].filter((one) => one.stableAt).map((one) => one.id)).toEqual(
      [told.first, told.second],
    );
    expect([...state.bad.keys()]).toEqual([told.bad]);
    expect(state.deployment.get('deployment')).toMatchObject({ phase: 'baking' });
    const news = host.state.host.get('host')?.journal;
    expect(news?.what).toBe('rebuilt');
    expect(news?.found.join('\n')).toMatch(new RegExp(`${told.waits}: .*asked again`));
    expect(news?.found.join('\n')).toMatch(/third: what its bake had shown/);
    const there = readdirSync(host.layout.state);
    const kept = there.filter((name) => name.startsWith('journal.db.damaged-'));
    expect(kept.length).toBeGreaterThan(0);
    const reader = openReader(host.layout.journal);
    const entries = reader.log({ limit: 1000 }).map((one) => one.entry);
    expect(reader.chain({}).faults).toEqual([]);
    reader.close();
    expect(entries).toContainEqual(
      expect.objectContaining({ mark: expect.objectContaining({ mark: 'journal-found' }) }),
    );
    expect(host.logged.join('')).toContain('the journal was damaged');
    await allRan(host);
    expect((await host.ask(rollback)).message).toContain(told.second);
    expect(host.current).toBe(told.second);
    expect((await host.reaches('third', 'rolled-back')).reason?.code).toBe('operator-rollback');
    expect((await host.reaches('waits', 'awaiting-approval')).approval).toBe(null);
    expect((await host.ask({ verb: 'acknowledge', reason: 'read' })).ok).toBe(true);
    expect(host.state.host.get('host')?.journal).toBe(null);
  }, 60_000);
});

const rollback = { verb: 'rollback', to: null, keep: false, reason: '', flipped: null } as const;

it('what was barred stays barred: the same change dropped again is refused', async () => {
  await using host = await after(({ journal }) => rmSync(journal));
  // Kept: what a run on a bad release drops would be held.
  expect((await host.ask({ ...rollback, keep: true })).ok).toBe(true);
  host.drop('ben', 'again', { 'app/turn.mjs': turn(spoils) });
  expect((await host.reaches('again', 'refused')).reason?.code).toBe('known-bad');
}, 60_000);

describe('what an operator barred, or took the bar from', () => {
  const mark = ({ state }: TestHost, release: string) =>
    [...state.bad.values()].find((one) => one.release === release);

  /** The third release is barred and freed again, then the second, once stable; a new policy. */
  async function given(): Promise<TestHost> {
    const host = await after(() => undefined);
    expect((await host.ask(rollback)).message).toContain(told.second);
    const digest = mark(host, told.third)?.digest ?? '';
    expect((await host.ask({ verb: 'unbar', digest, reason: 'it was right' })).ok).toBe(true);
    const to = told.first;
    expect((await host.ask({ ...rollback, to })).ok).toBe(true);
    const text = readFileSync(host.policyFile, 'utf8').replace('for: 15m', 'for: 16m');
    writeFileSync(host.policyFile, text);
    const policy = loadPolicy(host.policyFile).policy?.digest ?? '';
    expect((await host.ask({ verb: 'policy-apply', digest: policy })).ok).toBe(true);
    await host.stop();
    return host;
  }

  it('is known again, and so is the policy to go back to', async () => {
    await using host = await given();
    rmSync(host.layout.journal);
    await host.start();
    const { found } = host.state.host.get('host')?.journal ?? { found: [] };
    expect(found.length).toBeGreaterThan(0);
    expect(mark(host, told.second)?.code).toBe('operator-rollback');
    expect(mark(host, told.third)).toBe(undefined);
    expect([...host.state.bad.keys()]).toContain(told.bad);
    expect(found.join('\n')).not.toMatch(/bad marks|barred|versions of the policy/);
    expect((await host.ask({ verb: 'policy-rollback', reason: 'back' })).ok).toBe(true);
    expect(host.supervisor.live.policy().policy.bake.for).toBe(15 * minute);
  }, 60_000);

  it('is the first of what is lost where nothing remembers it', async () => {
    await using host = await given();
    rmSync(host.layout.journal);
    rmSync(`${host.layout.state}/remembered.json`);
    await host.start();
    const { found } = host.state.host.get('host')?.journal ?? { found: [] };
    expect(found[0]).toMatch(/^bad marks that an operator set/);
    expect(found.join('\n')).toMatch(/versions of the policy before/);
    expect(mark(host, told.second)).toBe(undefined);
  }, 60_000);
});

it('what was spent today is known again from traces; who may have spent more waits for a word', async () => {
  await using host = await after((place) => {
    rmSync(place.journal);
    const said = { what: 'call', call: 1, reserved: 0.5 };
    // After the last beat of the lived host's clock, and before this one's.
    const day = new Date(Date.UTC(2026, 0, 5)).toISOString().slice(0, 10).replaceAll('-', '');
    writeFileSync(place.trace(`${day}T010000Z-ada-task-900`), `${JSON.stringify(said)}\n`);
    writeFileSync(place.trace(`${day}T010000Z-ben-task-901`), '{"torn');
  });
  const reader = openReader(host.layout.journal);
  const spend = reader.spend({ since: '2026-01-05T00:00:00.000Z' });
  reader.close();
  expect(spend.find((one) => one.agent === 'ada')?.usd).toBe(0.5);
  const news = host.state.host.get('host')?.journal;
  expect(news?.unknownSpend).toEqual(['ben']);
  expect(news?.found.join('\n')).toMatch(/ben-task-901: what it spent/);
}, 60_000);

it('a run that a crash cut off has spent what its trace says', async () => {
  const id = '20260105T010000Z-ada-task-900';
  await using host = await after((place) => {
    const journal = openJournal(place.journal, Date.now);
    const named = { id, agent: agent('ada'), path: 'task' as const, release: told.third };
    const run = { ...named, kind: 'service' as const, deployment: null, extra: true };
    const step = { do: 'run' as const, run: { ...run, wall: 1000, policy: '' } };
    const at = Date.UTC(2026, 0, 5, 1);
    const entry = { at, type: 'intent' as const, key: stepKey(step), step };
    journal.commit([entry], evolve(journal.load(), entry, policy()));
    journal.close();
    const call = { what: 'call', call: 1, reserved: 0.5 };
    writeFileSync(place.trace(id), `${JSON.stringify(call)}\n`);
  });
  const reader = openReader(host.layout.journal);
  const row = reader.run(id);
  reader.close();
  expect(row).toMatchObject({ outcome: 'interrupted', usd: 0.5 });
}, 60_000);

it('a sealed drop of which nothing is left is refused, and its agent is told', async () => {
  await using host = await after(({ journal, sealed }) => {
    rmSync(journal);
    rmSync(sealed(told.waits), { recursive: true });
  });
  await until(
    () => host.receipt('ada', told.waits).phase === 'refused',
    () => 'its receipt to say so',
  );
  expect(host.receipt('ada', told.waits)).toMatchObject({
    phase: 'refused',
    next: 'Drop it again.',
  });
}, 60_000);

it('what was told of the old journal accuses nobody of the new one, before any tick', async () => {
  const host = new TestHost({ begin: Date.UTC(2026, 0, 5, 1, 30) });
  onTestFinished(() => host[Symbol.asyncDispose]());
  rmSync(host.root, { recursive: true, force: true });
  execFileSync('cp', ['-a', lived.root, host.root]);
  expect(existsSync(host.layout.journalHead)).toBe(true);
  rmSync(host.layout.journal);
  const { journal, anew } = openOrRebuild(host.layout, () => host.now());
  journal.close();
  expect(anew).not.toBe(null);
  expect(verifyJournal(host.layout)).toMatchObject({ ok: true, faults: [] });
});

it('a chain that is broken by an edit stops nobody, and is told until it is acknowledged', async () => {
  await using host = await after(({ journal }) => {
    const raw = new (sqlite())(journal);
    raw.exec('UPDATE journal SET at = at + 1 WHERE seq = 7');
    raw.close();
  });
  const news = () => host.state.host.get('host')?.journal;
  expect(news()).toMatchObject({ what: 'broken', found: [expect.stringMatching(/^entry 7 /)] });
  expect(host.logged.join('')).toContain('the chain of the journal is broken');
  expect(existsSync(host.layout.journal)).toBe(true);
  expect((await host.ask(rollback)).ok).toBe(true);
  expect((await host.ask({ verb: 'acknowledge', reason: 'read' })).ok).toBe(true);
  await host.stop();
  await host.start();
  expect(news()).toBe(null);
}, 60_000);

it('an end that was cut off shows at the next start', async () => {
  await using host = await after(({ journal }) => {
    const raw = new (sqlite())(journal);
    raw.exec('DELETE FROM journal WHERE seq > (SELECT max(seq) - 3 FROM journal)');
    raw.close();
  });
  const found = host.state.host.get('host')?.journal?.found.join();
  expect(found).toMatch(/its end was cut off/);
}, 60_000);
