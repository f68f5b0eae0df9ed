import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attribute } from '../../supervisor/decide/attribute.ts';
import { buildDriver, givenHost, removeDriver } from '../sandbox/support/host.ts';
import { givenLauncher, until } from './support/launcher.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

const isRoot = process.getuid?.() === 0;
const supervisor = isRoot ? 'root' : 'an ordinary user';

describe('a run that the launcher starts', () => {
  test('is the same run: its gateway, its words, its exit, nothing left', async () => {
    const host = givenHost(supervisor);
    const { socket: launcher } = await givenLauncher(host.base);
    const script = [{ say: 'hello yourself' }];
    const { run, places } = await host.ask({
      launcher,
      run: { entry: ['node', 'calls-model.mjs'], script },
    });
    expect(run?.ending).toMatchObject({ exit: 0, signal: null, stoppedBy: null, hostFault: null });
    expect(run?.ending.door).toMatchObject({ steps: 1, turns: { begun: 1, ended: 1 } });
    const output = run?.trace.filter((one) => one.what === 'output') ?? [];
    expect(output).toMatchObject([{ stream: 'stdout', text: 'hello yourself\n' }]);
    expect([run?.left, places]).toEqual([[], []]);
  });

  test('is stopped by its supervisor, and then nothing of it is left', async () => {
    const host = givenHost(supervisor);
    const { socket: launcher } = await givenLauncher(host.base);
    const stop = { when: 'ready', why: 'rollback' } as const;
    const run = { entry: ['./forks-children.sh'], stop };
    const answer = await host.ask({ launcher, run });
    expect(answer.run?.ending).toMatchObject({ stoppedBy: 'rollback', hostFault: null });
    expect(answer.run?.left).toEqual([]);
  });

  test('ends when its supervisor is gone', async () => {
    const host = givenHost(supervisor);
    const { socket: launcher } = await givenLauncher(host.base);
    host.given({ 'workspaces/maker/hang': '' });
    const driver = host.start({ launcher, run: { entry: ['./escapes-setsid.sh'] } });
    await until(() => existsSync(join(host.workspace, 'ready')));
    expect(host.marked().length).toBeGreaterThanOrEqual(3);
    driver.kill('SIGKILL');
    await until(() => host.marked().length === 0);
  });

  test('whose launcher is killed: the host’s fault, told when nothing of it is left', async () => {
    const host = givenHost(supervisor);
    const { socket: launcher, process } = await givenLauncher(host.base);
    host.given({ 'workspaces/maker/hang': '' });
    const asked = host.ask({ launcher, run: { entry: ['./escapes-setsid.sh'] } });
    await until(() => existsSync(join(host.workspace, 'ready')));
    process.kill('SIGKILL');
    const { run } = await asked;
    expect(run?.ending.hostFault).toMatchObject({ code: 'launcher-lost' });
    expect(run && attribute(run.ending)).toMatchObject({ outcome: 'failed', cause: 'host' });
    expect(run?.left).toEqual([]);
  });

  test('ends with a launcher that is asked to leave', async () => {
    const host = givenHost(supervisor);
    const { socket: launcher, process } = await givenLauncher(host.base);
    const asked = host.ask({ launcher, run: { entry: ['./ignores-sigterm.sh'] } });
    await until(() => existsSync(join(host.workspace, 'ready')));
    process.kill('SIGTERM');
    const [[exit], { run }] = await Promise.all([once(process, 'exit'), asked]);
    expect(exit).toBe(0);
    expect(run?.ending).toMatchObject({ stoppedBy: 'shutdown', hostFault: null });
    expect(run?.left).toEqual([]);
  });

  test('does not begin without a launcher: the host’s fault', async () => {
    const host = givenHost(supervisor);
    const launcher = join(host.base, 'launcher.sock');
    const { run } = await host.ask({ launcher, run: { entry: ['./hangs-forever.sh'] } });
    expect(run?.ending.hostFault).toMatchObject({ code: 'launcher-lost', cause: 'ENOENT' });
  });

  test('floods its output to a supervisor that is bounded as ever', async () => {
    const host = givenHost(supervisor);
    const { socket: launcher } = await givenLauncher(host.base);
    const run = { entry: ['./floods-output.sh'], flood: 4 << 20, output: 64 << 10 };
    const answer = await host.ask({ launcher, run });
    expect(answer.run?.ending).toMatchObject({ stoppedBy: 'output', hostFault: null });
    expect(JSON.stringify(answer.run?.trace).length).toBeLessThan(128 << 10);
  });

  test('build checks go the same way', async () => {
    const host = givenHost(supervisor);
    const { socket: launcher } = await givenLauncher(host.base);
    const asked = { checks: [['true'], ['./fails.sh']] };
    const { build } = await host.ask({ launcher, build: asked });
    expect(build).toMatchObject({ outcome: 'fail', findings: [{ subject: './fails.sh' }] });
  });
});

describe('the launcher', () => {
  test('is for its ROOT’s owner alone', async () => {
    const host = givenHost(supervisor);
    const { socket } = await givenLauncher(host.base);
    const { mode, uid } = statSync(socket);
    expect([mode & 0o777, uid]).toEqual([0o600, statSync(host.base).uid]);
  });

  test.each([
    ['no JSON', 'hello\n', /^$/],
    ['no job of its', '{"job":"reboot"}\n', /launcher-refused/],
    ['a run without anything', '{"job":"run"}\n', /launcher-refused/],
    ['a line without end', 'x'.repeat(2 << 20), /^$/],
  ])('hears %s: refuses, and lives on', async (_what, said, answer) => {
    const host = givenHost(supervisor);
    const { socket, process } = await givenLauncher(host.base);
    const connection = createConnection(socket);
    // It may hang up while we still talk.
    connection.on('error', () => undefined);
    connection.write(said);
    expect(await text(connection).catch(() => '')).toMatch(answer);
    expect(process.exitCode).toBe(null);
  });
});
