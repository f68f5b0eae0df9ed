import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { writeDurableLater } from '../../supervisor/host/time/later.ts';
import { receiptFile } from '../../supervisor/store/receipts.ts';
import { aProposal, someReason, time } from '../fixtures/store/rows.ts';
import { emptyRoot, reasonOfRejecting } from './support.ts';

async function writeReceipt(due: Parameters<typeof receiptFile>[0]): Promise<void> {
  const { path, content, mode } = receiptFile(due);
  await writeDurableLater(path, content, mode);
}

const extras = { restartPending: true, at: time };

test('a receipt says where a proposal stands and what to do next', async () => {
  const place = emptyRoot();
  await writeReceipt({ layout: place, proposal: aProposal('p1'), extras });
  const reason = someReason('gate-smoke');
  await writeReceipt({
    layout: place,
    proposal: aProposal('p1', { phase: 'refused', reason }),
    extras,
  });
  const file = join(place.receipts('maker'), 'p1.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    schema: 1,
    id: 'p1',
    drop: 'better-words',
    title: 'Better words',
    phase: 'refused',
    reason,
    release: null,
    digest: null,
    gates: [],
    canary: null,
    next: reason.hint,
    restartPending: true,
    at: '2026-11-21T01:18:50.000Z',
  });
  expect(statSync(file).mode & 0o777).toBe(0o644);
  expect(readdirSync(place.receipts('maker'))).toEqual(['p1.json']);
});

test('without a reason the phase says what to do next', async () => {
  const place = emptyRoot();
  await writeReceipt({
    layout: place,
    proposal: aProposal('p1', { phase: 'awaiting-approval' }),
    extras,
  });
  const text = readFileSync(join(place.receipts('maker'), 'p1.json'), 'utf8');
  expect(JSON.parse(text).next).toContain('approve');
});

test('a receipt is never written through a link', async () => {
  const place = emptyRoot();
  const elsewhere = join(place.root, 'elsewhere');
  mkdirSync(elsewhere);
  mkdirSync(dirname(place.receipts('maker')));
  symlinkSync(elsewhere, place.receipts('maker'));
  const why = await reasonOfRejecting(
    writeReceipt({ layout: place, proposal: aProposal('p1'), extras }),
  );
  expect(why).toMatchObject({ code: 'host-failed', step: 'receipt' });
  expect(readdirSync(elsewhere)).toEqual([]);
  mkdirSync(place.receipts('keeper'));
  symlinkSync(join(elsewhere, 'victim'), join(place.receipts('keeper'), 'p2.json'));
  await writeReceipt({ layout: place, proposal: aProposal('p2', { proposer: 'keeper' }), extras });
  expect(readdirSync(elsewhere)).toEqual([]);
});

test('an id that is no file name is a clear failure', async () => {
  const place = emptyRoot();
  const why = await reasonOfRejecting(
    writeReceipt({ layout: place, proposal: aProposal('../p1'), extras }),
  );
  expect(why).toMatchObject({ code: 'host-failed', actual: '../p1' });
});
