import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startHost, tinyPolicy, until } from './support/host.ts';

/** A release whose turn does this before and after its model call. */
const turn = (body: string) => `import * as fs from 'node:fs';
import { execFileSync } from 'node:child_process';
export async function turn({ model, workspace }) {
  ${body}
  fs.writeFileSync(workspace + '/done.txt', 'done');
}
`;

const quick = (source: string) =>
  tinyPolicy(source).replace('limits: {', 'limits: {run: {flood: 4MiB}, ');

/** A hang is waited for: its scenario gives it two seconds, which a good turn never needs. */
const impatient = (source: string) => quick(source).replace('/smoke,', '/smoke-quick,');

describe('releases that only look well', () => {
  const cases: [string, string, { code: string; says: RegExp }][] = [
    [
      'exits 0 and does nothing',
      'process.exit(0)',
      { code: 'run-empty', says: /without a model call/ },
    ],
    [
      'hangs',
      'await model(); await new Promise((r) => setTimeout(r, 1e8))',
      { code: 'gate-smoke', says: /still going/ },
    ],
    [
      'floods its output',
      "await model(); for (;;) fs.writeSync(1, 'x'.repeat(65536))",
      { code: 'gate-smoke', says: /printed more/ },
    ],
    [
      'eats its workspace',
      'await model(); fs.rmSync(workspace, { recursive: true, force: true }); fs.writeFileSync(workspace, "x")',
      {
        code: 'gate-smoke',
        says: /EISDIR|EBUSY|EACCES|ENOTEMPTY|EPERM|ENOENT|EROFS|Read-only file system/,
      },
    ],
    [
      'writes what it should only read',
      "await model(); fs.writeFileSync('/runtime/app/turn.mjs', '')",
      { code: 'gate-smoke', says: /EROFS|EACCES/ },
    ],
    [
      'remounts what it should only read',
      "await model(); execFileSync('mount', ['-o', 'remount,rw', '/runtime'])",
      { code: 'gate-smoke', says: /mount|Command failed/ },
    ],
    [
      'asks beyond the script',
      'await model(); await model("and more")',
      { code: 'gate-smoke', says: /script|beyond/ },
    ],
  ];

  it.each(cases)('one that %s is refused at smoke', async (name, body, wanted) => {
    await using host = await startHost({ policy: name === 'hangs' ? impatient : quick });
    const before = readFileSync(join(host.root, 'current/app/turn.mjs'), 'utf8');
    host.drop('cleo', 'looks-well', { 'app/turn.mjs': turn(body) });
    const refused = await host.reaches('looks-well', 'refused');
    const finding = refused.gates.at(-1)?.findings[0]?.reason;
    expect(finding?.code).toBe(wanted.code);
    expect(JSON.stringify(finding)).toMatch(wanted.says);
    expect(readFileSync(join(host.root, 'current/app/turn.mjs'), 'utf8')).toBe(before);
    expect(existsSync(join(host.layout.workspace('ada'), 'done.txt'))).toBe(false);
  });

  it('a release may bring scenarios of its own: they come in addition', async () => {
    await using host = await startHost();
    const scenario =
      'name: my own\npath: task\nmodel: [{say: hi}]\nexpect: {files: {never.txt: present}}\n';
    host.drop('cleo', 'own', { 'app/smoke/own.yaml': scenario });
    const refused = await host.reaches('own', 'refused');
    expect(refused.gates.at(-1)?.findings.map((one) => one.subject)).toEqual([
      'my own (app/smoke)',
    ]);
  });
});

describe('a configuration that means nothing', () => {
  it.each(['99 99 * * *', '0 0 31 2 *'])(
    '"%s" is refused at the config gate; the host goes on',
    async (cron) => {
      await using host = await startHost();
      const agents = readFileSync(join(host.root, 'current/config/agents.yaml'), 'utf8');
      host.drop('ben', 'absurd', { 'config/agents.yaml': agents.replace('0 0 * * *', cron) });
      const refused = await host.reaches('absurd', 'refused');
      expect(refused.reason?.code).toBe('gate-config');
      expect(refused.reason?.message).toContain('schedule.task');
      host.drop('cleo', 'next', { 'app/prompt.md': 'The queue goes on.\n' });
      await host.reaches('next', 'canary', 'promoting', 'baking');
      expect(host.logged.filter((line) => line.includes('could not go on'))).toEqual([]);
    },
  );
});

describe('a provider that fails', () => {
  // Nobody listens there: every call of a real run fails upstream.
  const unreachable = (source: string) =>
    tinyPolicy(source).replace(
      'cheap: [{provider: rehearsal}]',
      'cheap: [{provider: anthropic, url: "http://127.0.0.1:9", model: any, keyFile: key.txt}]',
    );

  it('makes no release bad: the canary is inconclusive, parked, and may come again', async () => {
    await using host = await startHost({ policy: unreachable });
    host.drop('cleo', 'innocent', { 'app/prompt.md': 'Better.\n' });
    const canary = await host.reaches('innocent', 'canary');
    const ended = () => host.state.agents.get(canary.canary?.agent ?? '')?.lastRun;
    await until(
      () => ended()?.outcome === 'failed',
      () => 'a run to fail',
    );
    expect(['upstream', 'host']).toContain(ended()?.cause);
    host.advance(16 * 60_000);
    const aborted = await host.reaches('innocent', 'aborted');
    expect(aborted.reason?.code).toBe('canary-inconclusive');
    expect(host.state.bad.size).toBe(0);
  });
});
