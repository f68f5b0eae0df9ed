import { expect, test } from 'vitest';
import { identify } from '../../supervisor/host/process/process-identity.ts';
import { readStatus } from '../../supervisor/host/sandbox/confine.ts';

test('who has no file handle left to look at a first process looks again', async () => {
  let failing = 2;
  const status = readStatus((pid) => {
    if (failing-- > 0) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    return identify(pid);
  });
  status.add(`{"child-pid": ${process.pid}}`);
  status.add(null);
  expect(await status.first()).toMatchObject({ pid: process.pid });
});

test('without a word of bubblewrap there is no first process', async () => {
  const status = readStatus();
  status.add('{"exit-code": 1}');
  status.add(null);
  expect(await status.first()).toBe(null);
});
