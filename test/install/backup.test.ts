import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { verifyRelease } from '../../supervisor/act/stage/verify.ts';
import { backUp } from '../../supervisor/install/backup.ts';
import { type RestoreOptions, restore } from '../../supervisor/install/restore.ts';
import { type Layout, layout } from '../../supervisor/model/layout.ts';
import { openReader } from '../../supervisor/store/reader.ts';
import { writeSwitch } from '../../supervisor/store/switches.ts';
import { startHost, type TestHost } from '../pipeline/support/host.ts';

let host: TestHost;
let archive: string;
let second: string;

/** A host that has lived, backed up while it runs. */
beforeAll(async () => {
  host = await startHost();
  host.drop('cleo', 'better', { 'app/notes.md': 'better\n' });
  await host.reaches('better', 'baking');
  second = host.current as string;
  host.drop('cleo', 'worse', { 'vault/x': 'no\n' });
  await host.reaches('worse', 'refused');
  writeSwitch(host.layout, 'agent', 'ben', 'on holiday');
  archive = join(host.folder, 'kept.tar.gz');
  await backUp(host.layout, host.policyFile, archive, host.now());
});
afterAll(() => host[Symbol.asyncDispose]());

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'airlock-restore-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function asking(root: string, more: Partial<RestoreOptions> = {}): RestoreOptions {
  return {
    ...{ layout: layout(root), policyFile: join(root, '..', 'airlock.yaml'), file: archive },
    ...{ replace: false, verify: verifyRelease, now: Date.UTC(2026, 0, 6), modes: null, ...more },
  };
}

const proposals = (place: Layout) => {
  const reader = openReader(place.journal);
  const all = reader.proposals({ limit: 100 }).map(({ drop, phase }) => `${drop} ${phase}`);
  reader.close();
  return all.sort();
};

/** The archive again, with something done to what is in it. */
function changed(change: (inside: string) => void): string {
  const place = folder();
  const inside = join(place, 'inside');
  mkdirSync(inside);
  execFileSync('tar', ['-xzf', archive, '-C', inside, '-p']);
  change(inside);
  const file = join(place, 'changed.tar.gz');
  execFileSync('tar', ['-czf', file, '-C', inside, ...readdirSync(inside)]);
  return file;
}

describe('a backup', () => {
  it('is one file for its owner alone, and nothing else is left beside it', () => {
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    const left = readdirSync(host.folder).filter((name) => name.startsWith('.'));
    expect(left).toEqual([]);
  });

  it('takes no room and no time for a file of nothing but a hole', async () => {
    const original = join(host.layout.intake, 'refused/original');
    mkdirSync(original, { recursive: true });
    writeFileSync(join(original, 'huge.patch'), '');
    truncateSync(join(original, 'huge.patch'), 8 * 2 ** 40);
    const file = join(folder(), 'with-a-hole.tar.gz');
    await backUp(host.layout, host.policyFile, file, host.now());
    rmSync(join(original, '..'), { recursive: true });
    expect(execFileSync('tar', ['-tzvf', file], { encoding: 'utf8' })).toMatch(
      / 8796093022208 .*huge\.patch/,
    );
  });

  it('that cannot be made whole leaves the older one of its name', async () => {
    const file = join(folder(), 'kept.tar.gz');
    writeFileSync(file, 'the older one');
    const nowhere = layout(join(folder(), 'none'));
    symlinkSync('loop', join(mkdirs(nowhere.root), 'releases'));
    symlinkSync('releases', join(nowhere.root, 'loop'));
    const asked = backUp(nowhere, host.policyFile, file, host.now());
    await expect(asked).rejects.toThrow('ELOOP');
    expect(readFileSync(file, 'utf8')).toBe('the older one');
    expect(readdirSync(join(file, '..'))).toEqual(['kept.tar.gz']);
  });
});

const mkdirs = (path: string) => mkdirSync(path, { recursive: true }) ?? path;

describe('a restore', () => {
  it('on a new machine: journal, releases, history, halts and current; a daemon goes on', async () => {
    const place = folder();
    const root = join(place, 'root');
    const restored = await restore(asking(root));
    expect(restored).toMatchObject({ aside: null, policyKept: false });
    const there = layout(root);
    expect(proposals(there)).toEqual(proposals(host.layout));
    expect(readFileSync(join(there.current, 'app/notes.md'), 'utf8')).toBe('better\n');
    for (const id of restored.backup.releases) expect(verifyRelease(there, id)).toEqual([]);
    expect(readFileSync(join(there.switches, 'agent.ben'), 'utf8')).toBe('on holiday\n');
    const git = ['--git-dir', there.history, 'rev-list', '--count', '--all'];
    expect(Number(execFileSync('git', git, { encoding: 'utf8' }))).toBeGreaterThan(1);
    expect(readFileSync(join(place, 'airlock.yaml'), 'utf8')).toBe(
      readFileSync(host.policyFile, 'utf8'),
    );
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);

    await using again = await startHost({ root });
    expect(again.current).toBe(second);
    again.drop('cleo', 'after', { 'app/more.md': 'more\n' });
    await again.reaches('after', 'received', 'staging', 'gating', 'canary', 'promoting', 'baking');
  });

  it('takes the room of files that releases share only once', async () => {
    const root = join(folder(), 'root');
    const { backup } = await restore(asking(root));
    const [one, other] = backup.releases.map((id) => join(root, 'releases', id, 'kernel/main.mjs'));
    expect(statSync(one as string).ino).toBe(statSync(other as string).ino);
  });

  it('refuses a ROOT that has lived, and with --replace puts it aside whole', async () => {
    const root = join(folder(), 'root');
    await restore(asking(root));
    writeFileSync(join(root, 'var/switches/host'), 'a word of today\n');
    await expect(restore(asking(root))).rejects.toMatchObject({ reason: { code: 'usage' } });
    const { aside } = await restore(asking(root, { replace: true }));
    expect(readFileSync(join(aside as string, 'var/switches/host'), 'utf8')).toContain('today');
    expect(proposals(layout(aside as string))).toEqual(proposals(layout(root)));
    expect(existsSync(join(root, 'var/switches/host'))).toBe(false);
  });

  it('while a supervisor runs is refused', async () => {
    const asked = restore(asking(host.root, { replace: true }));
    await expect(asked).rejects.toMatchObject({ reason: { code: 'already-running' } });
  });

  it('leaves a policy alone that is another one, and says so', async () => {
    const place = folder();
    writeFileSync(join(place, 'airlock.yaml'), '# of today\n');
    const { policyKept } = await restore(asking(join(place, 'root')));
    expect(policyKept).toBe(true);
    expect(readFileSync(join(place, 'airlock.yaml'), 'utf8')).toBe('# of today\n');
  });

  const release = (inside: string) => join(inside, 'releases', second);
  it.each<[string, (inside: string) => void]>([
    ['a changed file', (at) => overwrite(join(release(at), 'app/notes.md'), 'evil\n')],
    ['a missing file', (at) => remove(join(release(at), 'app/notes.md'))],
    ['no release that was current', (at) => remove(release(at))],
    ['a damaged journal', (at) => overwrite(join(at, 'journal.db'), 'no database')],
    ['no word of itself', (at) => remove(join(at, 'backup.json'))],
    ['a word that is none', (at) => overwrite(join(at, 'backup.json'), '{"schema":9}')],
  ])('of an archive with %s changes nothing', async (_what, change) => {
    const root = join(folder(), 'root');
    await expect(restore(asking(root, { file: changed(change) }))).rejects.toMatchObject({
      reason: { code: expect.stringMatching(/^(backup|journal)-damaged$/) },
    });
    expect(existsSync(layout(root).journal)).toBe(false);
    expect(existsSync(layout(root).current)).toBe(false);
    expect(existsSync(layout(root).releases)).toBe(false);
  });

  it('of half an archive changes nothing', async () => {
    const root = join(folder(), 'root');
    const half = join(folder(), 'half.tar.gz');
    const whole = readFileSync(archive);
    writeFileSync(half, whole.subarray(0, whole.length / 2));
    const asked = restore(asking(root, { file: half }));
    await expect(asked).rejects.toMatchObject({ reason: { code: 'host-failed' } });
    expect(existsSync(layout(root).releases)).toBe(false);
  });
});

function overwrite(file: string, text: string): void {
  chmodSync(join(file, '..'), 0o755);
  chmodSync(file, 0o644);
  writeFileSync(file, text);
}

function remove(path: string): void {
  chmodSync(join(path, '..'), 0o755);
  execFileSync('chmod', ['-R', 'u+w', path]);
  rmSync(path, { recursive: true });
}
