import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startHost, type TestHost, until } from './support/host.ts';

const minute = 60_000;
const prompt = (line: number, text: string) => {
  const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
  return words
    .map((word, at) => (at + 1 === line ? text : `Line ${word}.`))
    .join('\n')
    .concat('\n');
};

/** See a proposal through its bake: all agents run, then time passes. */
async function bakesWell(host: TestHost, drop: string): Promise<void> {
  await host.reaches(drop, 'baking');
  const bake = () => host.state.deployment.get('deployment')?.bake;
  await until(
    () => bake()?.runs.length === 3,
    () => `all agents to run on ${drop}`,
  );
  host.advance(15 * minute);
  await host.reaches(drop, 'stable');
}

const promptNow = (host: TestHost) =>
  readFileSync(join(host.root, 'current/app/prompt.md'), 'utf8');

describe('several changes', () => {
  it('two that fit together both become stable, the second laid over the first', async () => {
    await using host = await startHost();
    host.drop('ada', 'first', { 'app/prompt.md': prompt(1, 'Ada was here.') });
    host.drop('ben', 'second', { 'app/prompt.md': prompt(7, 'Ben was here.') });
    await bakesWell(host, 'first');
    await bakesWell(host, 'second');
    expect(promptNow(host)).toContain('Ada was here.');
    expect(promptNow(host)).toContain('Ben was here.');
  });

  it('two that conflict: the first becomes stable, the second is refused as stale, its file named', async () => {
    await using host = await startHost();
    host.drop('ada', 'mine', { 'app/prompt.md': prompt(3, "Ada's way.") });
    host.drop('ben', 'other', { 'app/prompt.md': prompt(3, "Ben's way.") });
    await bakesWell(host, 'mine');
    const refused = await host.reaches('other', 'refused');
    expect(refused.reason?.code).toBe('stale-base');
    expect(JSON.stringify(refused.reason)).toContain('app/prompt.md');
    expect(promptNow(host)).toContain("Ada's way.");
  });

  it('a patch on a stale base that still fits is applied three-way', async () => {
    await using host = await startHost();
    const base = host.current ?? '';
    host.drop('ada', 'newer', { 'app/prompt.md': prompt(1, 'New first line.') });
    await bakesWell(host, 'newer');
    host.dropFile(
      'ben',
      'older.patch',
      `Subject: [PATCH] Better end\n\nBase: ${base}\n---\n` +
        'diff --git a/app/prompt.md b/app/prompt.md\n--- a/app/prompt.md\n+++ b/app/prompt.md\n' +
        '@@ -4,4 +4,4 @@ Line three.\n Line four.\n Line five.\n Line six.\n-Line seven.\n+The end.\n',
    );
    await bakesWell(host, 'older');
    expect(promptNow(host)).toBe(
      `New first line.\n${prompt(7, 'The end.').split('\n').slice(1).join('\n')}`,
    );
  });

  it('ten from two agents: in turn by agent, in order within one, none lost', async () => {
    await using host = await startHost();
    await host.ask({ verb: 'run', agent: 'ada', path: 'task' });
    for (let at = 0; at < 7; at++) {
      host.drop('ada', `a${at}`, { 'config/agents.yaml': `broken: ${at}\n` });
    }
    for (let at = 0; at < 3; at++) {
      host.drop('ben', `b${at}`, { 'config/agents.yaml': `broken too: ${at}\n` });
    }
    const names = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b0', 'b1', 'b2'];
    const done = () => names.filter((name) => host.proposal(name)?.phase === 'refused');
    await until(
      () => {
        // Who fails again and again waits longer: time has to pass for all to have their turn.
        host.advance(24 * 60 * minute);
        return done().length === names.length;
      },
      () => `all ten to be judged; ${done().join()} are`,
    );
    const order = names
      .map((name) => host.proposal(name))
      .toSorted((a, b) => ((a?.endedAt ?? '') < (b?.endedAt ?? '') ? -1 : 1))
      .map((one) => one?.drop ?? '');
    expect(order.filter((name) => name.startsWith('a'))).toEqual(names.slice(0, 7));
    expect(order.filter((name) => name.startsWith('b'))).toEqual(names.slice(7));
    expect(order.indexOf('b2')).toBeLessThan(order.indexOf('a5'));
  });

  it('more than may wait are refused, one by one', async () => {
    const policy = (source: string) => lockdownPolicy(source);
    await using host = await startHost({ policy });
    for (let at = 0; at < 5; at++) host.drop('ada', `n${at}`, { 'app/prompt.md': `${at}\n` });
    await until(
      () => ['n0', 'n1', 'n2', 'n3', 'n4'].every((name) => host.proposal(name) !== null),
      () => 'all to be sealed',
    );
    const codes = [0, 1, 2, 3, 4].map((at) => host.proposal(`n${at}`)?.reason?.code);
    expect(codes.filter((code) => code === 'queue-full').length).toBeGreaterThanOrEqual(2);
  });

  it('withdrawn by its proposer while it waits; not by another', async () => {
    await using host = await startHost();
    host.drop('ada', 'busy', { 'app/prompt.md': prompt(1, 'First.') });
    await host.reaches('busy', 'baking');
    host.drop('ben', 'waiting', { 'app/prompt.md': prompt(7, 'Last.') });
    const waiting = await host.reaches('waiting', 'received');
    host.dropFile('ada', 'not-mine.withdraw', `${waiting.id}\n`);
    const no = await host.reaches('not-mine', 'refused');
    expect(no.reason?.code).toBe('unknown-proposal');
    host.dropFile('ben', 'mine.withdraw', `${waiting.id}\n`);
    const gone = await host.reaches('waiting', 'withdrawn');
    expect(gone.reason?.code).toBe('withdrawn');
  });
});

/** At most three may wait; the slot is taken by nobody, because deployments fail at once. */
const lockdownPolicy = (source: string) => `
runtime: {source: ${source}, include: [kernel, app, config], entry: [node, kernel/main.mjs]}
tick: "0 0 1 1 *"
permissions: [{paths: [app/**], approval: none}]
smoke: {suite: ${source}/smoke}
models: {cheap: [{provider: rehearsal}]}
limits: {queuedPerAgent: 2, drain: 1s}
`;
