import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildDriver, givenHost, removeDriver, supervisors } from './support/host.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

/** A condition that must come true; the test's own time limit is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(5);
}

describe.each(supervisors)('a run ends, supervised by %s', (supervisor) => {
  test('that does nothing: exit 0, no model call, no turn, nothing left', async () => {
    const host = givenHost(supervisor);
    const { run, places } = await host.ask({ run: { entry: ['node', 'does-nothing.mjs'] } });
    expect(run?.ending).toMatchObject({ exit: 0, signal: null, stoppedBy: null, hostFault: null });
    expect(run?.ending.door).toMatchObject({ steps: 0, turns: { begun: 0, ended: 0 } });
    expect(places).toEqual([]);
  });

  test('that fails: its exit and its words', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['sh', './fails.sh'] } });
    expect(run?.ending).toMatchObject({ exit: 7, signal: null, hostFault: null });
    expect(run?.ending.stderrTail).toBe('TypeError: it went wrong\n');
    expect(run?.trace).toContainEqual(
      expect.objectContaining({
        what: 'output',
        stream: 'stderr',
        text: 'TypeError: it went wrong\n',
      }),
    );
  });

  test('that dies by a signal: the signal', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['./dies-by-signal.sh'] } });
    expect(run?.ending).toMatchObject({ exit: null, signal: 'SIGSEGV', hostFault: null });
  });

  test('whose program is not in the release: its own failure, not the host’s', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['./no-such-program'] } });
    expect(run?.ending).toMatchObject({ exit: 127, hostFault: null });
  });

  test('that hangs: stopped when its wall clock is up', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['./hangs-forever.sh'], wall: 3000 } });
    expect(run?.ending).toMatchObject({ stoppedBy: 'timeout', hostFault: null });
    expect(run?.ending.durationMs).toBeGreaterThanOrEqual(3000);
    expect(run?.left).toEqual([]);
  });

  test.each(['ignores-sigterm.sh', 'forks-children.sh', 'hangs-forever.sh'])(
    'that is stopped (%s): the whole tree is gone when it is said to have ended',
    async (fixture) => {
      const host = givenHost(supervisor);
      const stop = { when: 'ready', why: 'rollback' } as const;
      const { run, places } = await host.ask({ run: { entry: [`./${fixture}`], stop } });
      expect(run?.ending).toMatchObject({ stoppedBy: 'rollback', hostFault: null });
      expect(existsSync(join(host.workspace, 'ready'))).toBe(true);
      expect(run?.left).toEqual([]);
      expect(places).toEqual([]);
    },
  );

  test.each([true, false])(
    'with escaped children (and it hangs: %s): they end with it',
    async (hang) => {
      const host = givenHost(supervisor);
      if (hang) host.given({ 'workspaces/maker/hang': '' });
      const stop = hang ? { stop: { when: 'ready', why: 'halt' } as const } : {};
      const { run } = await host.ask({ run: { entry: ['./escapes-setsid.sh'], ...stop } });
      expect(run?.ending).toMatchObject(
        hang ? { stoppedBy: 'halt' } : { exit: 0, stoppedBy: null, left: 6 },
      );
      const text = 'left 6 processes behind, which ended with it';
      const named = expect.objectContaining({ what: 'note', text });
      expect(run?.trace).toEqual(hang ? expect.not.arrayContaining([named]) : [named]);
      expect(existsSync(join(host.workspace, 'ready'))).toBe(true);
      expect(run?.left).toEqual([]);
    },
  );

  test('whose child ends a moment after it: nothing was left behind', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['./leaves-a-moment.sh'] } });
    expect(run?.ending).toMatchObject({ exit: 0, stoppedBy: null });
    expect(run?.ending.left).toBeUndefined();
  });

  test('that is stopped before it began: it never begins', async () => {
    const host = givenHost(supervisor);
    const stop = { when: 'at once', why: 'operator' } as const;
    const { run } = await host.ask({ run: { entry: ['./hangs-forever.sh'], stop } });
    expect(run?.ending).toMatchObject({ exit: null, stoppedBy: 'operator', hostFault: null });
    expect(existsSync(join(host.workspace, 'ready'))).toBe(false);
  });

  test('that is halted before it began: it never begins', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['./hangs-forever.sh'], halted: true } });
    expect(run?.ending).toMatchObject({ exit: null, stoppedBy: 'halt', hostFault: null });
    expect(existsSync(join(host.workspace, 'ready'))).toBe(false);
  });

  test('whose supervisor is killed: nothing of it survives', async () => {
    const host = givenHost(supervisor);
    const driver = host.start({ run: { entry: ['./escapes-setsid.sh'] } });
    host.given({ 'workspaces/maker/hang': '' });
    await until(() => existsSync(join(host.workspace, 'ready')));
    expect(host.marked().length).toBeGreaterThanOrEqual(3);
    driver.kill('SIGKILL');
    await until(() => host.marked().length === 0);
  });

  test('that floods its output: stopped, and what is kept is bounded', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({
      run: { entry: ['./floods-output.sh'], flood: 4 << 20, output: 64 << 10 },
    });
    expect(run?.ending).toMatchObject({ stoppedBy: 'output', hostFault: null });
    expect(JSON.stringify(run?.trace).length).toBeLessThan(128 << 10);
  });

  test('that prints more than is kept: the first and the last of it are', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({
      run: { entry: ['node', 'prints-much.mjs'], output: 64 << 10 },
    });
    const lines = run?.trace.filter((line) => line.what === 'output' && line.stream === 'stdout');
    const text = lines?.map((line) => (line.what === 'output' ? line.text : '')).join('') ?? '';
    expect(run?.ending).toMatchObject({ exit: 0, stoppedBy: null });
    expect(text.startsWith('line 1\nline 2\n')).toBe(true);
    expect(text).toContain(' bytes left out]\n');
    expect(text.endsWith('line 299999\nline 300000\n')).toBe(true);
    expect(text.length).toBeLessThan(66 << 10);
  });

  test('that calls its model: the door saw it', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({
      run: { entry: ['node', 'calls-model.mjs'], script: [{ say: 'hello back' }] },
    });
    expect(run?.ending).toMatchObject({ exit: 0, hostFault: null });
    expect(run?.ending.door).toMatchObject({ steps: 1, turns: { begun: 1, ended: 1 } });
    expect(run?.trace).toContainEqual(
      expect.objectContaining({ what: 'output', stream: 'stdout', text: 'hello back\n' }),
    );
  });

  test('whose trace cannot be written: the host’s fault', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['./fails.sh'], traceFails: true } });
    expect(run?.ending.hostFault?.step).toBe('trace the run');
  });
});

// One of these hung in two of some ten runs of the whole suite, never alone, and nobody knows why
// yet. The driver then tells what it waits for (`tellWhere`); a second try keeps the rest going.
const hangs = { retry: 1, timeout: 100_000 };
describe.each(supervisors)('a run cannot begin, supervised by %s', hangs, (supervisor) => {
  test.each([
    ['bwrap', 'ENOENT'],
    ['socat', 'the bridge ended'],
    ['sh', 'No such file'],
  ] as const)('without %s: the host’s fault, with its cause', async (program, cause) => {
    const host = givenHost(supervisor);
    const { run, places } = await host.ask({
      run: { entry: ['./does-nothing.mjs'] },
      programs: { [program]: '/usr/bin/no-such-program' },
    });
    expect(run?.ending).toMatchObject({ hostFault: { code: 'host-failed' } });
    expect(run?.ending.hostFault?.cause).toContain(cause);
    expect(places).toEqual([]);
  });

  test('on an entry that this host has no program for', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['no-such-interpreter', 'x'] } });
    expect(run?.ending.hostFault).toMatchObject({ code: 'host-failed' });
    expect(run?.ending.hostFault?.cause).toContain('no program no-such-interpreter');
  });

  test.each([
    ['held its pipes and told nothing', ''],
    ['was told of', `printf '{"child-pid": %d}' $! >&4;`],
  ])('when bubblewrap dies and leaves one behind that %s', async (_, tells) => {
    const host = givenHost(supervisor);
    const bwrap = join(host.base, 'dying-bwrap');
    writeFileSync(bwrap, `#!/bin/sh\n/bin/sleep ${host.marker} & ${tells} exit 1\n`, {
      mode: 0o755,
    });
    const run = { entry: ['./does-nothing.mjs'] };
    const said = await host.ask({ run, programs: { bwrap } });
    expect(said.run?.ending.hostFault).toMatchObject({ step: 'start the sandbox' });
    expect(host.marked()).toEqual([]);
  });

  test('when its interpreter is gone: nothing is left behind', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({
      run: { entry: ['./does-nothing.mjs'] },
      programs: { node: join(host.base, 'no-such-node') },
    });
    expect(run?.ending.hostFault).toMatchObject({ step: 'start the sandbox' });
    expect(readdirSync(join(host.base, 'var/runs'))).toEqual([]);
  });
});
