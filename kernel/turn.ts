import { fileURLToPath } from 'node:url';
import type { App, Assignment, Turn, TurnEnd } from './app.ts';
import { loadApp } from './app.ts';
import { recoverClaims, releaseClaims } from './claimable.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import type { Meter } from './converse.ts';
import { converse, newMeter } from './converse.ts';
import type { Environment } from './environment.ts';
import { atStep } from './errors.ts';
import type { Gateway } from './gateway.ts';
import type { HistoryEntry } from './history.ts';
import { recordTurn } from './history.ts';
import { fileMail } from './mail.ts';
import { connectModel } from './model.ts';
import { openToolbox } from './tools.ts';
import { textOf, unfold } from './unfold.ts';
import { layOut } from './workspace.ts';

type Outcome = 'completed' | 'nothing-to-do';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * One turn of one agent: tell the supervisor that it begins, put the workspace in order, let the
 * app choose what to work on, work on it with the model, tell the supervisor that it ended. Throws
 * a RunError; an assignment that was begun is settled either way.
 */
export async function takeTurn(
  environment: Environment,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<void> {
  const { path, workspace, run } = environment;
  await gateway.report({ type: 'turn', event: 'begin', path });
  const config = await readConfig(root, environment);
  await prepareWorkspace(workspace, config);
  const work: Work = {
    ...{ config, environment, signal, meter: newMeter() },
    turn: turnOf(environment, config, gateway),
  };
  try {
    const outcome = await chooseAndWork(await loadApp(), work);
    await gateway.report({ type: 'turn', event: 'end', path, outcome, ...work.meter });
  } finally {
    // An app that broke between claiming and settling must not keep its task from the next run.
    // Their lease ends anyway, so a failure here is told and must not hide another one.
    await releaseClaims(workspace, run).catch(tell);
  }
}

/** What a turn takes. */
interface Work {
  turn: Turn;
  config: Config;
  environment: Environment;
  meter: Meter;
  signal: AbortSignal;
}

async function chooseAndWork(app: App, work: Work): Promise<Outcome> {
  const assignment = await begin(app, work.turn);
  if (assignment !== null) return workOn(assignment, work);
  await note(work, { about: 'nothing to do', outcome: 'nothing-to-do', words: '' });
  return 'nothing-to-do';
}

async function prepareWorkspace(workspace: string, config: Config): Promise<void> {
  await layOut(workspace);
  const fault = {
    code: 'workspace-unusable',
    step: 'put the workspace in order',
    message: 'what was delivered or left behind could not be put in order',
    input: workspace,
  };
  await atStep(fault, async () => {
    await fileMail(workspace);
    await recoverClaims(workspace, config.path.lease);
  });
}

function turnOf(environment: Environment, config: Config, gateway: Gateway): Turn {
  const { path, run, release, workspace, inbox, receipts } = environment;
  const { agent, team } = config;
  const settings = config.path;
  return { path, agent, team, settings, run, release, workspace, inbox, receipts, gateway };
}

async function begin(app: App, turn: Turn): Promise<Assignment | null> {
  const fault = {
    code: 'app-failed',
    step: 'begin the turn',
    message: `the app could not choose what to do on path ${turn.path}`,
    input: `path ${turn.path}, agent ${turn.agent.name}`,
    expected: 'an assignment, or null when there is nothing to do',
  };
  return atStep(fault, () => app.begin(turn));
}

async function workOn(assignment: Assignment, work: Work): Promise<Outcome> {
  let end: TurnEnd;
  try {
    end = { completed: true, words: await Promise.race([talk(assignment, work), ended(work)]) };
  } catch (error) {
    end = { completed: false, error };
  }
  await settle(assignment, work, end);
  if (!end.completed) throw end.error;
  return 'completed';
}

/** Only a turn that has something to do gets here and loads the SDKs. */
async function talk(assignment: Assignment, work: Work): Promise<string> {
  const { config, environment, meter, signal, turn } = work;
  const toolbox = await openToolbox(assignment, config.agent);
  try {
    const model = connectModel(environment, config.model);
    const { gateway } = turn;
    return await converse({ assignment, config, model, toolbox, gateway, meter, signal });
  } finally {
    await toolbox.close();
  }
}

/** Rejects when the run is told to stop, or when something fails that nobody waits for. */
function ended({ signal }: Work): Promise<never> {
  return new Promise((_, reject) => {
    const give = () => reject(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** A failure to settle is told only if nothing failed before: the first failure is the cause. */
async function settle(assignment: Assignment, work: Work, end: TurnEnd): Promise<void> {
  const fault = {
    code: 'not-settled',
    step: 'settle the turn',
    message: `${assignment.about} could not be settled`,
    input: assignment.about,
  };
  try {
    await atStep(fault, async () => {
      await assignment.settle(end);
      const words = end.completed ? end.words : textOf(end.error);
      const outcome = end.completed ? 'completed' : 'failed';
      await note(work, { about: assignment.about, outcome, words });
    });
  } catch (error) {
    if (end.completed) throw error;
    tell(error);
  }
}

function tell(error: unknown): void {
  const causes = unfold(error).map(({ text }) => text);
  process.stderr.write(`${causes.join(': ')}\n`);
}

async function note(
  { turn, meter }: Work,
  told: Pick<HistoryEntry, 'about' | 'outcome' | 'words'>,
): Promise<void> {
  const { run, path, workspace } = turn;
  const { steps, usd } = meter;
  await recordTurn(workspace, { at: new Date().toISOString(), run, path, ...told, steps, usd });
}
