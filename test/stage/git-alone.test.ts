import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openHistory } from '../../supervisor/act/stage/history.ts';
import { git } from '../../supervisor/host/process/git.ts';
import { Host, runtime, staged } from './support/host.ts';

/*
 * Whatever a user, the system or an agent configured for git: none of it has a say in what becomes
 * of a patch.
 */

let host: Host;
let base: string;
let proof: string;

/** A program that leaves a proof that it ran. */
function tattler(path: string): string {
  writeFileSync(path, `#!/bin/sh\necho ran >> ${proof}\ncat\n`);
  chmodSync(path, 0o755);
  return path;
}

beforeEach(() => {
  host = new Host();
  proof = join(host.folder, 'proof');
});
afterEach(() => {
  vi.unstubAllEnvs();
  host.remove();
});

const attributes = '* text eol=crlf filter=tattle diff=tattle merge=union ident\n';

/** A home with hooks, a filter, a diff driver and attributes for everything. */
function hostileHome(): void {
  const home = join(host.folder, 'home');
  mkdirSync(join(home, 'hooks'), { recursive: true });
  const program = tattler(join(home, 'tattle'));
  for (const hook of ['pre-commit', 'post-commit', 'reference-transaction', 'pre-applypatch']) {
    tattler(join(home, 'hooks', hook));
  }
  writeFileSync(join(home, 'attributes'), attributes);
  const set = (key: string, value: string) =>
    execFileSync('git', ['config', '--file', join(home, '.gitconfig'), key, value]);
  set('core.hooksPath', join(home, 'hooks'));
  set('core.attributesFile', join(home, 'attributes'));
  set('core.autocrlf', 'true');
  set('core.fsmonitor', program);
  for (const key of ['clean', 'smudge']) set(`filter.tattle.${key}`, program);
  for (const key of ['command', 'textconv']) set(`diff.tattle.${key}`, program);
  set('diff.external', program);
  set('apply.whitespace', 'fix');
  vi.stubEnv('HOME', home);
  vi.stubEnv('XDG_CONFIG_HOME', home);
  vi.stubEnv('GIT_CONFIG_GLOBAL', join(home, '.gitconfig'));
  vi.stubEnv('GIT_EXTERNAL_DIFF', program);
  vi.stubEnv('GIT_CONFIG_COUNT', '1');
  vi.stubEnv('GIT_CONFIG_KEY_0', 'core.hooksPath');
  vi.stubEnv('GIT_CONFIG_VALUE_0', join(home, 'hooks'));
}

test('no hook, filter, attribute or user setting touches a patch', async () => {
  hostileHome();
  base = (await host.first({ ...runtime, 'app/.gitattributes': attributes })).id;
  const odd = 'trailing \t \nwindows\r\n$Id$\n';
  writeFileSync(
    host.drop('odd.patch'),
    `diff --git a/app/odd b/app/odd\nnew file mode 100644\n--- /dev/null\n+++ b/app/odd\n` +
      `@@ -0,0 +1,3 @@\n${odd.replaceAll(/^(?=.)/gm, '+')}`,
  );
  const { manifest } = staged(await host.stage(host.accept('odd.patch'), base));
  expect(readFileSync(join(host.layout.release(manifest.id), 'app/odd'), 'utf8')).toBe(odd);
  expect(existsSync(proof), 'nothing of it ran').toBe(false);
});

test('git sees no settings but ours and the repository’s own', async () => {
  hostileHome();
  await openHistory(host.layout);
  const args = ['config', '--list', '--show-scope', '--name-only'];
  const { stdout } = await git({ repository: host.layout.history, args });
  const scopes = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split('\t')[0]);
  expect(new Set(scopes)).toEqual(new Set(['local', 'command']));
  expect(stdout.toString()).not.toContain('tattle');
});

test('with these settings an ordinary git would have run something', () => {
  hostileHome();
  const folder = join(host.folder, 'plain');
  mkdirSync(folder);
  writeFileSync(join(folder, '.gitattributes'), attributes);
  writeFileSync(join(folder, 'a'), 'x\n');
  execFileSync('git', ['-C', folder, 'init', '-q']);
  execFileSync('git', ['-C', folder, 'add', 'a'], { stdio: 'ignore' });
  expect(existsSync(proof)).toBe(true);
});

test('a missing git is an error that says how to install it', async () => {
  await openHistory(host.layout);
  vi.stubEnv('PATH', join(host.folder, 'empty'));
  const call = git({ repository: host.layout.history, args: ['rev-parse'] });
  await expect(call).rejects.toMatchObject({ reason: { code: 'missing-git' } });
});
