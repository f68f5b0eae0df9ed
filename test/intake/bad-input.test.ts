import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { kindOf, removeTree } from '../../supervisor/host/files/files.ts';
import { codes, Host } from '../stage/support/host.ts';
import type { BadDrop } from './support/bad-drop.ts';
import { badFolders } from './support/bad-folders.ts';
import { badPatches } from './support/bad-patches.ts';
import { badTarballs } from './support/bad-tarballs.ts';
import { listDrops } from './support/inbox.ts';

let host: Host;
let base: string;

beforeAll(async () => {
  host = new Host();
  base = (await host.first()).id;
});
beforeEach(() => {
  for (const name of readdirSync(host.layout.inbox('maker'), { encoding: 'buffer' })) {
    removeTree(Buffer.concat([Buffer.from(host.drop('')), name]).toString());
  }
});
afterAll(() => host.remove());

const all: BadDrop[] = [...badFolders, ...badPatches, ...badTarballs];

describe('intake refuses what is malformed or hostile, and keeps it', () => {
  test('there are at least 60 of them, each of a name of its own', () => {
    expect(all.length).toBeGreaterThanOrEqual(60);
    expect(new Set(all.map((one) => one.what)).size).toBe(all.length);
  });

  test.each(all)('$what: $code', async ({ code, make, at }) => {
    const before = readdirSync(host.layout.releases);
    make(host, base);
    const [drop] = listDrops({ inbox: host.layout.inbox('maker'), now: Date.now(), settle: 0 });
    expect(drop?.name, 'the drop is seen').toBeDefined();

    const { id, result } = host.seal(drop?.name as string);
    const refused =
      at === 'stage' && result.kind === 'sealed'
        ? await host.stage({ id, sealed: result.sealed }, base)
        : result;

    expect(refused.kind).toBe('refused');
    expect(codes(refused)).toContain(code);
    expect(codes(refused)[0], 'the first reason is the one to show').toBe(code);
    expect(kindOf(`${host.layout.sealed(id)}/original`), 'the original is kept').not.toBe('absent');
    expect(readdirSync(host.layout.inbox('maker')), 'the inbox is empty again').toEqual([]);
    expect(readdirSync(host.layout.releases), 'no release came of it').toEqual(before);
    expect(existsSync('/tmp/airlock-escaped'), 'nothing got out').toBe(false);
    const again = host.seal(drop?.name as string, id).result;
    expect(again, 'asked again, it says the same').toEqual(result);
  });

  test('after all of them a good proposal is accepted as ever', async () => {
    host.overlay('good', { 'app/new.md': 'new\n' });
    const accepted = host.accept('good');
    const result = await host.stage(accepted, base);
    expect(result.kind).toBe('staged');
    const text = readFileSync(`${host.layout.current}/kernel/main.ts`, 'utf8');
    expect(text).toContain('42');
    execFileSync('git', ['-C', host.layout.history, 'fsck', '--strict']);
  });
});
