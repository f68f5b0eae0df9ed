import { chmodSync, existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Phase } from '../../supervisor/model/proposal.ts';
import { removeSwitch, writeSwitch } from '../../supervisor/store/switches.ts';
import { startHost, type TestHost, tinyPolicy, until } from './support/host.ts';

const minute = 60_000;
const operatorRollback = (reason: string) =>
  ({ verb: 'rollback', to: null, keep: false, reason, flipped: null }) as const;

const turn = (first: string) => `import { writeFileSync } from 'node:fs';
export async function turn({ model, workspace }) {
  ${first}
  await model();
  writeFileSync(workspace + '/done.txt', 'done');
}
`;

/** A host with two stable releases: `first`, and `second`, which is current. */
async function twoStable(): Promise<{ host: TestHost; first: string; second: string }> {
  const host = await startHost();
  const first = host.current ?? '';
  host.drop('cleo', 'second', { 'app/turn.mjs': turn('// the second release') });
  await host.reaches('second', 'baking');
  const bake = () => host.state.deployment.get('deployment')?.bake;
  await until(
    () => bake()?.runs.length === 3,
    () => 'all agents to run',
  );
  host.advance(15 * minute);
  const { release } = await host.reaches('second', 'stable');
  return { host, first, second: release ?? '' };
}

const points = (host: TestHost, release: string) =>
  expect(realpathSync(host.layout.current)).toBe(realpathSync(host.layout.release(release)));

describe('rollback by an operator', () => {
  // A turn that hangs keeps a phase open for as long as the test needs it.
  const cases: { phase: Phase; change: Record<string, string>; ends: Phase }[] = [
    {
      phase: 'gating',
      change: { 'app/turn.mjs': turn('await new Promise((r) => setTimeout(r, 3000));') },
      ends: 'refused',
    },
    {
      phase: 'awaiting-approval',
      change: { 'kernel/extra.mjs': '// needs an operator\n' },
      ends: 'awaiting-approval',
    },
    {
      phase: 'canary',
      change: {
        'app/turn.mjs': turn(
          "if (await import('node:fs').then((fs) => fs.existsSync(workspace + '/done.txt'))) await new Promise((r) => setTimeout(r, 60000));",
        ),
      },
      ends: 'aborted',
    },
    { phase: 'baking', change: { 'app/turn.mjs': turn('// will be left') }, ends: 'rolled-back' },
  ];

  it.each(cases)('from $phase: current is a stable release at once', async (one) => {
    const { host, first, second } = await twoStable();
    await using _ = host;
    host.drop('cleo', 'third', one.change);
    const third = await host.reaches('third', one.phase);
    const asked = performance.now();
    const answer = await host.ask(operatorRollback('a test'));
    const took = performance.now() - asked;
    expect(answer).toMatchObject({ ok: true, exit: 0 });
    // While baking the one that is left is the third; before, it is the second.
    const target = one.phase === 'baking' ? second : first;
    expect(answer.data).toMatchObject({ to: target });
    points(host, target);
    expect(host.current).toBe(target);
    const after = await host.reaches('third', one.ends);
    if (one.ends !== 'awaiting-approval') expect(after.reason?.code).toBe('operator-rollback');
    const left = one.phase === 'baking' ? third.digest : host.state.releases.get(second)?.digest;
    expect(host.state.bad.has(left ?? '')).toBe(true);
    // Not a measurement: it shows that the rollback did not wait for the smoke test or the run.
    expect(took).toBeLessThan(3000);
  });

  it('with no deployment: to the stable one before; --to and --keep are an operator’s word', async () => {
    const { host, first, second } = await twoStable();
    await using _ = host;
    const back = await host.ask(operatorRollback('why not'));
    expect(back.data).toMatchObject({ from: second, to: first, bad: true });
    points(host, first);
    const again = await host.ask({ ...operatorRollback('it was fine'), to: second, keep: true });
    expect(again.ok).toBe(true);
    points(host, second);
    expect(host.state.bad.size).toBe(0);
    const none = await host.ask({ ...operatorRollback('no such'), to: 'none' });
    expect(none).toMatchObject({ ok: false, exit: 3, reason: { code: 'not-found' } });
  });

  it('with no stable release left: the host is halted, and says so', async () => {
    await using host = await startHost();
    const answer = await host.ask(operatorRollback('the only one is broken'));
    expect(answer).toMatchObject({ ok: false, exit: 1 });
    await until(
      () => host.state.host.get('host')?.switches.includes('host') === true,
      () => 'a halt',
    );
    const run = await host.ask({ verb: 'run', agent: 'ada', path: 'task' });
    expect(run.reason?.code).toBe('halted');
  });

  it('a damaged target fails when it is named, and is no place to go back to', async () => {
    const { host, first, second } = await twoStable();
    await using _ = host;
    const file = `${host.layout.release(first)}/kernel/main.mjs`;
    // Under a name of its own: unchanged files are shared with the release that is current.
    chmodSync(`${host.layout.release(first)}/kernel`, 0o755);
    const other = readFileSync(file, 'utf8').replaceAll('a', 'b');
    rmSync(file);
    writeFileSync(file, other);
    const named = await host.ask({ ...operatorRollback('by name'), to: first });
    const code = 'corrupt-release';
    expect(named).toMatchObject({ ok: false, exit: 1, reason: { code, input: first } });
    expect(host.state.retries.size + host.state.rollback.size).toBe(0);
    points(host, second);
    const blind = await host.ask(operatorRollback('anywhere else'));
    expect(blind).toMatchObject({ ok: false, exit: 1, reason: { code: 'no-stable-release' } });
    expect(existsSync(`${host.layout.switches}/host`)).toBe(true);
    points(host, second);
  });

  it('an abort while baking is a rollback, and bars nothing', async () => {
    const { host, second } = await twoStable();
    await using _ = host;
    host.drop('cleo', 'third', { 'app/turn.mjs': turn('// third') });
    await host.reaches('third', 'baking');
    const answer = await host.ask({ verb: 'abort', reason: 'not today' });
    expect(answer.ok).toBe(true);
    const third = await host.reaches('third', 'rolled-back');
    points(host, second);
    expect(host.state.bad.has(third.digest ?? '')).toBe(false);
  });

  it('`current` moved or removed by hand is noticed', async () => {
    const { host, first, second } = await twoStable();
    await using _ = host;
    const { symlinkSync, unlinkSync } = await import('node:fs');
    unlinkSync(host.layout.current);
    host.advance(0);
    await until(
      () => existsSync(host.layout.current),
      () => 'the link to be put back',
    );
    points(host, second);
    unlinkSync(host.layout.current);
    symlinkSync(`releases/${first}`, host.layout.current);
    host.advance(0);
    await until(
      () => host.current === first,
      () => 'the move to be noticed',
    );
  });
});

describe('approval', () => {
  it('is bound to the digest that was shown, holds no slot, and is asked again when that changes', async () => {
    await using host = await startHost();
    host.drop('ada', 'kernel', { 'kernel/extra.mjs': '// extra\n' });
    const asked = await host.reaches('kernel', 'awaiting-approval');
    const wrong = await host.ask({ verb: 'approve', proposal: asked.id, digest: 'ffffffff' });
    expect(wrong.reason?.code).toBe('wrong-digest');
    host.drop('ben', 'passes', { 'app/prompt.md': 'Others pass by.\n' });
    await host.reaches('passes', 'baking');
    const bake = () => host.state.deployment.get('deployment')?.bake;
    await until(
      () => bake()?.runs.length === 3,
      () => 'all agents to run',
    );
    host.advance(15 * minute);
    await host.reaches('passes', 'stable');
    const yes = await host.ask({ verb: 'approve', proposal: asked.id, digest: asked.digest ?? '' });
    expect(yes.ok).toBe(true);
    // `current` has moved: staged again, another digest, so the approval is asked again.
    await until(
      () => {
        const now = host.proposal('kernel');
        return now?.phase === 'awaiting-approval' && now.digest !== asked.digest;
      },
      () => 'the approval to be asked again',
    );
    const again = host.proposal('kernel');
    expect(again?.approval).toBe(null);
    const second = await host.ask({
      ...{ verb: 'approve', proposal: asked.id, digest: again?.digest ?? '' },
    });
    expect(second.ok).toBe(true);
    await host.reaches('kernel', 'baking', 'stable');
  });

  it('expires', async () => {
    await using host = await startHost();
    host.drop('ada', 'late', { 'kernel/extra.mjs': '// extra\n' });
    await host.reaches('late', 'awaiting-approval');
    host.advance(73 * 60 * minute);
    const refused = await host.reaches('late', 'refused');
    expect(refused.reason?.code).toBe('approval-expired');
  });

  it('one that was given expires, too, if it is not used: it is asked again, and says so', async () => {
    await using host = await startHost();
    host.drop('ada', 'slow', { 'kernel/extra.mjs': '// extra\n' });
    const { id, digest } = await host.reaches('slow', 'awaiting-approval');
    const approve = { verb: 'approve', proposal: id, digest: digest ?? '' } as const;
    writeSwitch(host.layout, 'lockdown', null, 'a long night');
    expect((await host.ask(approve)).ok).toBe(true);
    host.advance(73 * 60 * minute);
    removeSwitch(host.layout, 'lockdown', null);
    const again = await host.reaches('slow', 'awaiting-approval');
    expect(again.approval).toBe(null);
    expect(again.reason?.cause).toContain('was not used in time');
    await until(
      () => JSON.stringify(host.receipt('ada', id)).includes('was not used in time'),
      () => 'the receipt to say why',
    );
    expect((await host.ask(approve)).ok).toBe(true);
    await host.reaches('slow', 'canary', 'promoting', 'baking');
  });

  it('more authority needs an operator, less does not', async () => {
    await using host = await startHost({ policy: tinyPolicy });
    const agents = (ada: string) =>
      `agents:\n  - {name: ada, model: cheap, schedule: {task: "${ada}"}, tools: [write]}\n` +
      '  - {name: ben, model: cheap, schedule: {task: "0 0 * * *"}, tools: [write]}\n' +
      '  - {name: cleo, model: cheap, schedule: {task: "0 0 * * *"}, tools: [write, propose]}\n';
    host.drop('ada', 'tighter', { 'config/agents.yaml': agents('*/5 * * * *') });
    const asked = await host.reaches('tighter', 'awaiting-approval');
    expect(asked.authority[0]).toMatchObject({ agent: 'ada', kind: 'schedule' });
    host.drop('ada', 'looser', { 'config/agents.yaml': agents('0 0 * * 0') });
    await host.reaches('looser', 'canary', 'promoting', 'baking');
  });
});
