import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flip } from '../../supervisor/host/files/links.ts';
import type { Layout } from '../../supervisor/model/layout.ts';
import { observer } from '../../supervisor/observe/facts.ts';
import { writeRequest } from '../../supervisor/store/requests.ts';
import { writeSwitch } from '../../supervisor/store/switches.ts';
import { medianOf } from '../measure.ts';
import { emptyRoot } from '../store/support.ts';

const sweep = { tick: true, dirty: null, releases: [] };
const noPolicy = { policy: null, fault: null, kept: new Set<string>() };
const noInbox = new Map<string, ReadonlyMap<string, boolean>>();
/** Something happened, nobody knows to what. */
const some: ReadonlyMap<string, boolean> = new Map([['', false]]);

function watching(place: Layout, settle = 0) {
  let now = Date.now();
  const seen = observer({
    layout: place,
    now: () => now,
    settle: () => settle,
    policy: { refresh: () => undefined, seen: () => noPolicy },
  });
  const pass = (ms: number) => {
    now += ms;
  };
  /** As the loop does: a look whose time was up is followed by another. */
  const look = (woken: Parameters<typeof seen.observe>[0]) => {
    let facts = seen.observe(woken);
    while (facts.unlooked) facts = seen.observe(woken);
    return facts;
  };
  return { ...seen, look, pass };
}

function inbox(place: Layout, agent: string): string {
  mkdirSync(place.inbox(agent), { recursive: true });
  return place.inbox(agent);
}

/** A drop as the contract advises: written aside, then renamed. */
function drop(place: Layout, agent: string, name: string): void {
  const folder = inbox(place, agent);
  writeFileSync(join(folder, `.${name}`), 'a change');
  // Well before the rename, so that the clock beats of the two differ.
  utimesSync(join(folder, `.${name}`), 1000, 1000);
  renameSync(join(folder, `.${name}`), join(folder, name));
}

const names = (drops: { agent: string; name: string }[]) =>
  drops.map((one) => `${one.agent}/${one.name}`);

function release(place: Layout, id: string, agents: string): void {
  mkdirSync(join(place.release(id), 'config'), { recursive: true });
  writeFileSync(join(place.release(id), 'config', 'agents.yaml'), agents);
}

test('an empty ROOT has no news', () => {
  const facts = watching(emptyRoot()).observe(sweep);
  expect(facts).toEqual({
    tick: true,
    hostInstall: false,
    policyFile: noPolicy,
    drops: [],
    unlooked: false,
    requests: [],
    requestFiles: new Set(),
    switches: { readable: true, halts: [] },
    current: null,
    agents: new Map(),
    kept: [],
  });
});

test('a wake looks where something happened; the tick finds what no event told', () => {
  const place = emptyRoot();
  const { look: observe } = watching(place);
  inbox(place, 'maker');
  inbox(place, 'keeper');
  observe(sweep);
  drop(place, 'maker', 'one.patch');
  drop(place, 'keeper', 'two.patch');
  const woken = { tick: false, dirty: new Map([['maker', some]]), releases: [] };
  expect(names(observe(woken).drops)).toEqual(['maker/one.patch']);
  const another = { tick: false, dirty: noInbox, releases: [] };
  expect(names(observe(another).drops)).toEqual(['maker/one.patch']);
  expect(names(observe(sweep).drops)).toEqual(['keeper/two.patch', 'maker/one.patch']);
  rmSync(join(place.inbox('maker'), 'one.patch'));
  expect(names(observe(another).drops)).toEqual(['keeper/two.patch']);
});

test('a plain copy is ready when it has settled, a renamed one at once by its hint', () => {
  const place = emptyRoot();
  const { look: observe, pass } = watching(place, 60_000);
  writeFileSync(join(inbox(place, 'maker'), 'copied.patch'), 'a change');
  const hinted = (...hints: string[]) => {
    const names = new Map(hints.map((name) => [name, true]));
    const dirty = new Map([['maker', hints.length === 0 ? some : names]]);
    return observe({ tick: false, dirty, releases: [] }).drops;
  };
  expect(hinted()).toMatchObject([{ name: 'copied.patch', ready: false }]);
  expect(hinted('copied.patch')).toMatchObject([{ ready: true }]);
  expect(observe(sweep).drops).toMatchObject([{ ready: true }]);
  rmSync(join(place.inbox('maker'), 'copied.patch'));
  expect(hinted()).toEqual([]);
  writeFileSync(join(place.inbox('maker'), 'copied.patch'), 'another, by a plain copy');
  const again = hinted();
  expect(again).toMatchObject([{ ready: false }]);
  pass((again[0]?.readyAt ?? 0) - Date.now() + 1000);
  expect(observe(sweep).drops).toMatchObject([{ ready: true }]);
});

test('of a full inbox the first that came are told; what was seen is not listed again', () => {
  const place = emptyRoot();
  const { observe } = watching(place);
  for (let n = 0; n < 300; n++) drop(place, 'maker', `d${n}`);
  drop(place, 'keeper', 'one.patch');
  // On a busy machine time is up sooner: a look is gone on with until it is through.
  const on = { tick: false, dirty: noInbox, releases: [] };
  const through = (woken: Parameters<typeof observe>[0]) => {
    let seen = observe(woken);
    while (seen.unlooked) seen = observe(on);
    return seen;
  };
  const first = through(sweep);
  expect(first.drops.filter((one) => one.agent === 'maker').length).toBeLessThanOrEqual(32);
  expect(names(first.drops)).toContain('keeper/one.patch');
  const told = () => names(through(on).drops.filter((one) => one.agent === 'maker'));
  // Of those no more than a batch: it is a flood (test/intake/pace.test.ts).
  expect(told().length).toBeGreaterThan(0);
  expect(told().length).toBeLessThanOrEqual(32);
  const taken: string[] = [];
  while (told().length > 0) {
    for (const name of told()) {
      taken.push(name);
      rmSync(join(place.inboxes, name));
    }
  }
  expect(new Set(taken)).toEqual(new Set(Array.from({ length: 300 }, (_, n) => `maker/d${n}`)));
  expect(taken).toHaveLength(300);
  drop(place, 'maker', 'untold');
  expect(told()).toEqual([]);
  expect(names(through(sweep).drops)).toContain('maker/untold');
});

test('what is no inbox is none', () => {
  const place = emptyRoot();
  const { observe } = watching(place);
  drop(place, 'Not-An-Agent', 'one.patch');
  drop(place, '.hidden', 'two.patch');
  writeFileSync(join(place.inboxes, 'file'), '');
  mkdirSync(join(place.root, 'elsewhere'));
  writeFileSync(join(place.root, 'elsewhere', 'three.patch'), '');
  symlinkSync('../elsewhere', join(place.inboxes, 'linked'));
  expect(observe(sweep).drops).toEqual([]);
});

test('requests, switches, current and its agents are seen', () => {
  const place = emptyRoot();
  const { observe } = watching(place);
  release(place, 'r1', 'agents: [{name: maker, model: cheap}]');
  release(place, 'r2', 'agents: [{name: maker, modle: cheap}]');
  flip(place, 'r1', null);
  const id = writeRequest(place, { verb: 'abort', reason: 'late' }, Date.now());
  writeSwitch(place, 'lockdown', null, 'audit');
  const facts = observe({ ...sweep, releases: ['r2', 'r3'] });
  expect(facts.current).toBe('r1');
  expect(facts.agents.get('r1')).toMatchObject([{ name: 'maker', tenant: 'default' }]);
  expect([facts.agents.get('r2'), facts.agents.get('r3')]).toEqual([null, null]);
  expect(facts.requests).toMatchObject([{ id, request: { verb: 'abort' } }]);
  expect(facts.requestFiles).toEqual(new Set([id]));
  expect(facts.switches).toMatchObject({ readable: true, halts: [{ scope: 'lockdown' }] });
});

test('agents of a release are read once', () => {
  const place = emptyRoot();
  const { observe } = watching(place);
  release(place, 'r1', 'agents: [{name: maker, model: cheap}]');
  const asked = { ...sweep, releases: ['r1'] };
  const before = observe(asked).agents.get('r1');
  rmSync(place.release('r1'), { recursive: true });
  expect(observe(asked).agents.get('r1')).toBe(before);
});

test('agents are kept only of the releases that are asked for', () => {
  const place = emptyRoot();
  const { observe } = watching(place);
  release(place, 'r1', 'agents: [{name: maker, model: cheap}]');
  release(place, 'r2', 'agents: [{name: other, model: cheap}]');
  observe({ ...sweep, releases: ['r1'] });
  observe({ ...sweep, releases: ['r2'] });
  rmSync(place.release('r1'), { recursive: true });
  expect(observe({ ...sweep, releases: ['r1'] }).agents.get('r1')).toBe(null);
});

test('what cannot be read is told and stops nothing else', () => {
  const place = emptyRoot();
  const { observe, faults } = watching(place);
  for (const folder of [place.control, place.inboxes, place.switches]) {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
  }
  const facts = observe(sweep);
  expect(facts).toMatchObject({ drops: [], requests: [], switches: { readable: false } });
  expect(facts.requestFiles.has('any')).toBe(true);
  expect([...faults()].sort()).toEqual([
    [place.inboxes, 'ENOTDIR'],
    [place.control, 'ENOTDIR'],
    [place.switches, 'ENOTDIR'],
  ]);
  for (const folder of [place.control, place.inboxes, place.switches]) {
    rmSync(folder);
    mkdirSync(folder);
  }
  expect(observe(sweep).requestFiles.has('any')).toBe(false);
  expect([...faults()]).toEqual([]);
});

test('at a tick, what retention may remove is listed with its age', () => {
  const place = emptyRoot();
  const { observe } = watching(place);
  mkdirSync(place.sealed('p1'), { recursive: true });
  mkdirSync(place.traces, { recursive: true });
  writeFileSync(place.trace('run-1'), '');
  writeFileSync(join(place.traces, 'note.txt'), '');
  utimesSync(place.sealed('p1'), 1000, 1000);
  utimesSync(place.trace('run-1'), 2000, 2000);
  expect(observe(sweep).kept).toEqual([
    { what: 'intake', id: 'p1', at: 1_000_000 },
    { what: 'trace', id: 'run-1', at: 2_000_000 },
  ]);
  expect(observe({ ...sweep, tick: false }).kept).toEqual([]);
});

test('a wake by one of a thousand inboxes costs a fraction of a sweep', () => {
  const place = emptyRoot();
  const { observe } = watching(place);
  for (let n = 0; n < 1000; n++) inbox(place, `agent-${n}`);
  observe(sweep);
  const dirty = new Map([['agent-1', some]]);
  const wake = medianOf(() => void observe({ tick: false, dirty, releases: [] }));
  const whole = medianOf(() => void observe(sweep));
  // Side by side, so that a busy machine slows both.
  expect(wake * 10).toBeLessThan(whole);
});
