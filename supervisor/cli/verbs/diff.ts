import { authority } from '../../decide/authority.ts';
import { listFolder, readText } from '../../host/files/files.ts';
import type { AuthorityFinding, Proposal } from '../../model/proposal.ts';
import { Failure } from '../../model/reason.ts';
import { readRuntimeConfig } from '../../store/runtime-config.ts';
import { argument, type Call, exits, type Result } from '../call.ts';
import { reading } from '../open.ts';
import { diffReleases } from '../read-releases.ts';
import { approveVerb, waits } from '../shape/approval.ts';
import { block, line, uncut } from '../show/escape.ts';
import type { Paint } from '../show/paint.ts';

/** What is compared, before it is compared. */
interface Question {
  id: string;
  from: string | null;
  to: string | null;
  proposal: Proposal | null;
}

interface Difference extends Question {
  authority: AuthorityFinding[];
  diff: string;
  /** The diff is what the agent wrote: nothing was staged. */
  raw: boolean;
}

/** Authority changes first, then the diff. */
export async function verb(call: Call): Promise<Result> {
  const difference = await look(call, questionOf(call));
  const { id, from, to, authority: raised, diff, proposal } = difference;
  const digest = proposal?.digest ?? null;
  return {
    exit: exits.done,
    json: { schema: 1, id, from, to, digest, authority: raised, diff },
    text: () => diffText(difference, call.paint),
  };
}

function questionOf(call: Call): Question {
  const id = argument(call, 0);
  const second = call.args[1];
  return reading(call.layout, (reader) => {
    const releaseOf = (name: string) => {
      const proposal = reader.proposal(name);
      const release = proposal === null ? reader.release(name) : null;
      if (proposal === null && release === null) throw unknown(name);
      const own = proposal?.release ?? release?.id ?? null;
      const staged = own === null ? null : (release ?? reader.release(own));
      return { proposal, own, parent: staged?.parent ?? null };
    };
    const first = releaseOf(id);
    if (second === undefined) {
      return { id, from: first.parent, to: first.own, proposal: first.proposal };
    }
    const other = releaseOf(second);
    if (first.own === null || other.own === null) throw unknown(first.own === null ? id : second);
    return { id, from: first.own, to: other.own, proposal: null };
  });
}

function unknown(input: string): Failure {
  const message = `there is no release of ${input}`;
  return new Failure('not-found', { message, step: 'diff', input });
}

async function look(call: Call, question: Question): Promise<Difference> {
  const { from, to, proposal } = question;
  if (to === null && proposal !== null) return { ...question, ...unstaged(call, proposal) };
  if (from === null || to === null) {
    const diff = `${question.id} is the first release: it is compared with nothing.\n`;
    return { ...question, authority: [], diff, raw: false };
  }
  const diff = await diffReleases(call.layout, from, to);
  const raised = proposal?.authority ?? raisedBetween(call, from, to);
  return { ...question, authority: raised, diff, raw: false };
}

/** Nothing was staged: what the agent dropped is all there is. */
function unstaged({ layout }: Call, { id, paths, authority: raised }: Proposal) {
  const folder = `${layout.sealed(id)}/sealed`;
  const patch = readText(`${folder}/change.patch`);
  const files = listFolder(folder).join(', ');
  const listed = `${paths.join('\n')}\n\n(an overlay; its files are in ${folder}: ${files})\n`;
  return { authority: raised, diff: patch ?? listed, raw: true };
}

/** Of two releases without a proposal between them: by their configurations, proposed by nobody. */
function raisedBetween({ layout }: Call, from: string, to: string): AuthorityFinding[] {
  const before = readRuntimeConfig(layout, from).agents;
  const after = readRuntimeConfig(layout, to).agents;
  if (before === null || after === null) return [];
  const none = { proposer: '', sharedCode: false, reach: 'none' as const, deps: false };
  return authority({ ...none, before, after });
}

function diffText(difference: Difference, paint: Paint): string {
  const { from, to, authority: raised, diff, raw, proposal } = difference;
  const head =
    to === null ? 'not staged: this is what was dropped' : `${from ?? 'nothing'} -> ${to}`;
  const authorityLines =
    raised.length === 0
      ? [paint.green('Authority: unchanged.')]
      : [paint.red('Authority:'), ...raised.map((one) => `  ${line(one.message, 500)}`)];
  const digest = proposal?.digest ?? null;
  return [
    paint.bold(line(head, 300)),
    ...(digest === null ? [] : [`digest ${digest}`]),
    ...authorityLines,
    raw ? 'The agent wrote:' : "The change (its content is the agent's):",
    coloured(block(diff, { bar: '| ', most: 2_000_000, lines: 20_000 }), paint),
    ...(proposal !== null && waits(proposal) ? [`yes: ${uncut(approveVerb(proposal))}`] : []),
  ].join('\n');
}

function coloured(text: string, paint: Paint): string {
  return text
    .split('\n')
    .map((one) => {
      if (one.startsWith('| +')) return paint.green(one);
      if (one.startsWith('| -')) return paint.red(one);
      return /^\| (diff|@@)/.test(one) ? paint.bold(one) : one;
    })
    .join('\n');
}
