/**
 * The journal at the size of a big host: 1,000 agents, 1,000 releases, a million entries.
 * Prints a JSON line and a table; `tsx bench/journal.ts [entries]`.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlite } from '../supervisor/host/sqlite.ts';
import { openJournal } from '../supervisor/store/journal.ts';
import { openReader } from '../supervisor/store/reader.ts';
import { aProposal, aRun, hostRow, put, tick } from '../test/fixtures/store/rows.ts';
import { fill, numbers } from './big.ts';

const entries = Number(process.argv[2] ?? 1_000_000);
const place = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const file = join(place, 'journal.db');
const now = () => Date.now();

const rows: Record<string, number> = {};
try {
  const journal = openJournal(file, now);
  journal.commit(
    [],
    [...numbers(5).map((n) => put('proposals', `open-${n}`, aProposal(`open-${n}`))), hostRow(1)],
  );
  fill(journal, entries);
  journal.close();
  measure();
  report();
} finally {
  rmSync(place, { recursive: true, force: true });
}

function measure(): void {
  rows['open and load, ms'] = median(9, () => {
    const journal = openJournal(file, now);
    journal.load();
    journal.close();
  });
  rows['reader: open, state and lists, ms'] = median(15, () => {
    const reader = openReader(file);
    reader.state();
    lists(reader);
    reader.close();
  });
  const reader = openReader(file);
  rows['reader: state, ms'] = median(15, () => void reader.state());
  rows['reader: all lists, ms'] = median(50, () => lists(reader));
  rows['reader: spend of all runs, ms'] = median(5, () => void reader.spend({ since: '' }));
  rows['verify, all of it, ms'] = median(1, () => mustHold(reader.chain({})));
  const last = 100_000;
  rows['doctor, the last 100,000, ms'] = median(3, () => mustHold(reader.chain({ last })));
  reader.close();
  commits();
}

function mustHold({ faults }: ReturnType<ReturnType<typeof openReader>['chain']>): void {
  if (faults.length > 0) throw new Error(faults[0]);
}

function lists(reader: ReturnType<typeof openReader>): void {
  reader.proposals({ limit: 20 });
  reader.releases({ limit: 20 });
  reader.runs({ limit: 20 });
  reader.runs({ limit: 20, agent: 'agent-7' });
  reader.runs({ limit: 20, deployment: 'p7' });
  reader.log({ limit: 20 });
  reader.log({ limit: 20, subject: 'p7' });
  reader.history('p7');
}

/** What a commit costs, beside one bare SQLite insert that is synced as well. */
function commits(): void {
  const journal = openJournal(file, now);
  const ours = Array.from({ length: 1000 }, (_, n) => {
    const run = aRun(n + entries);
    return time(() => journal.commit([tick(n)], [hostRow(n), put('runs', run.id, run)]));
  });
  journal.close();
  const bare = new (sqlite())(join(place, 'bare.db'));
  bare.pragma('journal_mode = WAL');
  bare.pragma('synchronous = FULL');
  bare.exec('CREATE TABLE t (a, b, c, d)');
  const insert = bare.prepare('INSERT INTO t VALUES (?, ?, ?, ?)');
  const text = JSON.stringify(aRun(1));
  const theirs = Array.from({ length: 1000 }, (_, n) => time(() => insert.run(n, 'x', null, text)));
  bare.close();
  for (const [name, times] of Object.entries({ commit: ours, 'bare insert': theirs })) {
    times.sort((a, b) => a - b);
    rows[`${name} p50, ms`] = times[500] ?? 0;
    rows[`${name} p99, ms`] = times[990] ?? 0;
  }
}

function report(): void {
  const mib = statSync(file).size / 1024 ** 2;
  const round = Object.entries(rows).map(([name, ms]) => [name, Number(ms.toFixed(3))] as const);
  const size = Number(mib.toFixed(0));
  console.log(
    JSON.stringify({ bench: 'journal', entries, mib: size, ...Object.fromEntries(round) }),
  );
  console.log(`\n| journal of ${entries} entries, ${size} MiB | ms |\n|---|---|`);
  for (const [name, ms] of round) console.log(`| ${name.replace(', ms', '')} | ${ms} |`);
}

function time(work: () => unknown): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}

function median(times: number, work: () => void): number {
  const all = numbers(times).map(() => time(work));
  return all.sort((a, b) => a - b)[times >> 1] ?? 0;
}
