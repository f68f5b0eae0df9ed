import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../supervisor/model/runtime.ts';
import {
  lives,
  proposalPath,
  repository,
  type Story,
  stories,
  storyPolicy,
} from '../story/stories.ts';
import { startHost, type TestHost, until } from './support/host.ts';

/*
 * The five stories of the demo on the reference runtime, one after another on one host of five
 * agents.
 */
// A bake so short that nobody is due within it: every agent is started at once.
const times = { tick: '0 0 1 1 *', bake: '1s', canary: { runs: 1, within: '15m' } };
const story = (letter: string) => stories.find((one) => one.letter === letter) as Story;

describe('the five stories', () => {
  let host: TestHost;
  const suite = mkdtempSync(join(tmpdir(), 'airlock-suite-'));

  beforeAll(async () => {
    cpSync(join(repository, 'smoke'), suite, { recursive: true });
    const policy = storyPolicy(times).replace(`suite: ${repository}/smoke,`, `suite: ${suite},`);
    expect(policy).toContain(suite);
    host = await startHost({ policy: () => policy });
    for (const agent of lives) {
      await host.ask({ verb: 'run', agent, path: 'standing' });
      await until(
        () => host.state.runs.size === 0,
        () => `${agent} to end its run`,
      );
    }
  }, 600_000);
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    rmSync(suite, { recursive: true, force: true });
  });

  const drop = (one: Story) => {
    const name = basename(one.proposal);
    host.dropCopy(one.proposer, proposalPath(one), name);
    return name.replace(/\.patch$/, '');
  };
  const ranOn = (release: string | null) => {
    const runs = [...host.state.agents.values()].flatMap((agent) => agent.recent);
    return new Set(runs.filter((run) => run.release === release).map((run) => run.agent));
  };

  it('(a) a good change to a prompt becomes stable', async () => {
    const name = drop(story('a'));
    const { release } = await host.reaches(name, 'stable');
    expect(host.current).toBe(release);
    expect(ranOn(release).size).toBe(5);
    // The other stories go by one scenario a path: a rehearsal takes a second of a core, and what
    // each proposal makes of the whole suite is shown without a sandbox in test/runtime.
    const scenarios = readdirSync(suite).filter((name) => name.endsWith('.yaml'));
    for (const name of scenarios) {
      if (!paths.some((path) => name === `${path}.yaml`)) rmSync(join(suite, name));
    }
    expect(readdirSync(suite)).toHaveLength(paths.length + 1);
  }, 300_000);

  it('(b) the February change is refused at smoke: all five paths named, the innermost cause shown', async () => {
    const before = host.current;
    const refused = await host.reaches(drop(story('b')), 'refused');
    expect(refused.reason?.code).toBe('gate-smoke');
    expect(refused.reason?.message).toContain('all 5 paths');
    const broken = refused.gates.at(-1)?.findings.map((one) => one.path);
    expect(new Set(broken)).toEqual(new Set(paths));
    expect(refused.reason?.cause).toContain('ERR_STREAM_WRITE_AFTER_END');
    expect(host.current).toBe(before);
    expect(ranOn(refused.release)).toEqual(new Set());
  }, 300_000);

  it('(c) the April change is refused at smoke', async () => {
    const refused = await host.reaches(drop(story('c')), 'refused');
    expect(refused.reason?.code).toBe('gate-smoke');
    expect(refused.reason?.cause).toContain('Converting circular structure to JSON');
    expect(new Set(refused.gates.at(-1)?.findings.map((one) => one.path))).toEqual(new Set(paths));
  }, 300_000);

  it('(d) what fails only on a real workspace is aborted at the canary: four agents never saw it', async () => {
    const before = host.current;
    const aborted = await host.reaches(drop(story('d')), 'aborted');
    expect(aborted.canary).toMatchObject({ agent: 'maker', outcome: 'fail' });
    expect(ranOn(aborted.release)).toEqual(new Set(['maker']));
    expect(host.current).toBe(before);
  }, 300_000);

  it('(e) what fails on the others is rolled back during its bake', async () => {
    const before = host.current;
    const back = await host.reaches(drop(story('e')), 'rolled-back');
    expect(back.canary).toMatchObject({ agent: 'maker', outcome: 'pass' });
    expect(back.reason?.code).toBe('bake-failed');
    expect(host.current).toBe(before);
    expect(host.state.bad.has(back.digest ?? '')).toBe(true);
  }, 300_000);
});
