import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startHost, type TestHost, tinyPolicy, until } from './support/host.ts';

const minute = 60_000;
const good = (mark: string) => `import { writeFileSync } from 'node:fs';
export async function turn({ model, workspace }) {
  await model();
  writeFileSync(workspace + '/done.txt', ${JSON.stringify(mark)});
}
`;
/** Fails for these agents, and only where they have lived before. */
const failsFor = (...agents: string[]) => `import { existsSync, writeFileSync } from 'node:fs';
export async function turn({ model, workspace, agent }) {
  await model();
  const lived = existsSync(workspace + '/done.txt');
  if (lived && ${JSON.stringify(agents)}.includes(agent)) throw new Error('cannot live here');
  writeFileSync(workspace + '/done.txt', 'done');
}
`;

/** The canary is named, so that the story does not hang on who happened to run last. */
const adaFirst = (source: string) =>
  tinyPolicy(source).replace('canary: {', 'canary: {agent: ada, ');

/** Every agent has run before, so that all have a workspace and a baseline. */
async function lived(host: TestHost): Promise<void> {
  // Who ran last becomes the canary where all have run as often.
  for (const agent of ['cleo', 'ben', 'ada']) {
    const answer = await host.ask({ verb: 'run', agent, path: 'task' });
    expect(answer.message).toContain('started');
  }
  await until(
    () => host.state.runs.size === 0,
    () => 'the runs to end',
  );
}

describe('the way of a change', () => {
  it('good: received, staged, gated, canaried, promoted, baked, stable', async () => {
    await using host = await startHost();
    const before = host.current;
    host.drop('cleo', 'better', { 'app/turn.mjs': good('better') });
    const baking = await host.reaches('better', 'baking');
    expect(host.current).toBe(baking.release);
    expect(baking.gates.map((gate) => [gate.name, gate.outcome])).toEqual([
      ['policy', 'pass'],
      ['config', 'pass'],
      ['build', 'pass'],
      ['smoke', 'pass'],
    ]);
    expect(baking.canary).toMatchObject({ outcome: 'pass' });
    expect(baking.canary?.agent).not.toBe('cleo');
    await until(
      () => host.state.deployment.get('deployment')?.bake?.runs.length === 3,
      () => 'all to run',
    );
    host.advance(15 * minute);
    const stable = await host.reaches('better', 'stable');
    expect(realpathSync(host.layout.current)).toBe(
      realpathSync(host.layout.release(stable.release ?? '')),
    );
    expect(stable.release).not.toBe(before);
    expect(readFileSync(join(host.layout.workspace('ada'), 'done.txt'), 'utf8')).toBe('better');
    await until(
      () => host.receipt('cleo', stable.id).phase === 'stable',
      () => 'the receipt',
    );
    expect(host.receipt('cleo', stable.id)).toMatchObject({ drop: 'better' });
  });

  it('broken everywhere: refused at smoke, its path and innermost cause named', async () => {
    await using host = await startHost();
    const before = host.current;
    host.drop('cleo', 'broken', {
      'app/turn.mjs': `export async function turn() { throw new Error('no such tool server'); }`,
    });
    const refused = await host.reaches('broken', 'refused');
    expect(refused.reason).toMatchObject({
      code: 'gate-smoke',
      cause: 'Error: no such tool server',
    });
    expect(refused.reason?.message).toContain('path task');
    expect(host.current).toBe(before);
    expect(readdirSync(host.layout.sealed(refused.id))).toContain('original');
  });

  it('does nothing and exits 0: refused as empty', async () => {
    await using host = await startHost();
    host.drop('cleo', 'idle', { 'app/turn.mjs': 'export async function turn() {}' });
    const refused = await host.reaches('idle', 'refused');
    expect(refused.gates.at(-1)?.findings[0]?.reason.code).toBe('run-empty');
  });

  it('fails on a real workspace: aborted at the canary, nobody else saw it, barred', async () => {
    await using host = await startHost();
    await lived(host);
    const before = host.current;
    host.drop('cleo', 'fragile', { 'app/turn.mjs': failsFor('ada', 'ben', 'cleo') });
    const aborted = await host.reaches('fragile', 'aborted');
    expect(aborted.reason?.code).toBe('canary-failed');
    expect(host.current).toBe(before);
    const runs = [...host.state.agents.values()].flatMap((agent) => agent.recent);
    const on = runs.filter((run) => run.release === aborted.release);
    expect(new Set(on.map((run) => run.agent))).toEqual(new Set([aborted.canary?.agent]));
    host.advance(24 * 60 * minute);
    host.drop('cleo', 'again', { 'app/turn.mjs': failsFor('ada', 'ben', 'cleo') });
    const again = await host.reaches('again', 'refused');
    expect(again.reason?.code).toBe('known-bad');
  });

  it('passes the canary, fails on the others: rolled back within a second of the evidence', async () => {
    await using host = await startHost({ policy: adaFirst });
    await lived(host);
    const before = host.current;
    host.drop('cleo', 'uneven', { 'app/turn.mjs': failsFor('cleo', 'ben') });
    const back = await host.reaches('uneven', 'rolled-back');
    expect(back.canary?.agent).toBe('ada');
    expect(back.reason?.code).toBe('bake-failed');
    expect(host.current).toBe(before);
    expect(realpathSync(host.layout.current)).toBe(realpathSync(host.layout.release(before ?? '')));
    expect(host.state.bad.has(back.digest ?? '')).toBe(true);
  });
});
