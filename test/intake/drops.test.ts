import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nameToText, textToName } from '../../supervisor/host/inbox/names.ts';
import { watch } from '../../supervisor/host/time/watch.ts';
import { Host, write } from '../stage/support/host.ts';
import { listDrops } from './support/inbox.ts';

let host: Host;
let inbox: string;

beforeEach(() => {
  host = new Host();
  inbox = host.layout.inbox('maker');
});
afterEach(() => host.remove());

const settle = 500;
/** As the inbox looks so long after the last change of a drop. */
const look = (name: string, after: number, hints: string[] = []) => {
  const now = Math.ceil(statSync(join(inbox, name)).ctimeMs) + after;
  const drops = listDrops({ inbox, now, settle, hints: new Set(hints) });
  return drops.find((drop) => drop.name === name);
};

/** Until the kernel's clock, which stamps files, has moved on: it beats every few milliseconds. */
function nextBeat(): void {
  const probe = join(host.folder, 'probe');
  const stamp = () => {
    writeFileSync(probe, 'x');
    return statSync(probe, { bigint: true }).mtimeNs;
  };
  const before = stamp();
  while (stamp() === before);
}

describe('a drop is ready', () => {
  test('at once when it came by a rename', () => {
    writeFileSync(join(inbox, '.x'), 'content');
    nextBeat();
    renameSync(join(inbox, '.x'), join(inbox, 'x.patch'));
    expect(look('x.patch', 0)).toMatchObject({ ready: true });
  });

  test('when it was copied and has lain unchanged', () => {
    writeFileSync(join(inbox, 'x.patch'), 'content');
    expect(look('x.patch', 0)).toMatchObject({ ready: false });
    expect(look('x.patch', settle - 2)).toMatchObject({ ready: false });
    expect(look('x.patch', settle)).toMatchObject({ ready: true });
  });

  test('at once when the watcher saw the rename, within one beat of the clock too', () => {
    writeFileSync(join(inbox, 'x.patch'), 'content');
    expect(look('x.patch', 0, ['x.patch'])).toMatchObject({ ready: true });
  });

  test('as a folder, only when nothing inside is written to any more', () => {
    write(join(inbox, '.f'), { 'files/app/a': 'x' });
    nextBeat();
    renameSync(join(inbox, '.f'), join(inbox, 'f'));
    expect(look('f', 0)).toMatchObject({ ready: true });
    nextBeat();
    writeFileSync(join(inbox, 'f/files/app/a'), 'more');
    expect(look('f', 0)).toMatchObject({ ready: false });
    const inside = Math.ceil(statSync(join(inbox, 'f/files/app/a')).ctimeMs);
    expect(listDrops({ inbox, now: inside + settle, settle })[0]).toMatchObject({ ready: true });
  });

  test('not yet when it was made and its mode set before its content came', () => {
    writeFileSync(join(inbox, 'x.patch'), '');
    mkdirSync(join(inbox, 'f'));
    nextBeat();
    execFileSync('chmod', ['600', join(inbox, 'x.patch')]);
    execFileSync('chmod', ['700', join(inbox, 'f')]);
    expect(look('x.patch', 0)).toMatchObject({ ready: false });
    expect(look('f', 0)).toMatchObject({ ready: false });
  });

  test('in spite of times that it gave itself', () => {
    writeFileSync(join(inbox, 'x.patch'), 'x');
    utimesSync(join(inbox, 'x.patch'), 1, 4_000_000_000);
    expect(look('x.patch', 0)).toMatchObject({ ready: false });
    expect(look('x.patch', settle)).toMatchObject({ ready: true });
  });

  test('when the clock was set back by hours meanwhile', () => {
    writeFileSync(join(inbox, 'x.patch'), 'x');
    expect(look('x.patch', -3_600_000)).toMatchObject({ ready: true });
  });
});

describe('an inbox', () => {
  test('shows nothing hidden, and everything else in the order it came to rest', () => {
    for (const name of ['.hidden', 'b', 'a']) {
      writeFileSync(join(inbox, name), 'x');
      nextBeat();
    }
    const names = listDrops({ inbox, now: Date.now() + 1e6, settle }).map((drop) => drop.name);
    expect(names).toEqual(['b', 'a']);
  });

  test('that is not there is empty', () => {
    expect(listDrops({ inbox: join(inbox, 'none'), now: 0, settle })).toEqual([]);
  });

  test('names of any bytes come through text and back, no two alike', () => {
    const names = ['a', '\\', '\\xe9', 'é', 'a\\xffb'].map((text) => Buffer.from(text));
    names.push(Buffer.from([0xe9]), Buffer.from([0x61, 0xff, 0x62]), Buffer.from([0xff, 0x5c]));
    const texts = names.map(nameToText);
    expect(new Set(texts).size).toBe(names.length);
    expect(texts.map(textToName)).toEqual(names);
  });
});

describe('the watcher', () => {
  test('tells of a rename from a dot-file, and of a plain copy that it is none', async () => {
    const seen = await watching(() => {
      writeFileSync(join(inbox, '.x'), 'content');
      renameSync(join(inbox, '.x'), join(inbox, 'renamed'));
      writeFileSync(join(inbox, 'copied'), 'content');
    }, ['renamed', 'copied']);
    expect(seen.get(join(inbox, 'renamed'))).toBe(true);
    expect(seen.get(join(inbox, 'copied'))).toBe(false);
  });

  test('is not taken in by a dot-file that is removed just before a plain copy begins', async () => {
    const events: [string, boolean][] = [];
    const watcher = start((_folder, name, renamed) => events.push([name, renamed]));
    await watcher.ready;
    writeFileSync(join(inbox, '.x'), 'content');
    await until(() => events.some(([name]) => name === '.x'));
    unlinkSync(join(inbox, '.x'));
    writeFileSync(join(inbox, 'copied'), 'con');
    await until(() => events.some(([name]) => name === 'copied'));
    await watcher.close();
    expect(events.filter(([, renamed]) => renamed)).toEqual([]);
  });

  test('sees inboxes that are made while it runs', async () => {
    const late = host.layout.inbox('late');
    const events: string[] = [];
    const watcher = start((folder, name) => events.push(join(folder, name)));
    await watcher.ready;
    mkdirSync(late);
    await until(() => events.includes(late));
    // Its own watch begins a moment later; whatever lies in it by then is told as well.
    let count = 0;
    await until(() => {
      writeFileSync(join(late, `drop-${count++}`), 'x');
      return events.some((path) => path.startsWith(`${late}/`));
    });
    await watcher.close();
  });

  test('tells of an inbox itself in a flood, and of names again after it', async () => {
    const told: string[] = [];
    const watcher = start((folder, name) => folder === inbox && told.push(name));
    await watcher.ready;
    for (let at = 0; at < 2000; at++) writeFileSync(join(inbox, `drop-${at}`), 'x');
    await until(() => told.includes(''));
    expect(told.length).toBeLessThan(1500);
    // It holds much still: listing it is not chokidar's.
    for (let at = 0; at < 2000; at++) unlinkSync(join(inbox, `drop-${at}`));
    let count = 0;
    await until(() => {
      writeFileSync(join(inbox, `later-${count++ % 50}`), 'x');
      return told.some((name) => name.startsWith('later-'));
    });
    await watcher.close();
  });

  test('an inbox that holds much is told of as a whole, from the first', async () => {
    for (let at = 0; at < 600; at++) writeFileSync(join(inbox, `drop-${at}`), 'x');
    const told = new Set<string>();
    const watcher = start((folder, name) => folder === inbox && told.add(name));
    await watcher.ready;
    let count = 0;
    await until(() => {
      writeFileSync(join(inbox, `later-${count++ % 50}`), 'x');
      return told.has('');
    });
    await watcher.close();
    expect([...told]).toEqual(['']);
  });

  test('a folder that is no inbox is never left alone: an operator may ask very often', async () => {
    const { control } = host.layout;
    mkdirSync(control, { recursive: true });
    const told = new Set<string>();
    const failed = (error: unknown) => {
      throw error;
    };
    const watcher = watch({ folders: [control], parents: [], onError: failed }, (_, name) => {
      told.add(name);
    });
    await watcher.ready;
    for (let at = 0; at < 2000; at++) writeFileSync(join(control, `request-${at}`), 'x');
    await until(() => told.size === 2000);
    await watcher.close();
  });

  const start = (wake: (folder: string, name: string, renamed: boolean) => void) => {
    const onError = (error: unknown) => {
      throw error;
    };
    return watch({ folders: [], parents: [host.layout.inboxes], onError }, wake);
  };

  async function watching(act: () => void, names: string[]): Promise<Map<string, boolean>> {
    const seen = new Map<string, boolean>();
    const watcher = start((folder, name, renamed) => {
      const path = join(folder, name);
      seen.set(path, renamed || (seen.get(path) ?? false));
    });
    await watcher.ready;
    act();
    await until(() => names.every((name) => seen.has(join(inbox, name))));
    await watcher.close();
    return seen;
  }
});

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
