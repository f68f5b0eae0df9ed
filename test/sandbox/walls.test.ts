import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildDriver,
  givenHost,
  removeDriver,
  supervisors,
  type TestHost,
} from './support/host.ts';

beforeAll(buildDriver);
afterAll(removeDriver);

/** Every path of a folder with its mode, owner and content: what a run must leave as it was. */
function everything(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return paths.map((path) => {
    const file = join(folder, path);
    const seen = lstatSync(file);
    const content = seen.isFile() ? hash('sha256', readFileSync(file)) : '';
    return `${path} ${seen.mode} ${seen.uid} ${seen.nlink} ${content}`;
  });
}

const readOnly = (host: TestHost) =>
  ['releases', 'deps', 'receipts'].flatMap((name) => everything(join(host.base, name)));

describe.each(supervisors)('the walls of a run, supervised by %s', (supervisor) => {
  test.each(['writes-release.sh', 'remounts-release.sh'])(
    '%s: what it may only read stays as it was',
    async (fixture) => {
      const host = givenHost(supervisor);
      // So that the answer is the walls', not the modes of files.
      await host.ask({ run: { entry: ['node', 'does-nothing.mjs'] } });
      const before = readOnly(host);
      const { run, places } = await host.ask({ run: { entry: [`./${fixture}`] } });
      expect(readOnly(host)).toEqual(before);
      expect(run?.trace.filter((line) => line.what === 'output')).toEqual([
        expect.objectContaining({ stream: 'stdout', text: 'worked:\n' }),
      ]);
      expect(run?.ending).toMatchObject({ exit: 0, hostFault: null });
      expect(places).toEqual([]);
    },
  );

  test('a run that eats its workspace eats nothing else', async () => {
    const host = givenHost(supervisor);
    host.given({ 'workspaces/maker/notes.md': 'notes', 'workspaces/other/notes.md': 'notes' });
    await host.ask({ run: { entry: ['node', 'does-nothing.mjs'] } });
    const before = readOnly(host);
    const { run, places } = await host.ask({ run: { entry: ['node', 'eats-workspace.mjs'] } });
    expect(run?.ending).toMatchObject({ exit: 0, hostFault: null });
    expect(readdirSync(host.workspace)).toEqual(['folder']);
    expect(readFileSync(join(host.base, 'workspaces/other/notes.md'), 'utf8')).toBe('notes');
    expect(readOnly(host)).toEqual(before);
    expect(places).toEqual([]);
  });

  test('a run leaves no program that lends another user’s rights', async () => {
    const host = givenHost(supervisor);
    await host.ask({ run: { entry: ['./setuid-left-behind.sh'] } });
    const supervisorUid = supervisor === 'root' ? 0 : lstatSync(host.release).uid;
    const left = [host.workspace, join(host.base, 'inbox/maker')].flatMap((folder) =>
      readdirSync(folder).map((name) => join(folder, name)),
    );
    expect(left).toContain(join(host.workspace, 'id'));
    expect(left).not.toContain(join(host.workspace, 'disk'));
    for (const file of left) {
      const { uid, gid, mode } = lstatSync(file);
      const lends = (mode & 0o6000) !== 0;
      expect({ file, lendsRoot: lends && (uid === 0 || gid === 0) }).toMatchObject({
        lendsRoot: false,
      });
      if (supervisor === 'root') expect(lends && uid === supervisorUid).toBe(false);
      expect(spawnSync('getcap', [file], { encoding: 'utf8' }).stdout ?? '').toBe('');
    }
  });

  test('a run reaches nothing but its gateway', async () => {
    const host = givenHost(supervisor);
    const abstract = `airlock-test-${process.pid}-${host.marker}`;
    const tcp = createServer().listen(0, '127.0.0.1');
    const unix = createServer().listen(`\0${abstract}`);
    await Promise.all([tcp, unix].map((one) => new Promise((done) => one.once('listening', done))));
    const { port } = tcp.address() as AddressInfo;
    host.given({ 'workspaces/maker/host.json': JSON.stringify({ port, abstract }) });
    const { run } = await host.ask({ run: { entry: ['node', 'reaches-out.mjs'] } });
    tcp.close();
    unix.close();
    expect(run?.trace).toEqual([
      expect.objectContaining({ what: 'output', stream: 'stdout', text: 'worked:\n' }),
    ]);
    expect(run?.ending).toMatchObject({ exit: 0, hostFault: null });
  });

  test('a run has no descriptor but its three', async () => {
    const host = givenHost(supervisor);
    const { run } = await host.ask({ run: { entry: ['ls', '-l', '/proc/self/fd'] } });
    const said = run?.trace.map((line) => (line.what === 'output' ? line.text : '')).join('');
    const open = said?.match(/\d+ -> \S+/g) ?? [];
    // Its own three, and the folder that ls is reading.
    const others = open.filter((line) => !/^[012] -> |\/fd$/.test(line));
    // What the supervisor itself inherited is there, but is nothing.
    for (const line of others) expect(line).toMatch(/^\d+ -> \/dev\/null$/);
    expect(others.map((line) => Number(line.split(' ')[0]))).not.toContain(5);
    expect(others).toContain('20 -> /dev/null');
  });

  test('a run’s own folders are its own to write, whoever made them', async () => {
    const host = givenHost(supervisor);
    const deep = join(host.workspace, 'tasks/queued');
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'hello.md'), 'hello');
    const { run } = await host.ask({
      run: { entry: ['node', 'completes-task.mjs'], script: [{ say: 'done' }] },
    });
    expect(run?.ending).toMatchObject({ exit: 0, hostFault: null });
    expect(existsSync(join(host.workspace, 'tasks/done/hello.md'))).toBe(true);
  });

  test('giving a workspace to its run follows no link out of it', async () => {
    const host = givenHost(supervisor);
    writeFileSync(join(host.base, 'secret'), 'secret', { mode: 0o600 });
    symlinkSync(join(host.base, 'secret'), join(host.workspace, 'link'));
    const before = lstatSync(join(host.base, 'secret')).uid;
    await host.ask({ run: { entry: ['./does-nothing.mjs'] } });
    const after = lstatSync(join(host.base, 'secret')).uid;
    expect(supervisor === 'root' ? after : before).toBe(before);
  });
});
