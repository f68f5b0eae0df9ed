import { execFileSync } from 'node:child_process';
import { chmodSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyRelease } from '../../supervisor/act/stage/verify.ts';
import { Host } from './support/host.ts';

let host: Host;
let id: string;
let at: (path: string) => string;

beforeEach(async () => {
  host = new Host();
  id = (await host.first()).id;
  at = (path) => join(host.layout.release(id), path);
  execFileSync('chmod', ['u+w', at('.'), at('app'), at('app/tools'), at('kernel')]);
});
afterEach(() => host.remove());

/** Put the folders back as a release has them, and look. */
function faults(): string[] {
  for (const one of ['app/tools', 'app', 'kernel', '.']) chmodSync(at(one), 0o555);
  return verifyRelease(host.layout, id).map((one) => `${one.message}: ${one.input}`);
}

test('an untouched release has no fault', () => {
  expect(faults()).toEqual([]);
});

const damages: [string, () => void, string][] = [
  [
    'a byte',
    () => overwrite('kernel/main.ts', 'export const answer = 43;\n'),
    'Other content: kernel/main.ts',
  ],
  [
    'a missing file',
    () => unlinkSync(at('app/tools/list.ts')),
    'A file is missing: app/tools/list.ts',
  ],
  [
    'a file too many',
    () => writeFileSync(at('app/extra'), 'x', { mode: 0o444 }),
    'A file too many: app/extra',
  ],
  [
    'a symlink',
    () => swap('kernel/main.ts', '/etc/hostname'),
    'Neither a file nor a folder: kernel/main.ts',
  ],
  [
    'a file that can be written',
    () => chmodSync(at('kernel/main.ts'), 0o644),
    'It can be written: kernel/main.ts',
  ],
  [
    'a lost execute bit',
    () => chmodSync(at('kernel/run.sh'), 0o444),
    'Another mode: kernel/run.sh',
  ],
  [
    'a set execute bit',
    () => chmodSync(at('kernel/main.ts'), 0o555),
    'Another mode: kernel/main.ts',
  ],
  [
    'a lost manifest',
    () => unlinkSync(at('release.json')),
    'The manifest is missing: release.json',
  ],
];

test.each(damages)('%s is found', (_what, damage, fault) => {
  damage();
  expect(faults()).toEqual([fault]);
});

test('a folder that can be written is found', () => {
  expect(verifyRelease(host.layout, id).map((one) => one.input)).toEqual(
    expect.arrayContaining(['app', 'app/tools', 'kernel', id]),
  );
});

test('a changed manifest is found', () => {
  overwrite('release.json', '{"schema":1,"files":[]}');
  expect(verifyRelease(host.layout, id)[0]).toMatchObject({ code: 'corrupt-release' });
});

test('a release of a name that its digest does not fit is found', () => {
  const other = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
  renameSync(host.layout.release(id), host.layout.release(other));
  expect(verifyRelease(host.layout, other)).not.toEqual([]);
  expect(verifyRelease(host.layout, id)).toMatchObject([{ message: 'There is no such release' }]);
});

function overwrite(path: string, content: string): void {
  chmodSync(at(path), 0o644);
  writeFileSync(at(path), content);
  chmodSync(at(path), 0o444);
}

function swap(path: string, target: string): void {
  unlinkSync(at(path));
  symlinkSync(target, at(path));
}
