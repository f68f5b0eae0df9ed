import type { Call } from '../call.ts';
import type { AgentShape, Status } from '../shape/status.ts';
import { cronWords } from '../show/cron.ts';
import { line, uncut } from '../show/escape.ts';
import type { Paint } from '../show/paint.ts';
import { reasonLine } from '../show/reason.ts';
import { facts, table } from '../show/table.ts';
import { ago } from '../show/time.ts';
import { outcomeWord, stateWord } from '../show/words.ts';

type Look = Pick<Call, 'paint'> & { at: number };

/** The first line says what needs you; then the whole picture. */
export function statusText(status: Status, look: Look): string {
  const { paint } = look;
  const parts = [
    needsText(status, paint),
    status.notes.map((note) => paint.yellow(line(note, 500))).join('\n'),
    factsText(status, look),
    queueText(status, look),
    agentsText(status.agents, look),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function needsText({ needs }: Status, paint: Paint): string {
  if (needs.length === 0) return paint.green('Nothing needs you.');
  const lines = needs.slice(0, 10).map(({ what, verb }) => {
    return `${paint.red('!')} ${paint.bold(line(what, 300))}  ->  ${uncut(verb)}`;
  });
  const more = needs.length > 10 ? [`  ... and ${needs.length - 10} more (--json)`] : [];
  return [...lines, ...more].join('\n');
}

function factsText(status: Status, { paint, at }: Look): string {
  const { daemon, current, deployment, tick } = status;
  const since = daemon.since === null ? '' : `, since ${ago(daemon.since, at)}`;
  return facts([
    ['daemon', daemon.running ? `runs (pid ${daemon.pid}, ${daemon.version}${since})` : 'none'],
    ['current', current === null ? 'none' : currentText(current, paint, at)],
    ['deployment', deployment === null ? 'none' : slotText(deployment, paint, at)],
    ['tick', tickText(tick, at)],
  ]);
}

function slotText(slot: NonNullable<Status['deployment']>, paint: Paint, at: number): string {
  const what = uncut(slot.proposal ?? 'the first release');
  const why = slot.reason === null ? '' : ` (${reasonLine(slot.reason)})`;
  return `${paint.bold(slot.phase)} ${what}, ${ago(slot.since, at)}${why}`;
}

function currentText(current: NonNullable<Status['current']>, paint: Paint, at: number): string {
  const since = current.since === null ? '' : `, since ${ago(current.since, at)}`;
  const stable = current.stable ? 'stable' : 'not stable yet';
  return `${paint.bold(uncut(current.id))} ${stateWord(current.state, paint)}, ${stable}${since}`;
}

function tickText({ schedule, last, next }: Status['tick'], at: number): string {
  const parts = [
    schedule === null ? 'no valid policy' : cronWords(schedule),
    ...(last === null ? [] : [`last ${ago(last, at)}`]),
    ...(next === null ? [] : [`next ${ago(next, at)}`]),
  ];
  return parts.join(', ');
}

function queueText({ queue }: Status, { paint, at }: Look): string {
  if (queue.length === 0) return '';
  const rows = queue.slice(0, 10).map((row) => {
    const title = paint.dim(`"${line(row.title, 60)}"`);
    return `  ${uncut(row.id)}  ${ago(row.receivedAt, at)}  ${title}`;
  });
  const more = queue.length > 10 ? [`  ... and ${queue.length - 10} more`] : [];
  return [paint.bold(`Queue (${queue.length}; titles are the agents')`), ...rows, ...more].join(
    '\n',
  );
}

/** More than this nobody reads: those that say something come first. */
const mostAgents = 30;

function agentsText(agents: readonly AgentShape[], { paint, at }: Look): string {
  if (agents.length === 0) return '';
  const shown = agents.toSorted((a, b) => weight(b) - weight(a)).slice(0, mostAgents);
  const rows = table(shown, [
    { head: 'AGENT', cell: (one) => line(one.name) },
    { head: 'NOW', cell: (one) => nowText(one, paint) },
    { head: 'NEXT RUN', cell: (one) => nextText(one, paint, at) },
    { head: 'LAST RUN', cell: (one) => lastText(one, paint, at) },
  ]);
  const more = agents.length - shown.length;
  return more > 0 ? `${rows}\n... and ${more} more agents (--json)` : rows;
}

/** With so few that all are shown, they stay in the order of their configuration. */
const weight = (one: AgentShape) =>
  (one.running.length > 0 ? 4 : 0) + (one.skipped !== null ? 2 : 0) + (failed(one) ? 1 : 0);
const failed = ({ lastRun }: AgentShape) => lastRun !== null && lastRun.outcome !== 'ok';

function nowText({ running }: AgentShape, paint: Paint): string {
  const paths = running.map((run) =>
    run.kind === 'service' ? run.path : `${run.path} (${run.kind})`,
  );
  return paths.length === 0 ? paint.dim('idle') : paint.green(paths.join(', '));
}

function nextText({ next, skipped }: AgentShape, paint: Paint, at: number): string {
  if (skipped !== null) return paint.yellow(`does not run: ${skipped}`);
  if (next === null) return paint.dim('not scheduled');
  return Date.parse(next) <= at ? 'due' : ago(next, at);
}

function lastText({ lastRun }: AgentShape, paint: Paint, at: number): string {
  if (lastRun === null) return '';
  return `${outcomeWord(lastRun.outcome, lastRun.cause, paint)} ${ago(lastRun.at, at)}`;
}
