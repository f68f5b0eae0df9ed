import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { document, type Ended } from './support/command.ts';
import { folder, LiveHost } from './support/live.ts';

/*
 * Break glass on a ROOT with two stable releases: the journal is damaged while the daemon is dead,
 * hangs or lives. Every verb does its thing, says what it could not see, and leaves a record.
 */
type Daemon = 'dead' | 'hung' | 'alive';

const journalOf = (host: LiveHost) => join(host.root, 'var/state/journal.db');
const link = (host: LiveHost) => readlinkSync(join(host.root, 'current')).replace('releases/', '');
const control = (host: LiveHost) => readdirSync(join(host.root, 'var/control'));

function overwrite(file: string, from: number, byte: number): void {
  const size = from === 0 ? 4096 : statSync(file).size - from;
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(size, byte), 0, size, from);
  closeSync(fd);
}

function instead(file: string, make: () => void): void {
  rmSync(file);
  make();
}

/** What is done to it, and what the verbs that read it then say of it. */
const damages = {
  'its header is zeros': [(file: string) => overwrite(file, 0, 0), /is no database/],
  'its second half is cut off': [
    (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2)),
    /is damaged/,
  ],
  'all pages but the first are garbage': [
    (file: string) => overwrite(file, 4096, 0xa5),
    /is damaged/,
  ],
  'it is deleted': [(file: string) => rmSync(file), /the journal is gone/],
  'it is a folder': [
    (file: string) => instead(file, () => mkdirSync(file)),
    /the journal is no file: folder/,
  ],
  'it is a link that leads nowhere': [
    (file: string) => instead(file, () => symlinkSync('/nowhere/journal.db', file)),
    /a link that leads nowhere/,
  ],
} as const satisfies Record<string, readonly [(file: string) => void, RegExp]>;

const cases: [Daemon, keyof typeof damages][] = [
  ['dead', 'all pages but the first are garbage'],
  ['dead', 'it is deleted'],
  ['dead', 'it is a link that leads nowhere'],
  ['hung', 'its second half is cut off'],
  ['hung', 'it is a folder'],
  ['alive', 'its header is zeros'],
  ['alive', 'it is deleted'],
];

let lived: LiveHost | null = null;
/** A host of its own, as one that lived for a while left it. */
async function givenHost(): Promise<{ host: LiveHost; releases: string[] }> {
  lived ??= await livedHost();
  const place = folder();
  execFileSync('cp', ['-a', lived.root, join(place, 'root')]);
  const host = new LiveHost(place);
  const releases = readdirSync(join(host.root, 'releases')).filter((name) => !name.startsWith('.'));
  return { host, releases: releases.sort() };
}

const kept = folder(afterAll);
async function livedHost(): Promise<LiveHost> {
  const host = new LiveHost(kept);
  await host.start();
  const change = host.change('other', { 'app/prompt.md': 'Be brief.\n' });
  expect((await host.ask('propose', change, '--as', 'cleo', '--wait')).exit).toBe(0);
  expect(await host.stop()).toBe(0);
  return host;
}

interface Found {
  findings: { ok: boolean; check: string; message: string }[];
}
/** What doctor is not content with, by check. */
function complaints(end: Ended): Record<string, string> {
  const bad = document<Found>(end).findings.filter((one) => !one.ok);
  return Object.fromEntries(bad.map((one) => [one.check, one.message]));
}

const needs = (end: Ended) =>
  document<{ needs: { what: string }[] }>(end).needs.map((one) => one.what);

const daemonSays: Record<Daemon, RegExp> = {
  dead: /does not run/,
  hung: /is stopped: it answers nobody/,
  alive: /could not look|cannot go on|does not run/,
};

it.each(cases)(
  '%s daemon, journal of which %s',
  async (daemon, damage) => {
    const { host, releases } = await givenHost();
    // Both may be of one second: their names do not tell which came first.
    const now = link(host);
    const before = releases.find((one) => one !== now);
    const [harm, said] = damages[damage];
    if (daemon !== 'dead') await host.start();
    if (daemon === 'hung') host.signal('SIGSTOP');
    harm(journalOf(host));

    const halted = await host.ask('halt', '--agent', 'ada', '--reason', 'it smells', '--json');
    expect(document(halted)).toMatchObject({ ok: true });
    expect(readFileSync(join(host.root, 'var/switches/agent.ada'), 'utf8')).toBe('it smells\n');
    const [doctor, status] = await Promise.all([
      host.ask('doctor', '--json'),
      host.ask('status', '--json'),
    ]);
    expect(doctor.exit).toBe(1);
    expect(complaints(doctor)).toMatchObject({
      ...{
        journal: expect.stringMatching(said),
        daemon: expect.stringMatching(daemonSays[daemon]),
      },
      stable: expect.stringMatching(/could not look/),
      switches: expect.stringMatching(/cannot be seen: no journal/),
    });
    expect(doctor.stdout).toContain('switches that are on, none forgotten: agent ada');
    expect(doctor.stdout).not.toMatch(/somebody wrote there/i);
    if (damage === 'it is deleted') expect(doctor.stdout).not.toContain('keep the file');
    expect(status.exit).toBe(0);
    expect(needs(status)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(said),
        expect.stringMatching(/^ada is halted .*: it smells$/),
      ]),
    );

    const back = document<Record<string, unknown>>(await host.ask('rollback', '--json'));
    expect(back).toMatchObject({ ok: true, from: now, to: before });
    expect(link(host)).toBe(before);
    // A daemon that lives knows from memory what it does; who does it from files says what is not.
    if (daemon !== 'alive' || damage !== 'its header is zeros') {
      expect(back).toMatchObject({ reason: { message: expect.stringMatching(said) } });
      expect(back.unknown).toContainEqual(expect.stringMatching(/whether an operator barred/));
      const left = control(host).filter((name) => !name.endsWith('.answer.json'));
      expect(left).toEqual([`${back.request}.json`]);
    }
    expect(document(await host.ask('resume', '--agent', 'ada', '--json'))).toMatchObject({
      ...{ ok: true, wasOn: true },
    });

    if (daemon === 'hung') host.signal('SIGKILL');
    // What cannot be recorded is not done: it ends by itself, so that it is started again.
    const ends = daemon === 'alive' && damage === 'it is deleted';
    if (ends) await expect.poll(() => host.running, { timeout: 10_000 }).toBe(false);
    if (daemon !== 'dead') expect(await host.stop()).toBe(ends ? 1 : daemon === 'hung' ? null : 0);
    host.said = '';
    await host.start();
    expect(link(host)).toBe(before);
    const log = (await host.ask('log', '--limit', '100')).stdout;
    expect(log).toMatch(/rolled back by root/);
    expect(control(host).some((name) => name.endsWith('.answer.json'))).toBe(true);
    const after = document<{ current: { id: string } }>(await host.ask('status', '--json'));
    expect(after.current.id).toBe(before);
    expect(await host.stop()).toBe(0);
  },
  60_000,
);
