import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSwitches } from '../../supervisor/store/switches.ts';
import { built } from '../built.ts';
import { emptyRoot } from '../store/support.ts';

/** `airlock halt --host` where one call of a name fails on the file of the switch: EDQUOT. */
function halted(call: string) {
  const place = emptyRoot();
  const file = join(place.switches, 'host');
  const strace = ['-o', '/dev/null', '-P', file, '-e', `inject=${call}:error=EDQUOT:when=1`];
  const command = [process.execPath, built('cli/airlock.js'), 'halt', '--host', '--reason', 'stop'];
  const { status, stdout, stderr } = spawnSync(
    'strace',
    [...strace, ...command, '--json', '--root', place.root],
    { encoding: 'utf8' },
  );
  return { status, said: stdout + stderr, halts: readSwitches(place).halts };
}

/** Node has no name for EDQUOT: it was not known for a full disk. */
test('who has used up his quota can halt all the same, without a reason', () => {
  expect(halted('write')).toMatchObject({ status: 0, halts: [{ scope: 'host' }] });
});

test('a quota that leaves no room for a name is told by its own name', () => {
  const { status, said, halts } = halted('openat');
  expect({ status, halts }).toEqual({ status: 1, halts: [] });
  expect(said).toContain('EDQUOT');
  expect(said).not.toContain('Unknown system error');
});

/** Node's own way to make a folder with its parents told ENOENT, of the folder itself. */
test('a folder that cannot be made is told by what the disk said', () => {
  const folder = join(emptyRoot().root, 'parent', 'folder');
  const files = join(import.meta.dirname, '../../supervisor/host/files/files.ts');
  const script = `import { fsErrorText, makeFolder } from '${files}';
    try { makeFolder('${folder}'); } catch (error) { console.log(fsErrorText(error)); }`;
  const fails = ['-o', '/dev/null', '-P', folder, '-e', 'inject=mkdir:error=EDQUOT:when=1..2'];
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  const { stdout } = spawnSync('strace', [...fails, ...node], { encoding: 'utf8' });
  // The first try finds no parent.
  expect(stdout).toContain('EDQUOT');
  expect(stdout).toContain(folder);
});
