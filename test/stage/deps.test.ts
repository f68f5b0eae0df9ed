import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { installDeps } from '../../supervisor/act/stage/deps.ts';
import { lockFaults } from '../../supervisor/act/stage/lock-file.ts';
import { findPrograms } from '../../supervisor/host/process/programs.ts';
import { tarball } from '../intake/support/tar-bytes.ts';
import { codes, Host, runtime } from './support/host.ts';

let host: Host;
let registry: Server;
let address: string;
let fetched: string[];
let proof: string;
let packed: Buffer;

/** A registry on this machine with one package, whose install script leaves a proof. */
beforeEach(async () => {
  host = new Host();
  fetched = [];
  proof = join(host.folder, 'proof');
  const scripts = { install: `touch ${proof}`, postinstall: `touch ${proof}` };
  packed = tarball([
    {
      path: 'package/package.json',
      content: JSON.stringify({
        name: 'left',
        version: '1.0.0',
        bin: { left: 'main.js' },
        scripts,
      }),
    },
    { path: 'package/main.js', content: '#!/usr/bin/env node\n', mode: 0o755 },
  ]);
  registry = createServer((request, response) => {
    fetched.push(request.url ?? '');
    response.end(packed);
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
  vi.stubEnv('npm_config_registry', `http://${address}/`);
  vi.stubEnv('npm_config_cache', join(host.folder, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  registry.close();
  host.remove();
});

const sha512 = (content: Buffer) =>
  `sha512-${createHash('sha512').update(content).digest('base64')}`;

function files(integrity = sha512(packed), word = '1') {
  const dependencies = { left: '1.0.0' };
  const root = { name: 'runtime', version: '1.0.0', dependencies };
  const resolved = `http://${address}/left/-/left-1.0.0.tgz`;
  const left = {
    version: '1.0.0',
    resolved,
    integrity,
    hasInstallScript: true,
    bin: { left: 'main.js' },
  };
  const lock = {
    name: 'runtime',
    lockfileVersion: 3,
    word,
    packages: { '': root, 'node_modules/left': left },
  };
  return {
    ...runtime,
    'package.json': JSON.stringify(root),
    'package-lock.json': JSON.stringify(lock),
  };
}

async function install(made = files()) {
  const manifest = await host.first(made);
  const request = { layout: host.layout, release: manifest.id, digest: manifest.deps as string };
  const result = await installDeps({
    ...request,
    limits: { deps: 60_000 },
    programs: findPrograms(),
  });
  return { result, place: `${host.layout.deps}/${manifest.deps}` };
}

describe('dependencies', () => {
  test('are installed once per lock file, read-only, and no script of theirs runs', async () => {
    const { result, place } = await install();
    expect(result).toEqual({ kind: 'installed' });
    expect(readFileSync(join(place, '.bin/left'), 'utf8')).toContain('env node');
    for (const path of ['', 'left', 'left/package.json']) {
      expect(statSync(join(place, path)).mode & 0o222, path).toBe(0);
    }
    expect(existsSync(proof)).toBe(false);
    expect(readdirSync(host.layout.staging)).toEqual([]);
    expect(fetched).toHaveLength(1);
    expect((await install()).result).toEqual({ kind: 'present' });
    expect(fetched).toHaveLength(1);
  });

  test('that are in npm’s cache need no network', async () => {
    await install();
    registry.close();
    registry.closeAllConnections();
    const { result, place } = await install(files(sha512(packed), '2'));
    expect(result).toEqual({ kind: 'installed' });
    expect(existsSync(join(place, 'left/main.js'))).toBe(true);
  });

  test('whose content is not what the lock file says are refused', async () => {
    const { result, place } = await install(files(sha512(Buffer.from('other'))));
    expect(codes(result)).toEqual(['deps-failed']);
    expect(result).toMatchObject({ reasons: [{ cause: expect.stringContaining('EINTEGRITY') }] });
    expect(existsSync(place)).toBe(false);
    expect(readdirSync(host.layout.staging)).toEqual([]);
  });

  test('from elsewhere are refused before anything is fetched', async () => {
    const made = files();
    const lock = made['package-lock.json'].replaceAll(address, 'evil.example');
    const { result } = await install({ ...made, 'package-lock.json': lock });
    expect(codes(result)).toEqual(['deps-not-allowed']);
    expect(fetched).toEqual([]);
  });

  test('without npm are an error that says so, unless they are there', async () => {
    const manifest = await host.first(files());
    const programs = { node: process.execPath, npm: null };
    const request = {
      layout: host.layout,
      release: manifest.id,
      digest: manifest.deps as string,
      limits: { deps: 1000 },
      programs,
    };
    const lock = files()['package-lock.json'].replaceAll(address, 'registry.npmjs.org');
    const other = await host.first({ ...files(), 'package-lock.json': lock });
    const lacking = { ...request, release: other.id, digest: other.deps as string };
    expect(codes(await installDeps(lacking))).toEqual(['missing-npm']);
    mkdirSync(`${host.layout.deps}/${manifest.deps}`, { recursive: true });
    expect(await installDeps(request)).toEqual({ kind: 'present' });
  });
});

const hash = sha512(Buffer.from('x'));
const good = { version: '1.0.0', integrity: hash };
const judge = (dependencies: Record<string, string>, packages: object, more: object = {}) => {
  const manifest = JSON.stringify({ dependencies, ...more });
  const lock = { lockfileVersion: 3, packages: { '': { dependencies }, ...packages } };
  return lockFaults(manifest, JSON.stringify(lock), new Set(['registry.npmjs.org']));
};

describe('a lock file', () => {
  test('of registry packages is fine', () => {
    const registryUrl = 'https://registry.npmjs.org/a/-/a-1.0.0.tgz';
    const packages = {
      'node_modules/a': { ...good, resolved: registryUrl },
      'node_modules/@s/b/node_modules/c.d': good,
      'node_modules/a/node_modules/in': { inBundle: true },
    };
    const wanted = { a: '^1.0.0 || >=2 <3', b: 'npm:@s/b@1', c: 'latest' };
    expect(judge(wanted, packages)).toEqual([]);
  });

  const specifiers = [
    'git+https://example.com/a.git',
    'github:a/b',
    'a/b',
    'file:../a',
    'link:../a',
    'https://example.com/a.tgz',
    'workspace:*',
    'npm:../a',
  ];
  test.each(specifiers)('with a dependency on %s is refused', (specifier) => {
    expect(judge({ a: specifier }, {}).map((one) => one.input)).toEqual(['a']);
  });

  const packages: [string, string, object][] = [
    ['without a hash', 'node_modules/a', { version: '1.0.0' }],
    ['with a weak hash', 'node_modules/a', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }],
    ['with half a hash', 'node_modules/a', { integrity: 'sha512-abc' }],
    ['from another host', 'node_modules/a', { ...good, resolved: 'https://evil.example/a.tgz' }],
    ['from git', 'node_modules/a', { ...good, resolved: 'git+ssh://git@registry.npmjs.org/a.git' }],
    ['from a file', 'node_modules/a', { ...good, resolved: 'file:../a.tgz' }],
    ['that is a link', 'node_modules/a', { ...good, link: true }],
    ['in the runtime itself', 'kernel', good],
    ['that climbs out', 'node_modules/../kernel', good],
    ['in a hidden place', 'node_modules/.bin', good],
  ];
  test.each(packages)('with a package %s is refused', (_what, at, locked) => {
    expect(judge({}, { [at]: locked }).map((one) => one.input)).toEqual([at]);
  });

  test('that does not agree with its manifest, is old, or has workspaces is refused', () => {
    expect(judge({}, {}, { dependencies: { a: '1' } })).toMatchObject([{ input: 'dependencies' }]);
    expect(judge({}, {}, { workspaces: ['x'] })).toMatchObject([{ input: 'package.json' }]);
    const old = JSON.stringify({ lockfileVersion: 1, packages: { '': {} } });
    expect(lockFaults('{}', old, new Set())).toMatchObject([{ input: 'lockfileVersion' }]);
    expect(lockFaults('{}', '{', new Set())).toMatchObject([{ input: 'package-lock.json' }]);
    expect(lockFaults('{}', '{"lockfileVersion": 3}', new Set())).not.toEqual([]);
  });
});
