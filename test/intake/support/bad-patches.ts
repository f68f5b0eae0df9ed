import { writeFileSync } from 'node:fs';
import { type Host, limits } from '../../stage/support/host.ts';
import { type BadDrop, row } from './bad-drop.ts';

const patch = (text: string | Buffer) => (host: Host) => {
  writeFileSync(
    host.drop('bad.patch'),
    typeof text === 'string' ? Buffer.from(text, 'latin1') : text,
  );
};
const hunk = '@@ -1,2 +1,2 @@\n task 1\n-task 2\n+task two\n';
const diff = (path: string, body = hunk) =>
  `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n${body}`;
const create = (path: string, mode = '100644') =>
  `diff --git a/${path} b/${path}\nnew file mode ${mode}\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+x\n`;
const task = 'app/prompts/task.md';

export const badPatches: BadDrop[] = [
  row('an empty patch', 'empty', patch('')),
  row('a patch that is a letter', 'empty', patch('Subject: please\n\nMake it better.\n')),
  row(
    'a patch that is noise',
    'empty',
    patch(Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 256))),
  ),
  row('a patch of a symlink', 'symlink', patch(create('app/link', '120000'))),
  row(
    'a patch that makes a file a symlink',
    'symlink',
    patch(`diff --git a/${task} b/${task}\nold mode 100644\nnew mode 120000\n`),
  ),
  row(
    'a patch of a symlink by its index line',
    'symlink',
    patch(
      `diff --git a/${task} b/${task}\nindex 1111111..2222222 120000\n--- a/${task}\n+++ b/${task}\n${hunk}`,
    ),
  ),
  row('a patch of a submodule', 'submodule', patch(create('app/sub', '160000'))),
  row('a patch of a set-uid file', 'setuid', patch(create('app/su', '104755'))),
  row('a patch of a folder', 'malformed', patch(create('app/dir', '040000'))),
  row('a patch that climbs out', 'path-parent', patch(diff('../../etc/passwd'))),
  row('a patch that climbs out in between', 'path-parent', patch(diff('app/../../x'))),
  row(
    'a patch that renames to above',
    'path-parent',
    patch(
      `diff --git a/${task} b/../x\nsimilarity index 100%\nrename from ${task}\nrename to ../x\n`,
    ),
  ),
  row(
    'a patch with an absolute path',
    'path-absolute',
    patch(`--- /etc/passwd\n+++ /etc/passwd\n${hunk}`),
  ),
  row(
    'a patch with an absolute path behind its prefix',
    'path-absolute',
    patch(`--- a//etc/passwd\n+++ b//etc/passwd\n${hunk}`),
  ),
  row(
    'a patch with a quoted control character',
    'path-control',
    patch(
      diff('x')
        .replaceAll(/[ab]\/x/g, '"$&\\033[2J"')
        .replaceAll('"a/x', '"a/app/x')
        .replaceAll('"b/x', '"b/app/x'),
    ),
  ),
  row(
    'a patch with a path that is no UTF-8',
    'path-not-utf8',
    patch(diff('app/x').replaceAll(/[ab]\/app\/x/g, '"$&\\351"')),
  ),
  row(
    'a patch with a quote that does not end',
    'malformed',
    patch('diff --git "a/app/x b/app/x\n--- "a/app/x\n+++ "b/app/x\n@@ -1 +1 @@\n-a\n+b\n'),
  ),
  row(
    'a patch whose headers disagree',
    'malformed',
    patch(diff(task).replace(`+++ b/${task}`, '+++ b/app/other.md')),
  ),
  row(
    'a patch whose title names something else',
    'malformed',
    patch(diff(task).replace(`diff --git a/${task} b/${task}`, 'diff --git a/app/x b/app/x')),
  ),
  row('a patch without prefixes', 'malformed', patch(`--- ${task}\n+++ ${task}\n${hunk}`)),
  row(
    'a patch that is cut off in a hunk',
    'malformed',
    patch(diff(task, '@@ -1,4 +1,4 @@\n task 1\n-task 2\n')),
  ),
  row(
    'a patch with more lines than it says',
    'malformed',
    patch(diff(task, '@@ -1,1 +1,1 @@\n task 1\n task 2\n@@ nonsense\n')),
  ),
  row(
    'a patch with a hunk of no form',
    'malformed',
    patch(diff(task, '@@ somewhere @@\n task 1\n')),
  ),
  row('a patch without a hunk', 'malformed', patch(diff(task, ''))),
  row(
    'a combined diff',
    'malformed',
    patch(
      `diff --cc ${task}\nindex 1,2..3\n--- a/${task}\n+++ b/${task}\n@@@ -1,1 -1,1 +1,1 @@@\n`,
    ),
  ),
  row(
    'a binary file without its content',
    'binary-patch',
    patch(
      'diff --git a/app/i.png b/app/i.png\nnew file mode 100644\nBinary files /dev/null and b/app/i.png differ\n',
    ),
  ),
  row(
    'a binary patch that is cut off',
    'malformed',
    patch(
      'diff --git a/app/i b/app/i\nnew file mode 100644\nindex 0000000..1111111\nGIT binary patch\nliteral 10\nRcmZo\nnonsense here\n',
    ),
  ),
  row(
    'a patch encoded for mail',
    'malformed',
    patch(`Subject: t\nContent-Transfer-Encoding: quoted-printable\n\n---\n${diff(task)}`),
  ),
  row('a patch with two bases', 'malformed', patch(`Base: a\nBase: b\n\n${diff(task)}`)),
  row(
    'a patch with a base that never was',
    'unknown-base',
    patch(`Base: 20200101T000000Z-0123456789\n\n${diff(task)}`),
  ),
  row('a patch of the supervisor', 'path-outside', patch(create('supervisor/main.ts'))),
  row('a patch of a git folder', 'path-outside', patch(create('app/.GIT/config'))),
  row(
    'a patch of too many files',
    'too-many-files',
    patch(Array.from({ length: 60 }, (_, at) => create(`app/${at}`)).join('')),
  ),
  row('a patch that is too big', 'too-big', patch(`${create('app/x')}${'x'.repeat(limits.bytes)}`)),
  row(
    'a patch that makes two files of one name',
    'path-case',
    patch(create('app/a') + create('app/A')),
  ),
  row(
    'a patch of another text',
    'does-not-apply',
    patch(diff(task, '@@ -1,2 +1,2 @@\n nothing\n-of the\n+kind\n')),
    'stage',
  ),
  row('a patch of a file that is not there', 'does-not-apply', patch(diff('app/none.md')), 'stage'),
  row('a patch that makes what is there', 'does-not-apply', patch(create(task)), 'stage'),
];
