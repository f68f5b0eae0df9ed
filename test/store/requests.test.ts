import { spawn } from 'node:child_process';
import {
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isOperator } from '../../supervisor/host/sandbox/operators.ts';
import { userName } from '../../supervisor/host/sandbox/users.ts';
import type { Layout } from '../../supervisor/model/layout.ts';
import type { Answer } from '../../supervisor/model/state.ts';
import {
  listAnswers,
  listRequests,
  readAnswer,
  removeAnswered,
  writeAnswer,
  writeRequest,
} from '../../supervisor/store/requests.ts';
import { time } from '../fixtures/store/rows.ts';
import { emptyRoot, ended } from './support.ts';

const abort = { verb: 'abort', reason: 'it is late' } as const;
const done: Answer = { ok: true, exit: 0, message: 'aborted', reason: null, data: { id: 'p1' } };

function seen(place: Layout) {
  return listRequests(place).requests;
}

test('a request is seen until it is answered, and its answer is read back', () => {
  const place = emptyRoot();
  const id = writeRequest(place, abort, time);
  expect(seen(place)).toMatchObject([{ id, request: abort, fault: null }]);
  expect(readAnswer(place, id)).toBe(null);
  writeAnswer(place, id, done);
  writeAnswer(place, id, done);
  expect(readAnswer(place, id)).toEqual(done);
  expect(seen(place)).toEqual([]);
  expect(listRequests(place).files).toEqual(new Set([id]));
});

test('ids are unique and in order, also within a millisecond and when the clock goes back', () => {
  const place = emptyRoot();
  const ids = [0, 0, 0, -5000, 0, 1].map((late) => writeRequest(place, abort, time + late));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(ids.every((id) => /^20261121T/.test(id))).toBe(true);
});

test('requests come oldest first', () => {
  const place = emptyRoot();
  const ids = [1, 2, 3].map((n) => writeRequest(place, abort, time + n));
  const [first, second, third] = ids.map((id) => join(place.control, `${id}.json`));
  utimesSync(third as string, 100, 100);
  utimesSync(first as string, 200, 200);
  utimesSync(second as string, 200, 200);
  expect(seen(place).map((one) => one.id)).toEqual([ids[2], ids[0], ids[1]]);
});

test('who asks is who owns the file', () => {
  const place = emptyRoot();
  const id = writeRequest(place, abort, time);
  const uid = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0);
  chownSync(join(place.control, `${id}.json`), uid, process.getgid?.() ?? 0);
  const by = seen(place)[0]?.by;
  expect(by).not.toBe('');
  if (process.getuid?.() === 0) expect(by).toBe('nobody');
});

test('in a host install only an operator’s request is one', () => {
  const place = emptyRoot();
  const self = process.getuid?.() ?? 0;
  const id = writeRequest(place, abort, time);
  // Only root can make a stranger's file: for an ordinary user it is its own that is a stranger's.
  if (self === 0) chownSync(join(place.control, `${id}.json`), 65_534, 65_534);
  const stranger = self === 0 ? 65_534 : self;
  const mayAsk = self === 0 ? isOperator : () => false;
  const refused = { by: userName(stranger), request: null, fault: { code: 'not-operator' } };
  expect(listRequests(place, mayAsk).requests).toMatchObject([refused]);
  expect(isOperator(0)).toBe(true);
});

const hostile: [string, string, (file: string, place: Layout) => unknown][] = [
  ['a symbolic link', 'a symbolic link', (file) => symlinkSync('/etc/passwd', file)],
  ['a folder', 'a folder', (file) => mkdirSync(file)],
  ['a fifo', 'a fifo', (file) => ended(spawn('mkfifo', [file]))],
  ['huge', '65537 bytes', (file) => writeFileSync(file, Buffer.alloc(65_537, ' '))],
  ['empty', '', (file) => writeFileSync(file, '')],
  ['not JSON', '{verb: abort}', (file) => writeFileSync(file, '{verb: abort}')],
  ['not UTF-8', '', (file) => writeFileSync(file, Buffer.from([0xff, 0xfe]))],
  ['a list', '[]', (file) => writeFileSync(file, '[]')],
  ['an unknown verb', 'format', (file) => writeFileSync(file, '{"verb":"format"}')],
  ['short of a field', 'abort', (file) => writeFileSync(file, '{"verb":"abort"}')],
  [
    'a field too many',
    'by',
    (file) => writeFileSync(file, '{"verb":"abort","reason":"","by":"ann"}'),
  ],
  [
    'another name of a file',
    '2 names',
    (file, place) => {
      writeFileSync(join(place.root, 'theirs'), JSON.stringify(abort));
      linkSync(join(place.root, 'theirs'), file);
    },
  ],
];

test.each(hostile)('a request that is %s is a fault of its own', async (_, told, make) => {
  const place = emptyRoot();
  const good = writeRequest(place, abort, time);
  await make(join(place.control, 'zz-hostile.json'), place);
  const found = seen(place);
  const bad = found.find((one) => one.id === 'zz-hostile');
  expect(found.find((one) => one.id === good)?.request).toEqual(abort);
  expect(bad).toMatchObject({ request: null, fault: { code: 'bad-request', step: 'request' } });
  expect(JSON.stringify(bad?.fault)).toContain(told);
  expect(JSON.stringify(bad?.fault)).not.toContain('root:');
});

test('all faults of a request are told at once', () => {
  const place = emptyRoot();
  const wrong = { verb: 'rollback', to: 7, keep: 'yes', reason: '', extra: 1 };
  writeFileSync(join(place.control, 'r1.json'), JSON.stringify(wrong));
  const message = seen(place)[0]?.fault?.message ?? '';
  for (const field of ['to', 'keep', 'flipped', 'extra']) expect(message).toContain(field);
});

test('half-written and strange names are no requests', () => {
  const place = emptyRoot();
  for (const name of ['.r1.json.tmp', 'note.txt', 'a b.json', 'x.y.json', '.json']) {
    writeFileSync(join(place.control, name), '{}');
  }
  expect(listRequests(place)).toMatchObject({ requests: [], files: new Set() });
  expect(listRequests(place).strange.sort()).toEqual(['a b.json', 'note.txt', 'x.y.json']);
});

test("another's answer neither hides a request nor is believed", () => {
  const place = emptyRoot();
  const id = writeRequest(place, abort, time);
  const answer = join(place.control, `${id}.answer.json`);
  writeFileSync(join(place.root, 'forged'), JSON.stringify(done));
  symlinkSync(join(place.root, 'forged'), answer);
  expect(seen(place).map((one) => one.id)).toEqual([id]);
  expect(readAnswer(place, id)).toBe(null);
  rmSync(answer);
  if (process.getuid?.() === 0) {
    renameSync(join(place.root, 'forged'), answer);
    chownSync(answer, 65_534, 65_534);
    expect(seen(place).map((one) => one.id)).toEqual([id]);
    expect(readAnswer(place, id)).toBe(null);
  }
  rmSync(answer, { force: true });
  writeAnswer(place, id, done);
  expect(seen(place)).toEqual([]);
});

test('answers are listed with their time; an answered pair goes, open requests stay', () => {
  const place = emptyRoot();
  const [old, fresh, open] = [1, 2, 3].map((n) => writeRequest(place, abort, time + n)) as string[];
  for (const id of [old, fresh]) writeAnswer(place, id as string, done);
  utimesSync(join(place.control, `${old}.answer.json`), 1000, 1000);
  const listed = new Map(listAnswers(place).map((one) => [one.id, one.at]));
  expect([...listed.keys()].sort()).toEqual([old, fresh].sort());
  expect(listed.get(old as string)).toBe(1_000_000);
  removeAnswered(place, old as string);
  removeAnswered(place, old as string);
  const left = [`${fresh}.answer.json`, `${fresh}.json`, `${open}.json`];
  expect(readdirSync(place.control).sort()).toEqual(left.sort());
});
