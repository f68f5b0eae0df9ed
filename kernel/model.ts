import type Anthropic from '@anthropic-ai/sdk';
import type { ToolDefinition } from './app.ts';
import type { ModelSettings } from './config.ts';
import type { Environment } from './environment.ts';
import { RunError } from './errors.ts';
import { load } from './load.ts';

export type Answer = Anthropic.Message;
export type Exchange = Anthropic.MessageParam;

/** What one model call says. */
export interface Question {
  model: string;
  system: string;
  tools: ToolDefinition[];
  messages: Exchange[];
}

/** Asks the model; throws a RunError. */
export type Model = (question: Question, signal: AbortSignal) => Promise<Answer>;

const STEP = 'call the model';

/** The model behind the gateway, through the official SDK. */
export function connectModel(environment: Environment, settings: ModelSettings): Model {
  const { default: Sdk } = load('@anthropic-ai/sdk') as typeof import('@anthropic-ai/sdk');
  const client = new Sdk({
    apiKey: environment.token,
    baseURL: environment.modelUrl,
    timeout: settings.timeout,
  });
  return async (question, signal) => {
    const body = { ...question, max_tokens: settings.maxTokens };
    try {
      if (!settings.stream) return await client.messages.create(body, { signal });
      return await client.messages.stream(body, { signal }).finalMessage();
    } catch (error) {
      throw explain(error, question, Sdk);
    }
  };
}

function explain(error: unknown, question: Question, sdk: typeof Anthropic): RunError {
  const { messages, model } = question;
  const common = { step: STEP, input: `model ${model}, message ${messages.length}`, cause: error };
  if (error instanceof sdk.APIConnectionError) {
    return new RunError({
      ...common,
      code: 'gateway-unreachable',
      message: 'the gateway did not answer a model call',
      hint: 'Without the gateway nothing may be done: the run stops here.',
    });
  }
  if (error instanceof sdk.APIError && error.status !== undefined) {
    return new RunError({
      ...common,
      code: 'model-refused',
      message: `the gateway refused a model call with status ${error.status}: ${saidBy(error)}`,
      expected: 'status 200',
      actual: JSON.stringify(error.error ?? null).slice(0, 2000),
    });
  }
  return new RunError({ ...common, code: 'model-call-failed', message: 'a model call failed' });
}

/** `kind: words` of the error body `{type: error, error: {type, message}}`, or what there is. */
function saidBy(error: InstanceType<typeof Anthropic.APIError>): string {
  const body = error.error as { error?: { type?: string; message?: string } } | undefined;
  const { type, message } = body?.error ?? {};
  return message ? `${type ?? 'error'}: ${message}` : error.message;
}
