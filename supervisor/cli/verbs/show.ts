import { kindOf, listFolder } from '../../host/files/files.ts';
import { Failure } from '../../model/reason.ts';
import type { Run } from '../../model/run.ts';
import { argument, type Call, exits, type Result } from '../call.ts';
import { readingIfThere } from '../open.ts';
import { proposalText } from '../pages/proposal.ts';
import { releaseText } from '../pages/release.ts';
import { runText } from '../pages/run.ts';
import { wholeProposal } from '../shape/proposal.ts';
import { wholeRelease } from '../shape/release.ts';
import { wholeRun } from '../shape/run.ts';
import { line, uncut } from '../show/escape.ts';

/** A proposal, release, run or incident, whole; a failure explains itself. */
export function verb(call: Call): Result {
  const id = argument(call, 0);
  const found = recorded(call, id) ?? incident(call, id);
  if (found !== null) return found;
  const message = `there is no proposal, release, run or incident ${id}`;
  throw new Failure('not-found', { message, step: 'show', input: id });
}

function recorded(call: Call, id: string): Result | null {
  const done = (json: unknown, text: () => string) => ({ exit: exits.done, json, text });
  return readingIfThere(call.layout, (reader) => {
    const proposal = reader.proposal(id);
    if (proposal !== null) {
      const whole = wholeProposal(proposal, reader.history(id));
      const runs = reader.runs({ limit: 200, deployment: id }).reverse();
      return done(whole, () => proposalText(whole, runs, call));
    }
    const release = reader.release(id);
    if (release !== null) {
      const state = reader.state();
      const whole = wholeRelease(release, state);
      const from = release.proposal === null ? null : reader.proposal(release.proposal);
      return done(whole, () => releaseText(whole, from, call));
    }
    const run: Run | null = reader.run(id);
    if (run === null) return null;
    const whole = wholeRun(run, reader.refusedOf(run, { limit: 20 }));
    return done(whole, () => runText(whole, call));
  });
}

function incident(call: Call, id: string): Result | null {
  const folder = `${call.layout.incidents}/${id}`;
  if (!/^[A-Za-z0-9][\w.-]*$/.test(id) || kindOf(folder) !== 'folder') return null;
  const files = listFolder(folder);
  const text = () => [`incident ${uncut(id)}, in ${folder}:`, ...files.map((one) => line(one))];
  return {
    exit: exits.done,
    json: { schema: 1, id, folder, files },
    text: () => text().join('\n  '),
  };
}
