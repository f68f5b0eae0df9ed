import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { path } from '../../supervisor/doctor/checks/path.ts';
import type { Finding } from '../../supervisor/doctor/finding.ts';
import { groundOf } from '../../supervisor/doctor/ground.ts';
import { checkoutIdentities } from '../../supervisor/host/sandbox/identities.ts';
import { givenProvider, KEY, says } from '../gateway/provider.ts';
import { startHost, TestHost, tinyPolicy, until } from './support/host.ts';

const minute = 60_000;
const repository = fileURLToPath(new URL('../..', import.meta.url));
/** The checkout stands for the program, which is root's on a host. */
const own = process.getuid?.() === 0 && statSync(repository).uid === 0;
const asOnHost: readonly string[] = own ? ['as root'] : [];

const audit = (host: TestHost) => host.state.host.get('host')?.audit ?? null;
const better = { 'app/prompt.md': 'better\n' };

function doctor(host: TestHost, hostInstall: boolean): Promise<Finding[]> {
  const { layout, policyFile } = host;
  const verify = () => [];
  const identities = checkoutIdentities();
  return path(groundOf({ layout, policyFile, now: host.now(), hostInstall, identities, verify }));
}

/** An installed host: its agents run with a real provider only. */
async function installed(): Promise<TestHost> {
  const provider = await givenProvider(says('done'));
  const upstream = `{provider: anthropic, url: "${provider.url}", model: m, keyFile: key}`;
  const policy = (source: string) =>
    tinyPolicy(source).replace('[{provider: rehearsal}]', `[${upstream}]`);
  const host = new TestHost({ hostInstall: true, policy });
  writeFileSync(join(host.folder, 'key'), KEY, { mode: 0o600 });
  await host.start();
  return host;
}

describe.each(asOnHost)('an installed host whose path others can write, %s', () => {
  it('looks before anything runs; holds a promotion and every run until it is mended', async () => {
    await using host = await installed();
    expect(audit(host)?.findings).toEqual([]);
    const before = host.current;
    chmodSync(host.layout.deps, 0o777);
    host.drop('cleo', 'better', better);
    await until(
      () => host.proposal('better')?.reason?.code === 'unsafe',
      () => `the promotion to be held: ${JSON.stringify(host.proposal('better'))}`,
    );
    expect(host.proposal('better')).toMatchObject({
      phase: 'promoting',
      reason: { input: host.layout.deps },
    });
    const answer = await host.ask({ verb: 'run', agent: 'ada', path: 'task' });
    expect([answer.ok, answer.reason?.code]).toEqual([false, 'unsafe']);
    const asked = audit(host)?.at ?? 0;
    host.advance(15 * minute);
    await until(
      () => (audit(host)?.at ?? 0) > asked + minute,
      () => 'another look',
    );
    expect([host.current, host.state.runs.size]).toEqual([before, 0]);
    expect((await doctor(host, true))[0]).toMatchObject({ ok: false, severity: 'error' });
    expect((await doctor(host, false))[0]).toMatchObject({ ok: false, severity: 'warning' });

    chmodSync(host.layout.deps, 0o755);
    host.advance(15 * minute);
    const baking = await host.reaches('better', 'baking');
    expect([baking.reason, host.current]).toEqual([null, baking.release]);
    const sound = await doctor(host, true);
    expect(sound.map((one) => one.ok)).toEqual([true]);
    expect(sound[0]?.details[0]).toMatch(/^tried as /);
  });

  it('rolls back all the same', async () => {
    await using host = await installed();
    const before = host.current;
    host.drop('cleo', 'better', better);
    await host.reaches('better', 'baking');
    chmodSync(host.layout.deps, 0o777);
    await host.stop();
    await host.start();
    await until(
      () => (audit(host)?.findings.length ?? 0) > 0,
      () => 'the look at the start',
    );
    const answer = await host.ask({
      verb: 'rollback',
      to: null,
      keep: false,
      reason: '',
      flipped: null,
    });
    expect(answer.ok).toBe(true);
    expect(host.current).toBe(before);
  });
});

describe('a checkout whose path others can write', () => {
  it('goes on: nobody looks but doctor', async () => {
    await using host = await startHost();
    chmodSync(host.layout.deps, 0o777);
    host.drop('cleo', 'better', better);
    await host.reaches('better', 'baking');
    expect(audit(host)).toBeNull();
  });
});
