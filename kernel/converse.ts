import type Anthropic from '@anthropic-ai/sdk';
import type { Assignment } from './app.ts';
import type { Config } from './config.ts';
import type { Usage } from './cost.ts';
import { add, noUsage, usageOf, usdOf } from './cost.ts';
import { RunError } from './errors.ts';
import type { Gateway } from './gateway.ts';
import type { Answer, Exchange, Model } from './model.ts';
import type { Toolbox } from './tools.ts';

/** What a conversation has used so far, counted as it goes so that a failure keeps it. */
export interface Meter {
  /** Model calls that were answered. */
  steps: number;
  usage: Usage;
  usd: number;
}

export const newMeter = (): Meter => ({ steps: 0, usage: noUsage, usd: 0 });

/** What one conversation is made of. */
export interface Conversation {
  assignment: Assignment;
  config: Config;
  model: Model;
  toolbox: Toolbox;
  gateway: Gateway;
  meter: Meter;
  signal: AbortSignal;
}

type ToolUse = Extract<Answer['content'][number], { type: 'tool_use' }>;
const CUT_OFF = 'Your answer was cut off because it was too long. Go on, and be brief.';

/**
 * Lets the model work on the assignment until it means to be done and the app's quality gate
 * agrees; returns its last words. Throws a RunError at the step limit, over budget, or when a call
 * fails.
 */
export async function converse(talk: Conversation): Promise<string> {
  const { assignment, config, meter } = talk;
  const messages: Exchange[] = [{ role: 'user', content: assignment.user }];
  while (meter.steps < config.path.steps) {
    const answer = await ask(talk, messages);
    messages.push({ role: 'assistant', content: withWords(answer) });
    const next = await follow(talk, answer);
    if (next === null) return wordsOf(answer);
    if (next.length > 0) messages.push({ role: 'user', content: next });
  }
  throw new RunError({
    code: 'step-limit',
    step: 'take the turn',
    message: `the model was not done after ${meter.steps} steps`,
    input: assignment.about,
    expected: `at most ${config.path.steps} model calls`,
    actual: 'the next one would be one too many',
    hint: 'The limit stands in config/paths.yaml.',
  });
}

async function ask(talk: Conversation, messages: Exchange[]): Promise<Answer> {
  const { assignment, config, meter, model, toolbox, gateway, signal } = talk;
  refuseOverBudget(config, meter, assignment.about);
  const tools = assignment.offer(toolbox.tools);
  const { system } = assignment;
  const answer = await model({ model: config.agent.model, system, tools, messages }, signal);
  meter.steps += 1;
  meter.usage = add(meter.usage, usageOf(answer.usage));
  meter.usd = usdOf(meter.usage, config.model.usdPerMillionTokens);
  const calls = usesIn(answer).map(({ name }) => name);
  const { steps, usage, usd } = meter;
  await gateway.report({ type: 'step', step: steps, calls, stop: answer.stop_reason, usage, usd });
  return answer;
}

/** What the model is told next; null when the turn is complete; empty to let it go on. */
async function follow(talk: Conversation, answer: Answer): Promise<ToolResults | string | null> {
  const uses = usesIn(answer);
  if (answer.stop_reason === 'refusal') throw declined(talk, answer);
  if (answer.stop_reason === 'max_tokens') return afterCut(uses);
  if (uses.length > 0) return useTools(talk, uses);
  if (answer.stop_reason === 'pause_turn') return '';
  return talk.assignment.review(wordsOf(answer));
}

type ToolResults = Anthropic.ToolResultBlockParam[];

async function useTools(talk: Conversation, uses: ToolUse[]): Promise<ToolResults> {
  const results: ToolResults = [];
  // One after another: the second may build on what the first did.
  for (const { id, name, input } of uses) {
    talk.signal.throwIfAborted();
    const { text, failed } = await talk.toolbox.call(name, input);
    results.push({ type: 'tool_result', tool_use_id: id, content: text, is_error: failed });
  }
  return results;
}

/** A call that was cut off must be answered, and must not be made: half of its input is missing. */
function afterCut(uses: ToolUse[]): ToolResults | string {
  if (uses.length === 0) return CUT_OFF;
  return uses.map(({ id }) => {
    return { type: 'tool_result', tool_use_id: id, content: CUT_OFF, is_error: true };
  });
}

function declined(talk: Conversation, answer: Answer): RunError {
  return new RunError({
    code: 'model-declined',
    step: 'take the turn',
    message: 'the model declined to work on this',
    input: talk.assignment.about,
    actual: wordsOf(answer),
  });
}

function refuseOverBudget(config: Config, meter: Meter, about: string): void {
  const limit = config.agent.budget.run;
  if (limit === undefined || meter.usd < limit) return;
  throw new RunError({
    code: 'over-budget',
    step: 'take the turn',
    message: 'this run has spent its budget',
    input: about,
    expected: `less than $${limit} a run`,
    actual: `$${meter.usd.toFixed(4)} after ${meter.steps} steps`,
  });
}

/** The API takes neither an empty message back nor an empty text. */
function withWords(answer: Answer): Answer['content'] | string {
  const said = answer.content.filter((block) => block.type !== 'text' || block.text !== '');
  return said.length > 0 ? said : '(nothing)';
}

function usesIn(answer: Answer): ToolUse[] {
  return answer.content.filter((block) => block.type === 'tool_use');
}

function wordsOf(answer: Answer): string {
  return answer.content
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('\n')
    .trim();
}
