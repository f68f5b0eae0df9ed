import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeRelease } from '../../supervisor/act/stage/stage.ts';
import { codes, Host, lines, staged } from './support/host.ts';

let host: Host;
let base: string;

beforeEach(async () => {
  host = new Host();
  base = (await host.first()).id;
});
afterEach(() => host.remove());

const task = 'app/prompts/task.md';
const original = lines(20, 'task');
const text = (release: string, path: string) =>
  readFileSync(join(host.layout.release(release), path), 'utf8');

/** `current` has moved: somebody else's overlay became a release. */
async function moveOn(files: Record<string, string | Buffer>, more = '', from = base) {
  host.overlay('other', files, `base: ${from}\n${more}`);
  return staged(await host.stage(host.accept('other'), from)).manifest.id;
}

const first = original.replace('task 2\n', 'task two\n');
const last = original.replace('task 19\n', 'task nineteen\n');
const both = first.replace('task 19\n', 'task nineteen\n');

describe('when current has moved since the base', () => {
  for (const form of ['an overlay', 'a patch']) {
    const accept = () => {
      if (form === 'an overlay') {
        host.overlay('mine', { [task]: last });
        return host.accept('mine');
      }
      host.patch('mine.patch', base, (at) => writeFileSync(join(at, task), last));
      return host.accept('mine.patch');
    };

    test(`${form} keeps what others changed in the same file`, async () => {
      const mine = accept();
      const onto = await moveOn({ [task]: first, 'app/theirs.md': 'theirs\n' });
      const { manifest, changes } = staged(await host.stage(mine, onto));
      expect(text(manifest.id, task)).toBe(both);
      expect(text(manifest.id, 'app/theirs.md')).toBe('theirs\n');
      expect(changes).toEqual([{ path: task, kind: 'changed' }]);
      expect(manifest.parent).toBe(onto);
    });

    test(`${form} that conflicts is stale, and the file is named`, async () => {
      const mine = accept();
      const onto = await moveOn({ [task]: original.replace('task 19\n', 'task XIX\n') });
      const before = readdirSync(host.layout.releases);
      const result = await host.stage(mine, onto);
      expect(codes(result)).toEqual(['stale-base']);
      expect(result).toMatchObject({ reasons: [{ input: task }] });
      expect(readdirSync(host.layout.releases)).toEqual(before);
      expect(readdirSync(host.layout.staging)).toEqual([]);
    });

    test(`${form} of a file that others deleted is stale`, async () => {
      const mine = accept();
      const onto = await moveOn({}, `delete: [${task}]\n`);
      expect(codes(await host.stage(mine, onto))).toEqual(['stale-base']);
    });

    test(`${form} that others made already is a no-op`, async () => {
      const mine = accept();
      const onto = await moveOn({ [task]: last });
      expect(codes(await host.stage(mine, onto))).toEqual(['no-op']);
    });

    test(`${form} finds its base in the history when the folder is gone`, async () => {
      const mine = accept();
      const onto = await moveOn({ [task]: first });
      removeRelease(host.layout, base);
      const { manifest } = staged(await host.stage(mine, onto));
      expect(text(manifest.id, task)).toBe(both);
    });
  }

  test('after a rollback only the change comes over, not its bad base', async () => {
    const bad = await moveOn({ 'app/bad.md': 'bad\n', [task]: first });
    host.overlay('mine', { [task]: both }, `base: ${bad}\n`);
    const { manifest } = staged(await host.stage(host.accept('mine'), base));
    expect(manifest.files.some((file) => file.path === 'app/bad.md')).toBe(false);
    expect(text(manifest.id, task)).toBe(last);
  });

  test('a binary file changed on both sides is a conflict', async () => {
    const binary = (value: number) => Buffer.from([0, value, 0, 255, value]);
    const from = await moveOn({ 'app/binary': binary(1) });
    host.overlay('mine', { 'app/binary': binary(2) }, `base: ${from}\n`);
    const mine = host.accept('mine');
    const onto = await moveOn({ 'app/binary': binary(3) }, '', from);
    const result = await host.stage(mine, onto);
    expect(codes(result)).toEqual(['stale-base']);
    expect(result).toMatchObject({ reasons: [{ input: 'app/binary' }] });
  });

  test('the same new file from both sides, with other content, is a conflict', async () => {
    host.overlay('mine', { 'app/new.md': 'mine\n' });
    const mine = host.accept('mine');
    const onto = await moveOn({ 'app/new.md': 'theirs\n' });
    expect(codes(await host.stage(mine, onto))).toEqual(['stale-base']);
  });

  test('a new file that differs by case from a new one of others is refused', async () => {
    host.overlay('mine', { 'app/new.md': 'mine\n' });
    const mine = host.accept('mine');
    const onto = await moveOn({ 'app/New.md': 'theirs\n' });
    expect(codes(await host.stage(mine, onto))).toEqual(['path-case']);
  });
});

describe('a patch without a base', () => {
  test('that was made on an older release finds its blobs in the history', async () => {
    host.patch('old.patch', base, (at) => {
      writeFileSync(join(at, task), original.replace('task 10\n', 'task ten\n'));
    });
    // Its context is gone from the new release: only the old blob tells what it meant.
    const onto = await moveOn({ [task]: `intro\n${original.replace('task 12\n', 'task 12th\n')}` });
    const { id, sealed } = host.accept('old.patch');
    const result = staged(await host.stage({ id, sealed: { ...sealed, base: onto } }, onto));
    expect(text(result.manifest.id, task)).toContain('task ten\n');
    expect(text(result.manifest.id, task)).toContain('task 12th\n');
  });
});
