import type { Entry } from '../../supervisor/model/entry.ts';
import { numbered } from '../../supervisor/model/numbered.ts';
import type { LogLine } from '../../supervisor/store/reader.ts';
import type { Daemon } from './daemon.ts';

const paint = (code: number, text: string) =>
  process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text;
export const bold = (text: string) => paint(1, text);
export const dim = (text: string) => paint(2, text);
export const red = (text: string) => paint(31, text);
export const green = (text: string) => paint(32, text);

/** The journal as it grows, told line by line. */
export class Timeline {
  readonly #daemon: Daemon;
  readonly #began = Date.now();
  #seen = 0;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  say(text: string): void {
    const seconds = ((Date.now() - this.#began) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${dim(`${seconds}s`)}  ${text}\n`);
  }

  /** Tell what came since the last look, oldest first; hands out the entries. */
  follow(): Entry[] {
    const lines = this.#daemon.read((reader) => reader.log({ limit: 400 })).toReversed();
    const fresh = lines.filter((line: LogLine) => line.seq > this.#seen);
    this.#seen = fresh.at(-1)?.seq ?? this.#seen;
    for (const { entry } of fresh) for (const text of told(entry)) this.say(text);
    return fresh.map((line) => line.entry);
  }

  /** Follow until something holds. */
  async until(holds: (entries: Entry[]) => boolean, within = 120_000): Promise<void> {
    const end = Date.now() + within;
    while (!holds(this.follow())) {
      if (Date.now() > end) throw new Error(`the story does not go on\n${this.#daemon.said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function told(entry: Entry): string[] {
  if (entry.type === 'mark') return toldMark(entry);
  if (entry.type === 'intent') {
    const { step } = entry;
    if (step.do === 'run') {
      const { kind, agent, path } = step.run;
      return [dim(`  ${kind.padEnd(8)} ${agent.name} ${path} starts`)];
    }
    if (step.do === 'flip') return [bold(`  flip     current -> ${step.to} (${step.why})`)];
    return [];
  }
  const { outcome, step } = entry;
  if (outcome.of === 'sealed') return [`  received ${outcome.sealed.title}`];
  if (outcome.of === 'staged') {
    return [
      `  staged   ${outcome.release.id}, ${numbered(outcome.candidate.changes.length, 'file')} changed`,
    ];
  }
  if (outcome.of === 'unstaged') return [red(`  refused  ${outcome.reasons[0]?.message}`)];
  if (outcome.of === 'built') return [gateLine('build', outcome.gate.outcome, outcome.gate.ms)];
  if (outcome.of === 'rehearsed') {
    const { candidate, ms } = outcome.smoke;
    return [
      `  smoke    ${candidate.length} scenarios on the candidate, ${(ms / 1000).toFixed(1)} s`,
    ];
  }
  if (outcome.of === 'ended' && step.do === 'run') {
    const { exit, door } = outcome.ending;
    const { stoppedBy } = outcome.ending;
    const good = exit === 0 && door.errors.length === 0;
    const failed = red(`failed: ${door.errors.at(-1)?.message ?? `exit ${exit}`}`);
    const ending = stoppedBy === null ? failed : dim(`stopped: ${stoppedBy}`);
    const what = good ? green('ended well') : ending;
    return [
      `  ${step.run.kind.padEnd(8)} ${step.run.agent.name} ${step.run.path} ${what.slice(0, 140)}`,
    ];
  }
  return [];
}

const gateLine = (name: string, outcome: string, ms: number) =>
  `  gate     ${name}: ${outcome === 'pass' ? green('pass') : red(outcome)} (${ms} ms)`;

function toldMark(entry: Entry & { type: 'mark' }): string[] {
  const { mark } = entry;
  switch (mark.mark) {
    case 'gate':
      return [gateLine(mark.gate.name, mark.gate.outcome, mark.gate.ms)];
    case 'canary':
      return [bold(`  canary   ${mark.agent} alone lives on the candidate`)];
    case 'promote':
      return [`  promote  the canary: ${green(mark.canary)}`];
    case 'stable':
      return [green(bold(`  stable   ${mark.release}`))];
    case 'end':
      return [red(bold(`  ${mark.phase}  ${mark.reason.message.slice(0, 200)}`))];
    case 'rollback':
      return [red(bold(`  rollback ${mark.reason.message.slice(0, 200)}`))];
    case 'cleared':
      return [dim(`  cleared  ${mark.run}: ${mark.because}`)];
    default:
      return [];
  }
}
