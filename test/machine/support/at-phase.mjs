// at-phase.mjs PHASE DROP PID: says `ready`, waits until the journal has the drop in that phase,
// stops the process right there (SIGSTOP) and says in which phase it was stopped.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const [phase, drop, pid] = process.argv.slice(2);
const modules = '/usr/lib/airlock/current/node_modules';
const name = readdirSync(modules).find((one) => one.startsWith('better-sqlite3'));
const Database = createRequire(`${modules}/`)(`${modules}/${name}`);
const database = new Database('/var/lib/airlock/var/state/journal.db', { readonly: true });
const asked = database.prepare(`
  SELECT phase FROM phases WHERE rowid > ? AND proposal IN
    (SELECT id FROM proposals WHERE json_extract(json, '$.drop') = ?)
  ORDER BY rowid`);
const { last } = database.prepare('SELECT coalesce(max(rowid), 0) AS last FROM phases').get();
const seen = () => asked.all(last, drop).map((one) => one.phase);
const pause = new Int32Array(new SharedArrayBuffer(4));

console.log('ready');
for (const end = Date.now() + 60_000; !seen().includes(phase); Atomics.wait(pause, 0, 0, 1)) {
  if (Date.now() > end) throw new Error(`${drop} was never ${phase}: ${seen()}`);
}
process.kill(Number(pid), 'SIGSTOP');
console.log(seen().at(-1));
