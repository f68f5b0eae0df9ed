import { codeOf, copyDatabase, type Database, guarded } from '../host/database.ts';
import { Failure } from '../model/reason.ts';
import { chainWhatIsThere } from './chain-upgrade.ts';

/** One step up; a released one is never changed, a new one is added. */
export interface Upgrade {
  to: number;
  sql: string;
  /** What SQL alone cannot do; after it, in the same transaction. */
  after?: (database: Database) => void;
}

/** `ALCK`: marks a file as an Airlock journal. */
const applicationId = 0x414c434b;

/**
 * A model table's rows: `live` ones are the state, the others history. `place` keeps their order,
 * so that a state that was read is the same as the one that was built up, order included.
 */
const rows = (name: string, more = '') => `
  CREATE TABLE ${name} (
    id TEXT PRIMARY KEY, live INTEGER NOT NULL, place INTEGER NOT NULL, json TEXT NOT NULL${more}
  );
  CREATE INDEX ${name}_live ON ${name}(place) WHERE live = 1;`;

const field = (name: string, path = name) =>
  `,\n    ${name} GENERATED ALWAYS AS (json_extract(json, '$.${path}')) VIRTUAL`;

const version1 = `
  CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, subject TEXT,
    data TEXT NOT NULL
  );
  CREATE INDEX journal_subject ON journal(subject, seq) WHERE subject IS NOT NULL;
  CREATE TABLE phases (
    proposal TEXT NOT NULL, at INTEGER NOT NULL, phase TEXT NOT NULL, reason TEXT
  );
  CREATE INDEX phases_proposal ON phases(proposal);
  ${rows('proposals', field('receivedAt') + field('release'))}
  CREATE INDEX proposals_time ON proposals(receivedAt);
  CREATE INDEX proposals_release ON proposals(release);
  ${rows('releases', field('createdAt') + field('digest'))}
  CREATE INDEX releases_time ON releases(createdAt);
  CREATE INDEX releases_digest ON releases(digest);
  ${rows('runs', field('startedAt') + field('agent') + field('deployment') + field('usd'))}
  CREATE INDEX runs_time ON runs(startedAt, agent, usd);
  CREATE INDEX runs_agent ON runs(agent, startedAt);
  CREATE INDEX runs_deployment ON runs(deployment, startedAt) WHERE deployment IS NOT NULL;
  ${rows('agents')}${rows('bad')}${rows('deployment')}${rows('rollback')}${rows('pending')}
  ${rows('retries')}${rows('answers')}${rows('notices')}${rows('receipts')}${rows('host')}`;

/**
 * `brief`: an agent without its recent runs, as long as the last of them went well. They are most
 * of what a big host's state holds, and a glance asks for failures alone. In an index, so that a
 * reader finds it made and never sees the rest.
 */
const version2 = `
  ALTER TABLE agents ADD COLUMN brief GENERATED ALWAYS AS (
    CASE WHEN json_valid(json) AND json_extract(json, '$.recent[#-1].outcome') = 'ok'
      THEN json_set(json, '$.recent', json('[]')) ELSE json END
  ) VIRTUAL;
  CREATE INDEX agents_brief ON agents(place, id, brief) WHERE live = 1;
  DROP INDEX agents_live;`;

/** The hash chain: what `puts` and `hash` hold is written in `chain.ts`. */
const version3 = `
  ALTER TABLE journal ADD COLUMN puts TEXT;
  ALTER TABLE journal ADD COLUMN hash TEXT;`;

export const upgrades: readonly Upgrade[] = [
  { to: 1, sql: version1 },
  { to: 2, sql: version2 },
  { to: 3, sql: version3, after: chainWhatIsThere },
];

/** The version that this Airlock writes. */
export const schemaVersion = (list: readonly Upgrade[] = upgrades) => list.at(-1)?.to ?? 0;

/**
 * Bring a database up to the newest version: one transaction an upgrade, after a whole copy
 * `<file>.v<old>`. Throws Failure `schema-newer`, `journal-damaged` or `host-failed`.
 */
export function upgrade(database: Database, file: string, list = upgrades): void {
  guarded(file, 'upgrade journal', () => {
    const before = versionOf(database, file);
    const newest = schemaVersion(list);
    if (before > newest) throw newer(file, before, newest);
    if (before === newest) return;
    if (before > 0) copyDatabase(database, `${file}.v${before}`);
    for (const step of list.filter((one) => one.to > before)) {
      database.transaction(() => {
        database.exec(step.sql);
        step.after?.(database);
        database.pragma(`user_version = ${step.to}`);
        database.pragma(`application_id = ${applicationId}`);
      })();
    }
  });
}

/** A reader changes nothing: it goes on only with exactly the version it knows. */
export function expectVersion(database: Database, file: string, list = upgrades): void {
  guarded(file, 'read journal', () => {
    const found = versionOf(database, file);
    const newest = schemaVersion(list);
    if (found > newest) throw newer(file, found, newest);
    if (found === newest) return;
    const message = `the journal has schema ${found}, this Airlock reads ${newest}`;
    throw new Failure('schema-older', { message, step: 'read journal', input: file });
  });
}

function newer(file: string, found: number, newest: number): Failure {
  const message = `the journal has schema ${found}, this Airlock knows up to ${newest}`;
  const parts = { message, step: 'open journal', input: file };
  return new Failure('schema-newer', { ...parts, expected: `${newest}`, actual: `${found}` });
}

/** 0: a new, empty file. A database that somebody else made is damage, not an old journal. */
function versionOf(database: Database, file: string): number {
  const version = database.pragma('user_version', { simple: true }) as number;
  const mark = database.pragma('application_id', { simple: true }) as number;
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  if (mark === applicationId || (mark === 0 && tables === 0)) return version;
  const message = `${file} is a database, but no Airlock journal`;
  throw new Failure('journal-damaged', { message, step: 'open journal', input: file });
}

/** Faults of the pages of some tables; all tables if none is named. Reads them whole. */
export function damage(database: Database, tables: readonly string[] = []): string[] {
  const asked = tables.length === 0 ? [''] : tables.map((name) => `(${name})`);
  try {
    return asked
      .flatMap((name) => database.pragma(`quick_check${name}`) as { quick_check: string }[])
      .map((row) => row.quick_check)
      .filter((line) => line !== 'ok');
  } catch (error) {
    const code = codeOf(error);
    if (!/^SQLITE_(CORRUPT|NOTADB)/.test(code)) throw error;
    return [code];
  }
}
