import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeSwitch, writeSwitch } from '../../supervisor/store/switches.ts';
import { startHost, type TestHost, tinyPolicy, until } from './support/host.ts';

/** Hangs with a child of its own session: the whole sandbox is stopped, not its first process. */
const hangs = `import { spawn } from 'node:child_process';
export async function turn() {
  const child = spawn('sleep', ['3599'], { detached: true });
  await new Promise((resolve) => child.on('exit', resolve));
}
`;

/** Processes in a sandbox of this host: its folders are mounted there. */
function sandboxed(host: TestHost): string[] {
  const mine = `/${basename(host.folder)}/`;
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && mounts(pid).includes(mine));
}

function mounts(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

const asleep = (host: TestHost) => sandboxed(host).some((pid) => commandOf(pid).includes('sleep'));

/** Milliseconds until nothing is left in any sandbox. */
async function emptyAfter(host: TestHost, what: () => unknown): Promise<number> {
  await until(
    () => asleep(host),
    () => 'something that hangs',
  );
  const began = performance.now();
  await what();
  await until(
    () => sandboxed(host).length === 0,
    () => `the sandboxes to be empty: ${sandboxed(host).map(commandOf)}`,
    20_000,
  );
  return performance.now() - began;
}

const goesOn = (host: TestHost) => {
  host.drop('ada', 'next', { 'app/prompt.md': 'The slot is free.\n' });
  return host.reaches('next', 'canary', 'promoting', 'baking');
};

describe('what runs for a change that does not go on is stopped at once', () => {
  it.each<[string, (host: TestHost, id: string) => unknown, string]>([
    [
      'an operator aborts it',
      (host) => host.ask({ verb: 'abort', reason: 'enough' }),
      'operator-abort',
    ],
    [
      'its proposer takes it back',
      (host, id) => host.dropFile('cleo', 'back.withdraw', id),
      'withdrawn',
    ],
  ])('a hanging rehearsal: %s', async (_, ends, code) => {
    await using host = await startHost();
    host.drop('cleo', 'hangs', { 'app/turn.mjs': hangs });
    const { id } = await host.reaches('hangs', 'gating');
    expect(await emptyAfter(host, () => ends(host, id))).toBeLessThan(1000);
    const ended = await host.reaches('hangs', 'refused', 'withdrawn');
    expect([ended.reason?.code, ended.gates.map((gate) => gate.name)]).toEqual([
      code,
      ['policy', 'config', 'build'],
    ]);
    expect(host.state.bad.size).toBe(0);
    await goesOn(host);
  });

  it('a hanging check of the build gate', async () => {
    const check = '[sh, -c, "test ! -e app/hangs || sleep 3599"]';
    const entry = '  entry: [node, kernel/main.mjs]\n';
    await using host = await startHost({
      policy: (source) => tinyPolicy(source).replace(entry, `${entry}  build: [${check}]\n`),
    });
    host.drop('cleo', 'hangs', { 'app/hangs': '' });
    const locked = () => {
      writeSwitch(host.layout, 'lockdown', null, 'wait');
    };
    expect(await emptyAfter(host, locked)).toBeLessThan(1000);
    // Lockdown ends no deployment: it stands still, and does the same again when it goes on.
    expect(host.proposal('hangs')?.phase).toBe('gating');
    removeSwitch(host.layout, 'lockdown', null);
    const ask = () => host.ask({ verb: 'abort', reason: 'enough' });
    expect(await emptyAfter(host, ask)).toBeLessThan(1000);
    expect((await host.reaches('hangs', 'refused')).reason?.code).toBe('operator-abort');
    await goesOn(host);
  });

  it('a hanging rehearsal on a host that is halted: begun anew when that is lifted', async () => {
    await using host = await startHost();
    host.drop('cleo', 'hangs', { 'app/turn.mjs': hangs });
    await host.reaches('hangs', 'gating');
    const halted = () => {
      writeSwitch(host.layout, 'host', null, 'wait');
    };
    expect(await emptyAfter(host, halted)).toBeLessThan(1000);
    // What comes meanwhile is received, so the loop has looked: nothing is judged, nothing begins.
    host.drop('ada', 'waits', { 'app/prompt.md': 'Later.\n' });
    await host.reaches('waits', 'received');
    const gates = () => host.proposal('hangs')?.gates.map((gate) => gate.name);
    expect([host.proposal('hangs')?.phase, gates()]).toEqual([
      'gating',
      ['policy', 'config', 'build'],
    ]);
    expect([...host.state.pending.keys()].filter((key) => key.startsWith('smoke'))).toEqual([]);
    expect(host.state.agents.get('cleo')?.failures ?? 0).toBe(0);
    removeSwitch(host.layout, 'host', null);
    const ask = () => host.ask({ verb: 'abort', reason: 'enough' });
    expect(await emptyAfter(host, ask)).toBeLessThan(1000);
    await host.reaches('waits', 'canary', 'promoting', 'baking');
  });

  it('a hanging rehearsal of a supervisor that is stopped: the next one begins it anew', async () => {
    await using host = await startHost();
    host.drop('cleo', 'hangs', { 'app/turn.mjs': hangs });
    await host.reaches('hangs', 'gating');
    await until(
      () => asleep(host),
      () => 'something that hangs',
    );
    await host.stop();
    // The lock is free: whatever of it went on would go on beside another supervisor.
    expect(sandboxed(host).map(commandOf)).toEqual([]);
    await host.start();
    expect(host.proposal('hangs')?.phase).toBe('gating');
    await until(
      () => asleep(host),
      () => 'it to be rehearsed again',
    );
    await host.ask({ verb: 'abort', reason: 'enough' });
    await goesOn(host);
  });
});
