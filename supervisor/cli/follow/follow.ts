/** Following a proposal to its end, with live progress on stderr. */
import { waitFor } from '../../host/time/wait-for.ts';
import { type Phase, terminal } from '../../model/proposal.ts';
import { Failure } from '../../model/reason.ts';
import { daemonState } from '../../store/daemon.ts';
import { loadInForce, recordedPolicy } from '../../store/policies.ts';
import { openReader, type Reader } from '../../store/reader.ts';
import { type Call, exits, type Result } from '../call.ts';
import { wholeProposal } from '../shape/proposal.ts';
import { uncut } from '../show/escape.ts';
import { reasonText } from '../show/reason.ts';
import { phaseWord } from '../show/words.ts';
import { linesOf, nowText } from './lines.ts';
import { journalFolders, type Scene, sceneOf } from './scene.ts';
import { ticker } from './ticker.ts';

export interface Follow {
  /** null: it is not sealed yet. */
  id: string | null;
  seal: () => string | null;
  /** Where its receipts come. */
  receipts: string;
  drop: string;
  /** Milliseconds; Infinity: to the end. */
  within: number;
}

/** Ends when the proposal does. Throws `no-answer` (time is up) or `not-running` (no daemon). */
export async function follow(call: Call, what: Follow): Promise<Result> {
  const began = call.now();
  const left = () => what.within - (call.now() - began);
  const { seal, receipts } = what;
  const id = what.id ?? (await waitFor([receipts], alive(call, seal), left()));
  if (id === null) throw timedOut(what.drop, 'it is not sealed yet');
  const reader = openReader(call.layout.journal);
  const show = ticker(call);
  const bakeMs =
    loadInForce(call.layout, call.place.policyFile, recordedPolicy(call.layout)).policy?.policy.bake
      .for ?? null;
  try {
    const look = alive(call, () => step(call, reader, id, bakeMs, show));
    const end = await waitFor(journalFolders(call.layout), look, left());
    if (end === null) throw timedOut(id, `it is still ${last(reader, id)}`);
    return ended(call, end);
  } finally {
    show.end();
    reader.close();
  }
}

/** Tell what is new; the scene once the proposal has ended. */
function step(
  call: Call,
  reader: Reader,
  id: string,
  bakeMs: number | null,
  show: ReturnType<typeof ticker>,
): Scene | null {
  const scene = sceneOf(reader, id);
  if (scene === null) return null;
  for (const one of linesOf(scene, call.paint)) show.tell(one.key, one.text);
  if (terminal.has(scene.proposal.phase)) return scene;
  show.now(() => nowText(scene, call.now(), bakeMs));
  return null;
}

/** A look that ends with the daemon: nobody would come any further. */
function alive<T>(call: Call, look: () => T | null): () => T | null {
  return () => {
    const found = look();
    if (found !== null || daemonState(call.layout).running) return found;
    const message = 'the daemon has stopped; the proposal stays where it is';
    throw new Failure('not-running', { message, step: 'propose --wait', input: call.layout.root });
  };
}

const last = (reader: Reader, id: string) => reader.proposal(id)?.phase ?? 'unknown';

function timedOut(input: string, what: string): Failure {
  const message = `the time is up: ${what}`;
  const hint = 'It goes on by itself: `airlock show ID`.';
  return new Failure('no-answer', { message, step: 'propose --wait', input, hint });
}

/** Exit code of each end (contract, section 3). */
const endings: Partial<Record<Phase, number>> = {
  stable: exits.done,
  refused: exits.refused,
  withdrawn: exits.refused,
  aborted: exits.undone,
  'rolled-back': exits.undone,
};

function ended(call: Call, { proposal, history }: Scene): Result {
  const { phase, reason, id } = proposal;
  const exit = endings[phase] ?? exits.failed;
  const whole = wholeProposal(proposal, history);
  const text = () => {
    const head = `${uncut(id)} is ${phaseWord(phase, call.paint)}`;
    if (reason === null || exit === exits.done) return head;
    const more = `\`airlock show ${uncut(id)}\` tells all of it.`;
    return `${head}\n${reasonText(reason, call.paint)}\n${more}`;
  };
  return { exit, json: { ...whole, ok: exit === exits.done }, text };
}
