// Makes the package of this checkout: `node --import tsx supervisor/package.mjs [--bare] [folder]`
// (out). A folder airlock-<version>-<platform> with all that a bare Debian lacks, and, unless it is to
// be bare, a tarball of it that is the same wherever it was made from the same files.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groups } from './cli/verbs.ts';
import { bashCompletion, fishCompletion, manualPage, zshCompletion } from './install/texts.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
const platform = `${process.platform}-${process.arch}`;
const name = `airlock-${version}-${platform}`;
const bare = process.argv.includes('--bare');
const out = resolve(process.argv.slice(2).find((one) => one !== '--bare') ?? join(checkout, 'out'));
const folder = join(out, name);

/** Nothing of who made it, and when. */
const plain = [
  '--sort=name',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--mtime=@0',
  '--mode=u+rwX,go+rX,go-w',
  '-I',
  'gzip -n',
];

rmSync(folder, { recursive: true, force: true });
const at = (...parts) => {
  const path = join(folder, ...parts);
  mkdirSync(dirname(path), { recursive: true });
  return path;
};
const run = (program, args, options = {}) =>
  execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });

// The program, and the one module that is not in it: SQLite for the interpreter that comes along.
run(process.execPath, [join(checkout, 'supervisor/build.mjs'), at('dist')]);
native(Number(process.versions.napi) >= 10 ? 'better-sqlite3' : 'better-sqlite3-12');

// The interpreter, npm (it installs the dependencies of releases) and git (the history).
cpSync(realpathSync(process.execPath), at('node/bin/node'), { dereference: true });
copyNpm();
const git = '/usr/bin/git';
cpSync(git, at('git/bin/git'), { dereference: true });
for (const own of ['/usr/share/doc/git/copyright', '/usr/share/doc/nodejs/copyright']) {
  if (existsSync(own)) cpSync(own, at('share/doc', `${own.split('/')[4]}-copyright`));
}

// The host's own git and npm go first; a bare one has none.
const own = 'PATH="$PATH:$here/git/bin:$here/node/bin"\nexport PATH';
script('bin/airlock', `${own}\nexec "$here/node/bin/node" "$here/dist/cli/airlock.js" "$@"`);
cpSync(join(checkout, 'supervisor/install/airlock-fallback.sh'), at('bin/airlock-fallback'));
chmodSync(at('bin/airlock-fallback'), 0o755);

// The reference runtime, its suite and its dependencies: a host without a runtime of its own has
// one to begin with, offline.
for (const part of ['kernel', 'app', 'config', 'smoke']) {
  const to = part === 'smoke' ? at('share/smoke') : at('share/runtime', part);
  cpSync(join(checkout, part), to, { recursive: true });
}
dependencies();
cpSync(join(checkout, 'supervisor/install/host.yaml'), at('share/airlock.yaml'));

const verbs = groups.flatMap((group) => group.verbs).filter((verb) => verb.hidden !== true);
writeFileSync(at('share/completions/airlock.bash'), bashCompletion(verbs));
writeFileSync(at('share/completions/airlock.zsh'), zshCompletion(verbs));
writeFileSync(at('share/completions/airlock.fish'), fishCompletion(verbs));
writeFileSync(at('share/man/airlock.1'), manualPage(verbs, version));
cpSync(join(checkout, 'README.md'), at('README.md'));

manifest();
if (!bare) tarball();

/** A package of node_modules, without what only compiling needs, and what it requires. */
function native(first) {
  const require = createRequire(join(checkout, 'package.json'));
  const seen = new Set();
  const take = (one) => {
    if (seen.has(one) || one === 'prebuild-install') return;
    seen.add(one);
    const from = join(checkout, 'node_modules', one);
    const about = require(join(from, 'package.json'));
    const to = at('node_modules', one, '.');
    const compiled = /^(build\/Release\/[^/]+\.node|lib\/.*|[^/]+\.(js|json)|LICENSE[^/]*)$/;
    for (const path of filesOf(from)) {
      if (!compiled.test(path) || path.endsWith('test_extension.node')) continue;
      mkdirSync(dirname(join(to, path)), { recursive: true });
      cpSync(join(from, path), join(to, path));
    }
    for (const other of Object.keys(about.dependencies ?? {})) take(other);
  };
  take(first);
}

function copyNpm() {
  const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm']).toString().trim())));
  const from = existsSync(join(npm, 'bin/npm-cli.js')) ? npm : join(npm, 'npm');
  cpSync(from, at('node/lib/npm'), {
    recursive: true,
    dereference: true,
    filter: (path) => !/\/(man|docs|\.bin)(\/|$)/.test(path.slice(from.length)),
  });
  script('node/bin/npm', `exec "$here/bin/node" "$here/lib/npm/bin/npm-cli.js" "$@"`);
}

function script(path, line) {
  const file = at(path);
  const text = `#!/bin/sh\nhere=$(dirname "$(dirname "$(readlink -f "$0")")")\n${line}\n`;
  writeFileSync(file, text, { mode: 0o755 });
}

/** As staging installs them: by lock file, without a script; packed, because they hold links. */
function dependencies() {
  const lock = readFileSync(join(checkout, 'kernel/package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  const place = join(out, '.deps');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) {
    cpSync(join(checkout, 'kernel', file), join(place, file));
  }
  const how = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  run('npm', how, { cwd: place });
  mkdirSync(at('share/deps', '.'), { recursive: true });
  run('tar', [
    ...plain,
    '-C',
    join(place, 'node_modules'),
    '-cf',
    at(`share/deps/${digest}.tar.gz`),
    '.',
  ]);
  rmSync(place, { recursive: true, force: true });
}

function filesOf(from, inner = '') {
  return readdirSync(join(from, inner), { withFileTypes: true }).flatMap((entry) => {
    const path = inner === '' ? entry.name : `${inner}/${entry.name}`;
    return entry.isDirectory() ? filesOf(from, path) : [path];
  });
}

/** What every file of it is: an installer believes nothing else. */
function manifest() {
  const files = {};
  for (const path of filesOf(folder).sort()) {
    const file = join(folder, path);
    const stat = lstatSync(file);
    if (!stat.isFile()) throw new Error(`${path} is no regular file`);
    const mode = (stat.mode & 0o111) === 0 ? 0o644 : 0o755;
    chmodSync(file, mode);
    files[path] = { mode, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
  }
  const about = { schema: 1, version, platform, files };
  writeFileSync(join(folder, 'MANIFEST.json'), `${JSON.stringify(about, null, 1)}\n`);
}

function tarball() {
  const file = `${folder}.tar.gz`;
  run('tar', [...plain, '-C', out, '-cf', file, name]);
  const mib = lstatSync(file).size / 2 ** 20;
  console.log(`${name}.tar.gz: ${mib.toFixed(1)} MiB`);
}
