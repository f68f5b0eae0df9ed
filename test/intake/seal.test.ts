import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seal } from '../../supervisor/act/intake/seal.ts';
import { takeIn } from '../../supervisor/host/inbox/take.ts';
import { openAs } from '../../supervisor/host/inbox/walk.ts';
import { isOperator } from '../../supervisor/host/sandbox/operators.ts';
import { userName } from '../../supervisor/host/sandbox/users.ts';
import { codes, Host, limits, write } from '../stage/support/host.ts';

let host: Host;
let base: string;

beforeEach(async () => {
  host = new Host();
  base = (await host.first()).id;
});
afterEach(() => host.remove());

const task = 'app/prompts/task.md';

describe('a patch', () => {
  test('as format-patch prints it gives title, reason and base', () => {
    const words =
      'Grüße an alle, ein Betreff, der so lang ist, dass git ihn über zwei Zeilen faltet\n\n' +
      `Why it is so.\n\nBase: ${base}\n`;
    host.patch('p.patch', base, (at) => writeFileSync(join(at, task), 'x\n'), words);
    expect(readFileSync(host.drop('p.patch'), 'utf8')).toContain('=?UTF-8?q?');
    const { sealed, id } = host.accept('p.patch');
    expect(sealed.title).toBe(words.split('\n')[0]);
    expect(sealed.why).toContain('Why it is so.');
    expect(sealed).toMatchObject({ form: 'patch', base, paths: [task] });
    expect(statSync(host.layout.sealed(id)).mode & 0o777).toBe(0o700);
  });

  test('as git diff prints it takes its title from its name, its base from current', () => {
    host.patch('make it better.diff', base, (at) => writeFileSync(join(at, task), 'x\n'));
    expect(host.accept('make it better.diff').sealed).toMatchObject({
      title: 'make it better',
      why: '',
      base,
    });
  });

  test('with a header and words before a plain diff is understood', () => {
    const diff = host.diffOf(base, (at) => writeFileSync(join(at, task), 'x\n'));
    writeFileSync(host.drop('h.patch'), `Subject: shorter\nBase: ${base}\n\nBecause.\n\n${diff}`);
    expect(host.accept('h.patch').sealed).toMatchObject({
      title: 'shorter',
      why: 'Because.',
      base,
    });
  });

  test('twice the same has the same hash, another one another', () => {
    const drop = (content: string) => {
      host.patch('p.patch', base, (at) => writeFileSync(join(at, task), content));
      return host.accept('p.patch').sealed.sha256;
    };
    expect(drop('x\n')).toBe(drop('x\n'));
    expect(drop('x\n')).not.toBe(drop('y\n'));
  });
});

describe('sealing', () => {
  test('tells every fault at once', () => {
    write(host.drop('bad'), {
      'proposal.yaml': 'title: t\nbase: nowhere\nwrong: 1\n',
      'files/app/a\nb': 'x',
      'files/app/X': 'x',
      'files/app/x': 'y',
      stray: '',
    });
    const { result } = host.seal('bad');
    expect(new Set(codes(result))).toEqual(
      new Set(['malformed', 'path-control', 'path-case', 'malformed']),
    );
    expect(codes(result).length).toBeGreaterThanOrEqual(4);
  });

  test('keeps the original for inspection, whatever comes of it', () => {
    host.overlay('good', { [task]: 'x\n' });
    const { id } = host.accept('good');
    const kept = join(host.layout.sealed(id), 'original/files', task);
    expect(readFileSync(kept, 'utf8')).toBe('x\n');
  });

  test('says of a withdrawal whose it is', () => {
    writeFileSync(host.drop('x.withdraw'), '20260101T000000Z-maker-x\n');
    expect(host.seal('x.withdraw').result).toEqual({
      kind: 'withdraw',
      target: '20260101T000000Z-maker-x',
    });
  });

  test('of what is gone leaves nothing behind', () => {
    expect(host.seal('nothing', 'p9').result).toEqual({ kind: 'gone' });
    expect(existsSync(host.layout.sealed('p9'))).toBe(false);
  });

  test('takes each drop once: of two at the same time one finds nothing', () => {
    host.overlay('one', { [task]: 'x\n' });
    expect(host.seal('one', 'a').result.kind).toBe('sealed');
    expect(host.seal('one', 'b').result.kind).toBe('gone');
  });

  test('goes on with what it claimed, though another drop has the name by now', () => {
    host.overlay('again', { [task]: 'mine\n' });
    mkdirSync(host.layout.sealed('p1'));
    renameSync(host.drop('again'), `${host.layout.sealed('p1')}/original`);
    host.overlay('again', { [task]: 'theirs\n' });
    expect(host.seal('again', 'p1').result.kind).toBe('sealed');
    const sealed = `${host.layout.sealed('p1')}/sealed/files/${task}`;
    expect(readFileSync(sealed, 'utf8')).toBe('mine\n');
    expect(existsSync(host.drop('again'))).toBe(true);
  });

  test('what its agent writes afterwards through an open file changes nothing', async () => {
    host.overlay('open', { [task]: 'sealed\n' });
    const fd = openSync(join(host.drop('open'), 'files', task), 'r+');
    const accepted = host.accept('open');
    writeSync(fd, 'EVIL!!', 0);
    closeSync(fd);
    const result = await host.stage(accepted, base);
    if (result.kind !== 'staged') throw new Error(result.kind);
    const released = join(host.layout.release(result.manifest.id), task);
    expect(readFileSync(released, 'utf8')).toBe('sealed\n');
  });

  test('of somebody else’s file is refused where owners are known', () => {
    host.overlay('theirs', { [task]: 'x\n' });
    const request = { id: 'p1', agent: 'maker', drop: 'theirs', layout: host.layout, limits };
    const owner = (process.getuid?.() ?? 0) + 1;
    const result = seal({ ...request, sealedAt: 0, owner });
    expect(codes(result)[0]).toBe('wrong-owner');
  });

  // Only root can make files of others: for an ordinary user all of it is somebody else's.
  const self = process.getuid?.() ?? 0;
  const isRoot = self === 0;

  test('one file of another user in a drop refuses all of it', () => {
    host.overlay('mixed', { [task]: 'x\n' });
    if (isRoot) chownSync(join(host.drop('mixed'), 'files', task), 65_534, 65_534);
    const request = { id: 'p2', agent: 'maker', drop: 'mixed', layout: host.layout, limits };
    const result = seal({ ...request, sealedAt: 0, owner: isRoot ? 0 : self + 1 });
    const reasons = result.kind === 'refused' ? result.reasons : [];
    const found = reasons.find((one) => one.input === `files/${task}`);
    expect(found).toMatchObject({
      code: 'wrong-owner',
      actual: isRoot ? 'nobody' : userName(self),
    });
    if (isRoot) expect(reasons).toHaveLength(1);
  });

  test('an operator’s inbox takes from operators, by name', () => {
    host.overlay('op', { [task]: 'x\n' });
    host.overlay('agent', { [task]: 'x\n' });
    if (isRoot) execFileSync('chown', ['-R', '65534', host.drop('agent')]);
    const given = { agent: 'maker', layout: host.layout, limits, sealedAt: 0 };
    const from = (drop: string) => seal({ ...given, id: drop, drop, owner: 'operator' });
    const agents = isRoot ? 65_534 : self;
    expect(from('op').kind).toBe(isOperator(self) ? 'sealed' : 'refused');
    expect(from('agent').kind).toBe(isOperator(agents) ? 'sealed' : 'refused');
    if (isRoot) expect(from('op')).toMatchObject({ sealed: { owner: 'root' } });
    if (isRoot) expect(codes(from('agent'))[0]).toBe('wrong-owner');
  });

  test('of an agent without a user is refused by name, and its original kept', () => {
    host.overlay('early', { [task]: 'x\n' });
    const request = { id: 'p4', agent: 'maker', drop: 'early', layout: host.layout, limits };
    const result = seal({ ...request, sealedAt: 0, owner: 'missing' });
    const reasons = result.kind === 'refused' ? result.reasons : [];
    expect(reasons).toMatchObject([{ code: 'no-user', input: 'maker' }]);
    expect(existsSync(join(host.layout.sealed('p4'), 'original/files', task))).toBe(true);
    expect(host.seal('early', 'p5').result.kind).toBe('gone');
  });

  test('a name with a space, a quote or a letter of any language is fine', () => {
    const name = `ein "schöner" Name \\ 2.patch`;
    host.patch(name, base, (at) => writeFileSync(join(at, task), 'x\n'));
    const { result } = host.seal(name.replaceAll('\\', '\\\\'));
    expect(result.kind).toBe('sealed');
  });
});

test('a link is not opened, not even by who was told that it is a file', () => {
  const link = join(host.folder, 'link');
  symlinkSync(host.layout.current, link);
  for (const kind of ['file', 'folder'] as const) {
    expect(() => openAs(Buffer.from(link), kind)).toThrow(/ELOOP|ENOTDIR/);
  }
  symlinkSync(join(host.layout.current, 'release.json'), `${link}2`);
  expect(() => openAs(Buffer.from(`${link}2`), 'file')).toThrow(/ELOOP/);
});

describe('while somebody writes to it', () => {
  const writer = `
    const fs = require('node:fs');
    const fd = fs.openSync(process.argv[1], 'r+');
    process.stdout.write('writing');
    for (;;) fs.writeSync(fd, String(Math.random()), 0);`;

  test('a drop is refused as changing', async () => {
    const path = join(host.folder, 'busy');
    write(path, { a: 'x', b: 'y'.repeat(200_000), c: 'z' });
    const child = spawn(process.execPath, ['-e', writer, join(path, 'b')]);
    await once(child.stdout, 'data');
    let changed = false;
    // One look may fall between two writes; not every one of many.
    for (let at = 0; at < 2000 && !changed; at++) changed = takeIn(path, limits).changed;
    child.kill('SIGKILL');
    expect(changed).toBe(true);
  });

  test('and when nobody does, it is not', () => {
    const path = join(host.folder, 'calm');
    write(path, { a: 'x', b: 'y', 'deep/c': 'z' });
    expect(takeIn(path, limits)).toMatchObject({ changed: false, stopped: null });
  });

  test('a file that is swapped for a link is never followed', async () => {
    const path = join(host.folder, 'swap');
    write(path, { a: 'mine' });
    const secret = join(host.folder, 'secret');
    writeFileSync(secret, 'secret');
    const swapper = `
      const fs = require('node:fs');
      const [path, secret] = process.argv.slice(1);
      process.stdout.write('swapping');
      for (;;) {
        fs.symlinkSync(secret, path + '/l'); fs.renameSync(path + '/l', path + '/a');
        fs.writeFileSync(path + '/l', 'mine'); fs.renameSync(path + '/l', path + '/a');
      }`;
    const child = spawn(process.execPath, ['-e', swapper, path, secret]);
    await once(child.stdout, 'data');
    const kinds = new Set<string>();
    for (let at = 0; at < 2000; at++) {
      for (const member of takeIn(path, limits).members) {
        kinds.add(member.kind);
        expect(member.content.toString()).not.toBe('secret');
      }
    }
    child.kill('SIGKILL');
    expect(kinds).toContain('symlink');
  });
});
