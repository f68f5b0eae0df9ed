import { resolve } from 'node:path';
import { kindOf, listFolder, makeFolder, readText } from '../../host/files/files.ts';
import { handIn } from '../../host/inbox/hand-in.ts';
import { waitFor } from '../../host/time/wait-for.ts';
import { milliseconds } from '../../model/duration.ts';
import { Failure } from '../../model/reason.ts';
import { operator } from '../../model/request.ts';
import { agentName } from '../../model/runtime.ts';
import { daemonState } from '../../store/daemon.ts';
import { needDaemon } from '../ask.ts';
import { argument, type Call, exits, flag, type Result, text, usage } from '../call.ts';
import { line, uncut } from '../show/escape.ts';

/** How long to wait for the seal that gives the id, milliseconds. */
const sealMs = 2000;

/** Drop a proposal; say its id once it is sealed; with --wait follow it to its end. */
export async function verb(call: Call): Promise<Result> {
  const agent = proposerOf(call);
  const wait = flag(call, 'wait');
  const within = withinOf(call);
  if (wait) needDaemon(call.layout, 'propose --wait');
  const before = new Set(receiptIds(call, agent));
  const file = drop(call, agent);
  const seal = () => sealed(call, agent, dropOf(file), before);
  const running = daemonState(call.layout).running;
  const id = running ? await waitFor([call.layout.receipts(agent)], seal, sealMs) : null;
  if (!wait) return dropped({ drop: dropOf(file), agent, id, running });
  call.note(`dropped ${line(file)} as ${agent}`);
  const { follow } = await import('../follow/follow.ts');
  return follow(call, {
    id,
    seal,
    receipts: call.layout.receipts(agent),
    within,
    drop: dropOf(file),
  });
}

function dropped(about: { drop: string; agent: string; id: string | null; running: boolean }) {
  const { drop: name, agent, id, running } = about;
  const later = running
    ? 'It is not sealed yet: `airlock proposals` will name it.'
    : 'No daemon runs: it is taken in when one starts.';
  const result: Result = {
    exit: exits.done,
    json: { schema: 1, ok: true, drop: name, id, proposer: agent, daemon: running },
    text: () =>
      `dropped ${line(name)} as ${agent}\n${id === null ? later : `sealed as ${uncut(id)}`}`,
  };
  return result;
}

/** As an agent only where the agents are ours: on a host their inboxes are their users'. */
function proposerOf(call: Call): string {
  const given = text(call, 'as');
  if (given === null) return operator;
  if (!agentName.safeParse(given).success) {
    throw usage('an agent name is a lower-case letter, then at most 31 of a-z, 0-9 and -', given);
  }
  if (call.place.policyFile.startsWith('/etc/airlock/')) {
    throw usage('--as is for development: on a host an agent drops its proposals itself', given);
  }
  return given;
}

function withinOf(call: Call): number {
  const given = text(call, 'within');
  if (given === null) return Number.POSITIVE_INFINITY;
  const ms = milliseconds(given);
  if (ms === null) throw usage('--within is written 30s, 15m or 24h', given);
  return ms;
}

/** The inbox of an agent that the runtime does not have would be read by nobody's receipt. */
function drop(call: Call, agent: string): string {
  const inbox = call.layout.inbox(agent);
  if (kindOf(call.layout.inboxes) === 'absent') {
    const message = `${call.layout.root} has no inboxes: nothing was ever started here`;
    const hint = 'Start the supervisor once: `airlock start`; or name another folder with --root.';
    throw new Failure('not-found', { message, step: 'propose', input: call.layout.inboxes, hint });
  }
  if (kindOf(inbox) === 'absent') {
    if (agent !== operator) throw usage(`there is no agent ${agent}: it has no inbox`, agent);
    makeFolder(inbox);
  }
  return handIn(resolve(argument(call, 0)), inbox);
}

/** The name of a drop without its ending, as receipts say it. */
export const dropOf = (file: string) => file.replace(/\.(patch|diff|tar\.gz)$/, '');

function receiptIds(call: Call, agent: string): string[] {
  return listFolder(call.layout.receipts(agent))
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => name.slice(0, -'.json'.length));
}

/** The id of a new receipt of this drop; receipts are the supervisor's word. */
function sealed(call: Call, agent: string, name: string, before: Set<string>): string | null {
  for (const id of receiptIds(call, agent)) {
    if (before.has(id)) continue;
    const text = readText(`${call.layout.receipts(agent)}/${id}.json`);
    if (text !== null && (JSON.parse(text) as { drop?: unknown }).drop === name) return id;
  }
  return null;
}
