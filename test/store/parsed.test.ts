import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPicture } from '../../supervisor/cli/picture.ts';
import { statusShape } from '../../supervisor/cli/shape/status.ts';
import { flip } from '../../supervisor/host/files/links.ts';
import type { Layout } from '../../supervisor/model/layout.ts';
import { openJournal } from '../../supervisor/store/journal.ts';
import {
  readAndKeepRuntimeConfig,
  readRuntimeConfig,
} from '../../supervisor/store/runtime-config.ts';
import { writeSwitch } from '../../supervisor/store/switches.ts';
import { clock, hostRow } from '../fixtures/store/rows.ts';
import { emptyRoot } from './support.ts';

const yaml = (role: string) => `agents: [{name: maker, model: cheap, role: ${role}}]\n`;
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
const keptFile = (place: Layout, text: string) => join(place.parsed, `${digestOf(text)}.json`);

function release(place: Layout, id: string, text: string): void {
  mkdirSync(join(place.release(id), 'config'), { recursive: true });
  writeFileSync(join(place.release(id), 'config/agents.yaml'), text);
}

const role = (place: Layout, id: string) => readRuntimeConfig(place, id).agents?.[0]?.role;

/** What this process remembers of one content is gone when it has read a few others. */
function forget(place: Layout): void {
  for (let n = 0; n < 8; n++) {
    release(place, `other-${n}`, yaml(`${place.root} ${n}`));
    readRuntimeConfig(place, `other-${n}`);
  }
}

test('a content that was kept is not read as YAML again, in whatever release it comes', () => {
  const place = emptyRoot();
  release(place, 'r1', yaml('first'));
  release(place, 'r2', yaml('first'));
  readAndKeepRuntimeConfig(place, 'r1');
  const agents = [{ name: 'maker', model: 'cheap', role: 'as kept' }];
  writeFileSync(keptFile(place, yaml('first')), JSON.stringify({ agents }));
  forget(place);
  expect(role(place, 'r2')).toBe('as kept');
});

test('what is kept is what the YAML says, defaults included', () => {
  const place = emptyRoot();
  const text = `agents:\n  - &one {name: maker, model: cheap, budget: {day: 5.0}}
  - {<<: *one, name: other, tools: [a, b], schedule: {task: "0 0 * * *"}}\n`.replace(
    '<<: *one, ',
    'model: cheap, ',
  );
  release(place, 'r1', text);
  const before = readAndKeepRuntimeConfig(place, 'r1');
  forget(place);
  expect(readRuntimeConfig(place, 'r1')).toEqual(before);
  expect(before.agents).toMatchObject([{ tenant: 'default' }, { tools: ['a', 'b'] }]);
});

test.each(['', '{', '{"agents": [{"name": "maker"}]}'])(
  'kept as %j it is damaged, and the YAML is read',
  (damaged) => {
    const place = emptyRoot();
    release(place, 'r1', yaml('right'));
    readAndKeepRuntimeConfig(place, 'r1');
    writeFileSync(keptFile(place, yaml('right')), damaged);
    forget(place);
    expect(role(place, 'r1')).toBe('right');
  },
);

test('who only reads writes nothing', () => {
  const place = emptyRoot();
  release(place, 'r1', yaml('r'));
  readRuntimeConfig(place, 'r1');
  expect(existsSync(place.parsed)).toBe(false);
});

test('a folder that cannot be written harms nothing', () => {
  const place = emptyRoot();
  release(place, 'r1', yaml('no room'));
  writeFileSync(place.parsed, '');
  expect(readAndKeepRuntimeConfig(place, 'r1').agents).toHaveLength(1);
});

test('what is faulty is not kept', () => {
  const place = emptyRoot();
  release(place, 'r1', 'agents: [{name: maker}]');
  expect(readAndKeepRuntimeConfig(place, 'r1').faults).toHaveLength(1);
  expect(existsSync(place.parsed)).toBe(false);
});

test('few contents are kept: those used last, so that what agents run on is among them', () => {
  const place = emptyRoot();
  release(place, 'current', yaml('current'));
  for (let n = 0; n < 40; n++) {
    release(place, `r${n}`, yaml(`candidate ${n}`));
    readAndKeepRuntimeConfig(place, 'current');
    readAndKeepRuntimeConfig(place, `r${n}`);
    for (const name of readdirSync(place.parsed)) age(join(place.parsed, name));
  }
  expect(readdirSync(place.parsed)).toHaveLength(16);
  expect(existsSync(keptFile(place, yaml('current')))).toBe(true);
  expect(existsSync(keptFile(place, yaml('candidate 39')))).toBe(true);
});

const ages = new Map<string, number>();
/** Files made within one tick of the clock have an order all the same. */
function age(file: string): void {
  ages.set(file, ages.get(file) ?? 1000 + ages.size);
  const at = ages.get(file) ?? 0;
  utimesSync(file, at, at);
}

test('status knows the tenants and the reasons of a thousand agents', () => {
  const place = emptyRoot();
  const agents = Array.from({ length: 1000 }, (_, n) => {
    const model = n === 7 ? 'none-such' : 'cheap';
    return `  - {name: agent-${n}, role: does the work, tenant: t${n % 10}, model: ${model}}\n`;
  });
  release(place, 'r1', `agents:\n${agents.join('')}`);
  const policyFile = join(place.root, 'airlock.yaml');
  writeFileSync(
    policyFile,
    'runtime: {source: ., include: [config], entry: [node]}\nsmoke: {suite: smoke}\n' +
      'models: {cheap: [{provider: rehearsal}]}\n',
  );
  flip(place, 'r1', null);
  const journal = openJournal(place.journal, clock);
  journal.commit([], [hostRow(1)]);
  journal.close();
  writeSwitch(place, 'tenant', 't3', 'a test');
  const look = () => {
    const asked = { root: place.root, policyFile } as Parameters<typeof readPicture>[0]['place'];
    return statusShape(readPicture({ layout: place, place: asked, now: clock }), []).agents;
  };
  const asYaml = look();
  readAndKeepRuntimeConfig(place, 'r1');
  forget(place);
  expect(look()).toEqual(asYaml);
  expect(asYaml).toHaveLength(1000);
  expect(asYaml[7]).toMatchObject({ name: 'agent-7', tenant: 't7', skipped: 'no-model' });
  expect(asYaml[13]).toMatchObject({ tenant: 't3', skipped: 'tenant-halt' });
  expect(asYaml[14]).toMatchObject({ tenant: 't4', skipped: null });
});
