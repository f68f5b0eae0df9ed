import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Host, limits, lines, write } from '../../stage/support/host.ts';
import { type BadDrop, row } from './bad-drop.ts';

const run = (program: string, ...args: string[]) => execFileSync(program, args);

const good = { 'proposal.yaml': 'title: t\n', 'files/app/new.md': 'new\n' };
/** A good overlay folder, and one thing more. */
const folder = (more: (path: string, host: Host) => void) => (host: Host) => {
  const path = host.drop('bad');
  write(path, good);
  more(path, host);
};
/** An overlay folder of these files alone. */
const only = (files: Record<string, string | Buffer>) => (host: Host) =>
  write(host.drop('bad'), files);
const yaml = (text: string) => only({ ...good, 'proposal.yaml': text });
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`files/app/${at}.md`, 'x']));
const bytes = (text: string) => Buffer.from(text, 'latin1');

export const badFolders: BadDrop[] = [
  row('a symlink in the inbox', 'symlink', (host) =>
    symlinkSync('/etc/passwd', host.drop('link.patch')),
  ),
  row('a symlink to a folder in the inbox', 'symlink', (host) =>
    symlinkSync(host.layout.releases, host.drop('link')),
  ),
  row('a named pipe in the inbox, which nobody writes', 'fifo', (host) =>
    run('mkfifo', host.drop('pipe.patch')),
  ),
  row('a socket in the inbox', 'socket', (host) => {
    const serve = `require('net').createServer().listen('s.patch', () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', serve], { cwd: host.layout.inbox('maker') });
  }),
  row('a device in the inbox', 'device', (host) =>
    run('mknod', host.drop('d.patch'), 'c', '1', '5'),
  ),
  row('a hard link to somebody else’s file', 'hard-link', (host, base) =>
    linkSync(join(host.layout.release(base), 'app/tools/list.ts'), host.drop('l.patch')),
  ),
  row('a set-uid file', 'setuid', (host) => {
    writeFileSync(host.drop('s.patch'), 'x');
    run('chmod', '4755', host.drop('s.patch'));
  }),
  row('a name that says nothing', 'unknown-form', (host) =>
    writeFileSync(host.drop('change'), 'x'),
  ),
  row('a zip archive', 'unknown-form', (host) => writeFileSync(host.drop('a.zip'), 'PK\x03\x04')),
  row('a name that is no UTF-8', 'unknown-form', (host) =>
    writeFileSync(Buffer.concat([Buffer.from(host.drop('b')), Buffer.from([0xff, 0xfe])]), 'x'),
  ),
  row('a withdrawal of a path', 'malformed', (host) =>
    writeFileSync(host.drop('x.withdraw'), '../../etc/passwd'),
  ),
  row('a withdrawal that is a folder', 'malformed', (host) =>
    write(host.drop('x.withdraw'), { a: 'b' }),
  ),
  row('an empty withdrawal', 'malformed', (host) => writeFileSync(host.drop('x.withdraw'), '')),
  row('an empty folder', 'malformed', (host) => mkdirSync(host.drop('bad'))),
  row('a folder without proposal.yaml', 'malformed', only({ 'files/app/new.md': 'new' })),
  row('a proposal.yaml that is a folder', 'malformed', only({ 'proposal.yaml/a': 'b' })),
  row('a proposal.yaml that changes nothing', 'empty', only({ 'proposal.yaml': 'title: t\n' })),
  row('a proposal.yaml that is no YAML', 'malformed', yaml('title: [')),
  row(
    'a proposal.yaml that is no UTF-8',
    'malformed',
    only({ ...good, 'proposal.yaml': bytes('title: \xff') }),
  ),
  row('a proposal.yaml without title', 'malformed', yaml('why: because\n')),
  row('a proposal.yaml with an unknown key', 'malformed', yaml('title: t\nproposer: boss\n')),
  row('a proposal.yaml with a title that is a list', 'malformed', yaml('title: [a, b]\n')),
  row(
    'a proposal.yaml with a title without end',
    'malformed',
    yaml(`title: ${'t'.repeat(1000)}\n`),
  ),
  row('a proposal.yaml that unfolds a billion laughs', 'malformed', yaml(laughs())),
  row('a proposal.yaml with the same key twice', 'malformed', yaml('title: a\ntitle: b\n')),
  row(
    'something besides files/',
    'malformed',
    folder((path) => write(path, { 'run.sh': 'x' })),
  ),
  row(
    'a symlink below files/',
    'symlink',
    folder((path) => symlinkSync('/', `${path}/files/root`)),
  ),
  row('files/ as a symlink', 'symlink', (host) => {
    write(host.drop('bad'), { 'proposal.yaml': good['proposal.yaml'] });
    symlinkSync(host.layout.state, `${host.drop('bad')}/files`);
  }),
  row(
    'a hard link below files/',
    'hard-link',
    folder((path, host) => {
      linkSync(`${host.layout.current}/kernel/main.ts`, `${path}/files/app/main.ts`);
    }),
  ),
  row(
    'a named pipe below files/',
    'fifo',
    folder((path) => run('mkfifo', `${path}/files/app/p`)),
  ),
  row(
    'a device below files/',
    'device',
    folder((path) => {
      run('mknod', `${path}/files/app/d`, 'c', '1', '3');
    }),
  ),
  row(
    'a set-gid file below files/',
    'setuid',
    folder((path) => {
      run('chmod', '2755', `${path}/files/app/new.md`);
    }),
  ),
  row(
    'a path that is no UTF-8',
    'path-not-utf8',
    folder((path) => {
      writeFileSync(Buffer.concat([Buffer.from(`${path}/files/app/`), Buffer.from([0xe9])]), 'x');
    }),
  ),
  row(
    'a path with a line feed',
    'path-control',
    folder((path) => write(path, { 'files/app/a\nb': 'x' })),
  ),
  row(
    'a path that turns the text around',
    'path-control',
    folder((path) => write(path, { 'files/app/a\u202egpj.md': 'x' })),
  ),
  row('two paths that differ by case', 'path-case', only({ ...good, 'files/app/New.md': 'x' })),
  row(
    'two paths composed differently',
    'path-case',
    only({ ...good, 'files/app/\u00e9': 'x', 'files/app/e\u0301': 'y' }),
  ),
  row(
    'a path that is too long',
    'path-too-long',
    only({ ...good, [`files/app/${'a/'.repeat(4)}${'b'.repeat(limits.path)}`]: 'x' }),
  ),
  row(
    'folders that are too deep',
    'too-deep',
    only({ ...good, [`files/app/${'a/'.repeat(limits.depth)}b`]: 'x' }),
  ),
  row('too many files', 'too-many-files', only({ ...good, ...many(limits.files + 1) })),
  row('far too many files', 'too-many-files', only({ ...good, ...many(limits.files * 3) })),
  row(
    'too many bytes',
    'too-big',
    only({ ...good, 'files/app/big': Buffer.alloc(limits.bytes + 1) }),
  ),
  row(
    'a file of a terabyte that is all hole',
    'too-big',
    folder((path) => {
      run('truncate', '-s', '1T', `${path}/files/app/hole`);
    }),
  ),
  row(
    'a path outside the runtime',
    'path-outside',
    only({ ...good, 'files/supervisor/main.ts': 'x' }),
  ),
  row('the policy itself', 'path-outside', only({ ...good, 'files/airlock.yaml': 'x' })),
  row('a release’s own manifest', 'path-outside', only({ ...good, 'files/release.json': '{}' })),
  row('a git folder', 'path-outside', only({ ...good, 'files/app/.git/config': 'x' })),
  row('a deletion of what is above', 'path-parent', yaml('title: t\ndelete: [../x]\n')),
  row('a deletion of an absolute path', 'path-absolute', yaml('title: t\ndelete: [/etc/passwd]\n')),
  row('a deletion of the runtime', 'malformed', yaml('title: t\ndelete: ["app/"]\n')),
  row(
    'a file that is written and deleted',
    'path-conflict',
    yaml('title: t\ndelete: [app/new.md]\n'),
  ),
  row(
    'a base that never was',
    'unknown-base',
    yaml('title: t\nbase: 20200101T000000Z-0123456789\n'),
  ),
  row('a base that is a path', 'unknown-base', yaml('title: t\nbase: ../../etc\n')),
  row(
    'a deletion of what is not there',
    'does-not-apply',
    yaml('title: t\ndelete: [app/none.md]\n'),
    'stage',
  ),
  row(
    'a file where the runtime has a folder',
    'path-conflict',
    only({ ...good, 'files/app/prompts': 'x' }),
    'stage',
  ),
  row(
    'a folder where the runtime has a file',
    'path-conflict',
    only({ ...good, 'files/kernel/main.ts/x': 'x' }),
    'stage',
  ),
  row(
    'a path that differs from the runtime’s by case',
    'path-case',
    only({ ...good, 'files/App/x': 'x' }),
    'intake',
  ),
  row(
    'a file that differs from the runtime’s by case',
    'path-case',
    only({ ...good, 'files/app/tools/List.ts': 'x' }),
    'stage',
  ),
  row(
    'what the runtime is already',
    'no-op',
    only({ 'proposal.yaml': 'title: t', 'files/app/prompts/task.md': lines(20, 'task') }),
    'stage',
  ),
];

function laughs(): string {
  const levels = Array.from({ length: 12 }, (_, at) =>
    at === 0
      ? 'a0: &a0 [x]'
      : `a${at}: &a${at} [${Array(9)
          .fill(`*a${at - 1}`)
          .join(', ')}]`,
  );
  return `title: t\n${levels.join('\n')}\n`;
}
