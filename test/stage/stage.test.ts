import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commitOf, diffReleases } from '../../supervisor/act/stage/history.ts';
import { removeRelease } from '../../supervisor/act/stage/stage.ts';
import { verifyRelease } from '../../supervisor/act/stage/verify.ts';
import { codes, Host, lines, runtime, staged } from './support/host.ts';

let host: Host;
let base: string;

beforeEach(async () => {
  host = new Host();
  base = (await host.first()).id;
});
afterEach(() => host.remove());

const file = (release: string, path: string) => join(host.layout.release(release), path);
const text = (release: string, path: string) => readFileSync(file(release, path), 'utf8');

/** Seal and stage what was dropped. */
async function change(drop: string) {
  return staged(await host.stage(host.accept(drop), base));
}

describe('a release', () => {
  test('is complete, read-only and as its manifest says', async () => {
    host.overlay('new', { 'app/prompts/task.md': 'better\n', 'app/new.sh!': '#!/bin/sh\n' });
    const { manifest, changes } = await change('new');

    expect(changes).toEqual([
      { path: 'app/new.sh', kind: 'added' },
      { path: 'app/prompts/task.md', kind: 'changed' },
    ]);
    expect(verifyRelease(host.layout, manifest.id)).toEqual([]);
    expect(JSON.parse(text(manifest.id, 'release.json'))).toEqual(manifest);
    expect(manifest).toMatchObject({ parent: base, proposer: 'maker' });
    expect(statSync(file(manifest.id, 'app/new.sh')).mode & 0o777).toBe(0o555);
    expect(statSync(file(manifest.id, 'app/prompts/task.md')).mode & 0o777).toBe(0o444);
    for (const folder of ['', 'app', 'app/prompts', 'node_modules']) {
      expect(statSync(file(manifest.id, folder)).mode & 0o777, folder).toBe(0o555);
    }
    expect(readdirSync(host.layout.staging)).toEqual([]);
  });

  test('leaves what its agents.yaml says as JSON, for those who have no time for YAML', async () => {
    const yaml = 'agents: [{name: maker, model: cheap, role: another}]\n';
    host.overlay('new', { 'config/agents.yaml': yaml });
    await change('new');
    const name = `${createHash('sha256').update(yaml).digest('hex')}.json`;
    const kept = JSON.parse(readFileSync(join(host.layout.parsed, name), 'utf8'));
    expect(kept).toEqual({ agents: [{ name: 'maker', model: 'cheap', role: 'another' }] });
  });

  test('shares what is unchanged, and nothing that is changed', async () => {
    host.overlay('new', { 'app/prompts/task.md': 'better\n' });
    const { manifest } = await change('new');
    const inode = (release: string, path: string) => lstatSync(file(release, path)).ino;
    expect(inode(manifest.id, 'kernel/main.ts')).toBe(inode(base, 'kernel/main.ts'));
    expect(inode(manifest.id, 'app/prompts/task.md')).not.toBe(inode(base, 'app/prompts/task.md'));
    const sealed = `${host.layout.intake}/${manifest.proposal}/sealed/files/app/prompts/task.md`;
    expect(lstatSync(sealed).nlink).toBe(1);
  });

  test('has the digest that the contract describes, on every machine the same', async () => {
    host.overlay('new', { 'app/\u{1f600}.md': 'x', 'app/\uffee.md': 'y', 'app/z.md': 'z' });
    const { manifest } = await change('new');
    const bytes = manifest.files
      .map((one) => ({ ...one, path: Buffer.from(one.path) }))
      .sort((a, b) => Buffer.compare(a.path, b.path))
      .map((one) => {
        const content = readFileSync(file(manifest.id, one.path.toString()));
        const sha256 = createHash('sha256').update(content).digest('hex');
        return Buffer.concat([one.path, Buffer.from(`\0${one.mode}\0${sha256}\n`)]);
      });
    const digest = createHash('sha256').update(Buffer.concat(bytes)).digest('hex');
    expect(manifest.digest).toBe(digest);
    expect(manifest.id.endsWith(`-${digest.slice(0, 10)}`)).toBe(true);

    const other = new Host();
    const moved: Record<string, string> = { ...runtime };
    for (const name of ['app/\u{1f600}.md', 'app/\uffee.md', 'app/z.md']) {
      moved[name] = readFileSync(file(manifest.id, name), 'utf8');
    }
    expect((await other.first(moved)).digest).toBe(digest);
    other.remove();
  });

  test('of content that is there already is that one', async () => {
    host.overlay('one', { 'app/new.md': 'x' });
    const first = await change('one');
    host.overlay('two', { 'app/new.md': 'x' });
    const second = await change('two');
    expect(second.manifest).toEqual(first.manifest);
    expect(readdirSync(host.layout.releases)).toHaveLength(2);
  });

  test('that would be the same as current is refused', async () => {
    host.overlay('same', { 'app/prompts/task.md': lines(20, 'task') });
    const result = await host.stage(host.accept('same'), base);
    expect(codes(result)).toEqual(['no-op']);
  });

  test('is removed whole, though it is read-only', () => {
    removeRelease(host.layout, base);
    expect(existsSync(host.layout.release(base))).toBe(false);
    expect(readdirSync(host.layout.staging)).toEqual([]);
    removeRelease(host.layout, base);
  });

  test('whose base is damaged is not built', async () => {
    const manifest = file(base, 'release.json');
    chmodSync(manifest, 0o644);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('100755', '100644'));
    host.overlay('new', { 'app/new.md': 'x' });
    const accepted = host.accept('new');
    await expect(host.stage(accepted, base)).rejects.toMatchObject({
      reason: { code: 'corrupt-release' },
    });
  });
});

describe('an overlay', () => {
  test('adds, changes and deletes', async () => {
    host.overlay('mix', { 'app/new.md': 'new\n' }, 'delete: [app/prompts/drive.md]\n');
    const { manifest, changes } = await change('mix');
    expect(changes.map((one) => `${one.kind} ${one.path}`)).toEqual([
      'added app/new.md',
      'removed app/prompts/drive.md',
    ]);
    expect(existsSync(file(manifest.id, 'app/prompts/drive.md'))).toBe(false);
  });

  test('comes as a tarball too, with or without a folder around it', async () => {
    for (const around of ['.', 'thing']) {
      const folder = join(host.folder, around === '.' ? 'flat' : 'thing');
      mkdirSync(join(folder, 'files/app'), { recursive: true });
      writeFileSync(join(folder, 'proposal.yaml'), 'title: t\n');
      writeFileSync(join(folder, 'files/app/tar.md'), around);
      const from = around === '.' ? ['-C', folder, '.'] : ['-C', host.folder, 'thing'];
      execFileSync('tar', ['czf', host.drop('t.tar.gz'), ...from]);
      const { manifest } = await change('t.tar.gz');
      expect(text(manifest.id, 'app/tar.md')).toBe(around);
    }
  });

  test('may change the execute bit alone', async () => {
    host.overlay('bit', { 'app/tools/list.ts!': 'export const tools = [];\n' });
    const { manifest, changes } = await change('bit');
    expect(changes).toEqual([{ path: 'app/tools/list.ts', kind: 'changed' }]);
    expect(statSync(file(manifest.id, 'app/tools/list.ts')).mode & 0o777).toBe(0o555);
    expect(statSync(file(base, 'app/tools/list.ts')).mode & 0o777).toBe(0o444);
  });
});

describe('a patch', () => {
  test('renames, copies, deletes, changes modes and binary files', async () => {
    host.patch('all.patch', base, (folder) => {
      const at = (path: string) => join(folder, path);
      renameSync(at('app/prompts/drive.md'), at('app/prompts/with space.md'));
      rmSync(at('app/tools/list.ts'));
      chmodSync(at('kernel/main.ts'), 0o755);
      writeFileSync(at('app/\u00e4 "quoted".md'), 'x\n');
      writeFileSync(at('app/binary'), Buffer.from([0, 1, 2, 255, 0, 10, 13]));
      writeFileSync(at('app/no-newline'), 'end');
      writeFileSync(at('app/empty'), '');
    });
    const { id, sealed } = host.accept('all.patch');
    expect(sealed.paths).toEqual([
      'app/binary',
      'app/empty',
      'app/no-newline',
      'app/prompts/drive.md',
      'app/prompts/with space.md',
      'app/tools/list.ts',
      'app/\u00e4 "quoted".md',
      'kernel/main.ts',
    ]);
    const { manifest, changes } = staged(await host.stage({ id, sealed }, base));
    expect(changes.map((one) => one.path).sort()).toEqual(sealed.paths);
    expect(text(manifest.id, 'app/prompts/with space.md')).toBe(lines(20, 'drive'));
    expect(readFileSync(file(manifest.id, 'app/binary'))).toEqual(
      Buffer.from([0, 1, 2, 255, 0, 10, 13]),
    );
    expect(text(manifest.id, 'app/no-newline')).toBe('end');
    expect(text(manifest.id, 'app/empty')).toBe('');
    expect(statSync(file(manifest.id, 'kernel/main.ts')).mode & 0o777).toBe(0o555);
    expect(verifyRelease(host.layout, manifest.id)).toEqual([]);
  });

  test('of several commits is applied in their order', async () => {
    const one = host.diffOf(base, (at) => writeFileSync(join(at, 'app/new.md'), 'one\n'), 'first');
    const middle = Buffer.from(one.toString().replace('new file mode 100644\n', ''));
    const two = middle
      .toString()
      .replace('--- /dev/null', '--- a/app/new.md')
      .replace(/@@ .* @@\n\+one/, '@@ -1 +1,2 @@\n one\n+two')
      .replace(/^index .*$/m, '')
      .replace(/^\n/m, '\n')
      .replace('[PATCH] first', '[PATCH] second');
    writeFileSync(host.drop('two.patch'), `${one}${two.replace('\n\n--- a/', '\n--- a/')}`);
    const { id, sealed } = host.accept('two.patch');
    expect(sealed.title).toBe('first');
    expect(sealed.why).toContain('second');
    const { manifest } = staged(await host.stage({ id, sealed }, base));
    expect(text(manifest.id, 'app/new.md')).toBe('one\ntwo\n');
  });

  test('names the files that do not apply, and only those', async () => {
    const wrong = host
      .diffOf(base, (folder) => {
        writeFileSync(join(folder, 'app/prompts/task.md'), lines(20, 'task').replace('7', 'seven'));
        writeFileSync(join(folder, 'app/tools/list.ts'), 'export const tools = [1];\n');
      })
      .toString()
      .replace('-export const tools = [];', '-export const tools = [0];')
      .replace(/^index .*\n/gm, '');
    writeFileSync(host.drop('wrong.patch'), wrong);
    const result = await host.stage(host.accept('wrong.patch'), base);
    expect(codes(result)).toEqual(['does-not-apply']);
    expect(result).toMatchObject({ reasons: [{ input: 'app/tools/list.ts' }] });
  });
});

test('a path that git reads and intake did not judge is refused', async () => {
  host.patch('p.patch', base, (at) => writeFileSync(join(at, 'app/new.md'), 'x\n'));
  host.overlay('o', { 'app/new.md': 'x\n' });
  for (const drop of ['p.patch', 'o']) {
    const { id, sealed } = host.accept(drop);
    const result = await host.stage({ id, sealed: { ...sealed, paths: ['app/other.md'] } }, base);
    expect(result).toMatchObject({ reasons: [{ code: 'malformed', input: 'app/new.md' }] });
  }
});

describe('the history', () => {
  test('has every release as a commit with its parent, and its diff', async () => {
    host.overlay('new', { 'app/prompts/task.md': `${lines(20, 'task')}more\n` });
    const { manifest } = await change('new');
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', host.layout.history, ...args]).toString();
    expect(git('rev-parse', `refs/releases/${manifest.id}^`).trim()).toBe(
      commitOf(host.layout, base),
    );
    const listed = git('ls-tree', '-r', '--name-only', '-z', `refs/releases/${manifest.id}`);
    expect(listed.split('\0').filter(Boolean).sort()).toEqual(
      manifest.files.map((one) => one.path).sort(),
    );
    expect(await diffReleases(host.layout, base, manifest.id)).toMatch(/^\+more$/m);
  });

  test('is made again when it was lost', async () => {
    host.overlay('new', { 'app/new.md': 'x\n' });
    const { manifest } = await change('new');
    rmSync(host.layout.history, { recursive: true });
    expect(await diffReleases(host.layout, base, manifest.id)).toMatch(/^\+x$/m);
  });
});

describe('configuration', () => {
  test('is read of both sides, and every fault is named with its line', async () => {
    host.overlay('bad', {
      'config/agents.yaml': 'agents:\n  - name: Maker\n    model: cheap\n    colour: red\n',
      'config/other.yaml': 'a: [\n',
      'config/data.json': '{',
      'package.json': 'not json',
    });
    const { agents, configFaults, depsChanged } = await change('bad');
    expect(agents.base?.agents?.map((one) => one.name)).toEqual(['maker']);
    expect(agents.candidate.agents).toBeNull();
    expect(depsChanged).toBe(true);
    expect(new Set(configFaults.map((one) => one.subject))).toEqual(
      new Set(['config/agents.yaml', 'config/other.yaml', 'config/data.json', 'package.json']),
    );
    const lined = agents.candidate.faults.map((one) => one.input);
    expect(lined).toEqual(['config/agents.yaml:2', 'config/agents.yaml:4']);
  });

  test('names a dependency that could never be installed, before anybody is asked', async () => {
    const dependencies = { evil: 'git+https://example.com/evil.git' };
    host.overlay('git', { 'package.json': JSON.stringify({ name: 'x', dependencies }) });
    const { configFaults } = await change('git');
    expect(configFaults).toMatchObject([
      { subject: 'package.json', reason: { code: 'deps-not-allowed', input: 'evil' } },
    ]);
  });
});
