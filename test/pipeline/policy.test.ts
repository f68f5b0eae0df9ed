import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { host as hostRow } from '../../supervisor/model/state.ts';
import { loadPolicy } from '../../supervisor/store/policy.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import { writeSwitch } from '../../supervisor/store/switches.ts';
import { startHost, type TestHost, tiny, tinyPolicy, until } from './support/host.ts';

const policy = (change: (text: string) => string = (text) => text) => change(tinyPolicy(tiny));
const slower = policy((text) => text.replace('bake: {for: 15m}', 'bake: {for: 20m}'));
/** Valid, and no run of any release would start under it. */
const broken = policy((text) => text.replace('kernel/main.mjs]', 'kernel/nothing.mjs]'));
const lifeless = policy((text) => text.replace('  cheap: [', '  dear: ['));
const demanding = policy((text) => `${text}host: {require: [memory]}\n`);

const row = (host: TestHost) => hostRow(host.state);
const inForce = (host: TestHost) => host.supervisor.live.policy();
const declined = (host: TestHost) => row(host).declined ?? null;

/** Another text in the policy file, and a tick. */
function write(host: TestHost, text: string): void {
  writeFileSync(host.policyFile, text);
  host.advance(1);
}

/** Until a tick at the host's time of now is on record. */
function ticked(host: TestHost): Promise<void> {
  const now = host.now() - 1_000;
  return until(
    () => (row(host).lastTick ?? 0) >= now,
    () => 'the tick',
  );
}

/** Until the file is being tried. */
const begins = (host: TestHost) =>
  until(
    () => (row(host).trial ?? null) !== null,
    () => 'a trial to begin',
  );

/** Ask that the policy file is taken, as the command does. */
async function apply(host: TestHost, text: string) {
  writeFileSync(host.policyFile, text);
  const digest = loadPolicy(host.policyFile).policy?.digest as string;
  return { digest, answer: await host.ask({ verb: 'policy-apply', digest }) };
}

const rollBack = (host: TestHost) => host.ask({ verb: 'policy-rollback', reason: 'at night' });
const bake = (host: TestHost) => inForce(host).policy.bake.for / 60_000;

function log(host: TestHost) {
  const reader = openReader(host.layout.journal);
  try {
    const marks = reader
      .log({ limit: 1000 })
      .flatMap(({ entry }) => (entry.type === 'mark' ? [entry.mark] : []));
    return marks.filter((one) => one.mark === 'policy').toReversed();
  } finally {
    reader.close();
  }
}

/** One run of an agent as the supervisor starts it now: what came of it, under which policy. */
async function run(host: TestHost) {
  const { ok, data } = await host.ask({ verb: 'run', agent: 'ada', path: null });
  if (!ok) throw new Error('it did not start');
  const { run: id } = data as { run: string };
  await until(
    () => !host.state.runs.has(id),
    () => `${id} to end`,
  );
  const reader = openReader(host.layout.journal);
  try {
    const ended = reader.run(id);
    return { outcome: ended?.outcome, policy: ended?.policy };
  } finally {
    reader.close();
  }
}

describe('a changed policy file', () => {
  it('is in force when current has passed the suite under it, and not before', async () => {
    await using host = await startHost();
    const before = inForce(host).digest;
    write(host, slower);
    await begins(host);
    expect([row(host).trial?.by, bake(host)]).toEqual(['the policy file', 15]);
    await until(
      () => bake(host) === 20,
      () => `the file to be taken: ${JSON.stringify(declined(host))}`,
    );
    const { digest } = inForce(host);
    expect(log(host)).toMatchObject([
      { digest: before, from: null, why: 'start' },
      { digest, from: before, by: 'the policy file', why: 'smoke' },
    ]);
    const kept = [before, digest].map((one) => `${one}.yaml`);
    expect(readdirSync(host.layout.policies).sort()).toEqual([...kept, 'in-force'].sort());
    expect(await run(host)).toEqual({ outcome: 'ok', policy: digest });
  });

  it('under which current fails is declined: agents go on, a start too, and it is told why', async () => {
    await using host = await startHost();
    const before = inForce(host).digest;
    write(host, broken);
    await until(
      () => declined(host) !== null,
      () => 'it to be declined',
    );
    expect(declined(host)).toMatchObject({ final: true, reason: { code: 'gate-smoke' } });
    expect(declined(host)?.reason.message).toMatch(/^current does not pass under this policy/);
    expect(await run(host)).toEqual({ outcome: 'ok', policy: before });
    await host.stop();
    await host.start();
    host.advance(1);
    expect([inForce(host).digest, row(host).trial ?? null]).toEqual([before, null]);
    expect(await run(host)).toEqual({ outcome: 'ok', policy: before });
    write(host, slower);
    await until(
      () => bake(host) === 20,
      () => `the mended one to be taken: ${JSON.stringify(declined(host))}`,
    );
    expect(declined(host)).toBe(null);
  });

  it.each([
    ['without a model that an agent names', lifeless, /no model cheap/],
    ['that requires what this host lacks', demanding, /memory/],
  ])('%s is declined', async (_, text, message) => {
    await using host = await startHost();
    const { answer } = await apply(host, text);
    expect([answer.ok, answer.exit]).toEqual([false, 3]);
    expect(answer.message).toMatch(message);
    expect(bake(host)).toBe(15);
  });

  it('that changes while the host is down is tried at the next start', async () => {
    await using host = await startHost();
    await host.stop();
    writeFileSync(host.policyFile, slower);
    await host.start();
    expect(bake(host)).toBe(15);
    await until(
      () => bake(host) === 20,
      () => `the file to be taken: ${JSON.stringify(declined(host))}`,
    );
  });

  it('is not in force because the journal was damaged: what was before is', async () => {
    await using host = await startHost();
    const before = inForce(host).digest;
    await apply(host, broken);
    await host.stop();
    writeFileSync(host.layout.journal, 'garbage'.repeat(5000));
    for (const end of ['-wal', '-shm']) rmSync(`${host.layout.journal}${end}`, { force: true });
    await host.start();
    expect(inForce(host).digest).toBe(before);
    expect(row(host).journal?.what).toBe('rebuilt');
    expect(await run(host)).toEqual({ outcome: 'ok', policy: before });
  });

  it('is in force at a start where nobody knows what was before', async () => {
    await using host = await startHost();
    await host.stop();
    rmSync(host.layout.policies, { recursive: true });
    writeFileSync(host.policyFile, slower);
    await host.start();
    expect(bake(host)).toBe(20);
    expect(log(host).at(-1)).toMatchObject({ digest: inForce(host).digest, why: 'start' });
  });
});

describe('an operator', () => {
  it('hears whether the file was taken, and goes back at once, version by version', async () => {
    await using host = await startHost();
    const first = inForce(host).digest;
    const second = await apply(host, slower);
    expect(second.answer).toMatchObject({ ok: true, exit: 0 });
    const third = await apply(
      host,
      policy((text) => text.replace('for: 15m', 'for: 30m')),
    );
    expect([third.answer.ok, bake(host)]).toEqual([true, 30]);
    expect(await rollBack(host)).toMatchObject({ ok: true, data: { policy: second.digest } });
    expect(bake(host)).toBe(20);
    // The file still holds the third: it is not taken again by itself.
    host.advance(60_000);
    await ticked(host);
    expect([row(host).trial ?? null, bake(host)]).toEqual([null, 20]);
    expect(declined(host)?.reason.message).toMatch(/^rolled back by .*: at night$/);
    expect(await rollBack(host)).toMatchObject({ ok: true, data: { policy: first } });
    expect(await rollBack(host)).toMatchObject({ ok: false, exit: 3 });
    host.advance(60_000);
    await ticked(host);
    expect([row(host).trial ?? null, bake(host)]).toEqual([null, 15]);
    expect(log(host).map(({ why }) => why)).toEqual([
      'start',
      'smoke',
      'smoke',
      'rollback',
      'rollback',
    ]);
    const again = await host.ask({ verb: 'policy-apply', digest: third.digest });
    expect([again.ok, bake(host)]).toEqual([true, 30]);
  });

  it('goes back to stay when the file changed since the last tick', async () => {
    await using host = await startHost();
    await apply(host, slower);
    expect((await apply(host, broken)).answer.ok).toBe(false);
    // As the command does with a text that was refused.
    writeFileSync(host.policyFile, slower);
    expect(await rollBack(host)).toMatchObject({ ok: true });
    host.advance(60_000);
    await ticked(host);
    expect([row(host).trial ?? null, bake(host)]).toEqual([null, 15]);
    expect(declined(host)?.reason.message).toMatch(/^rolled back by/);
  });

  it('goes back while another version is tried: the trial ends', async () => {
    await using host = await startHost();
    await apply(host, slower);
    write(host, broken);
    await begins(host);
    expect(await rollBack(host)).toMatchObject({ ok: true });
    expect(bake(host)).toBe(15);
    await until(
      () => ![...host.state.pending.keys()].some((key) => key.startsWith('try-policy')),
      () => 'the trial to end',
    );
  });

  it('is refused on a halted host, where nothing can be shown', async () => {
    await using host = await startHost();
    writeSwitch(host.layout, 'host', null, 'fire');
    expect((await apply(host, slower)).answer.reason).toMatchObject({ code: 'halted' });
  });
});
