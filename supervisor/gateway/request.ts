import { z } from 'zod';
import { numbered } from '../model/numbered.ts';
import { Refusal } from './refusal.ts';

/** What every model call has, whoever answers it; all else goes through as it came. */
const callSchema = z.looseObject({
  model: z.string().min(1).max(256),
  max_tokens: z.number().int().min(1).max(10_000_000),
  messages: z
    .array(z.looseObject({ role: z.string() }))
    .min(1)
    .max(100_000),
  stream: z.boolean().nullish(),
});
export type ModelRequest = z.infer<typeof callSchema>;

const countSchema = callSchema.omit({ max_tokens: true, stream: true });
export type CountRequest = z.infer<typeof countSchema>;

const step = 'gateway model call';

/** The few fields that the gateway itself needs; throws a Refusal that names every fault. */
export function parseCall(body: Record<string, unknown>): ModelRequest {
  return parsed(callSchema.safeParse(body, { reportInput: true }));
}

export function parseCount(body: Record<string, unknown>): CountRequest {
  return parsed(countSchema.safeParse(body, { reportInput: true }));
}

function parsed<T>(result: z.ZodSafeParseResult<T>): T {
  if (result.success) return result.data;
  throw invalid(result.error.issues.map(wording));
}

/** `messages.0.role: Field required`, as the provider words it; needs `reportInput`. */
export function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...issue.path, key].join('.')}: not permitted`).join('; ');
  }
  return `${issue.path.join('.') || 'body'}: ${saying(issue)}`;
}

/** What is wrong at the place of an issue. */
export function saying(issue: z.core.$ZodIssue): string {
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return missing ? 'Field required' : issue.message;
}

/** 400 as the provider answers it. */
export function invalid(faults: string[]): Refusal {
  return new Refusal('gateway-request', {
    type: 'invalid_request_error',
    message: faults.slice(0, 20).join('; '),
    step,
    actual: numbered(faults.length, 'fault'),
  });
}

/** Content blocks of all messages, their tool results and documents, outermost first. */
export function* blocksOf(messages: unknown): Generator<Block> {
  if (!Array.isArray(messages)) return;
  for (const each of messages) {
    if (typeof each !== 'object' || each === null) continue;
    yield each as Block;
    yield* blocksOf((each as Block).content);
    yield* blocksOf(((each as Block).source as Block | undefined)?.content);
  }
}

export interface Block {
  type?: unknown;
  role?: unknown;
  text?: unknown;
  content?: unknown;
  source?: unknown;
  id?: unknown;
  name?: unknown;
  input?: unknown;
  tool_use_id?: unknown;
  is_error?: unknown;
}

/** Names of the tools that a request offers. */
export function toolsOffered(tools: unknown): string[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: { name?: unknown } | null) =>
    typeof tool?.name === 'string' ? [tool.name] : [],
  );
}

/** The words of a message or of blocks, one text a line. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block: Block | null) => {
      if (typeof block?.text === 'string') return block.text;
      return block?.type === 'tool_result' ? textOf(block.content) : '';
    })
    .filter((text) => text !== '')
    .join('\n');
}
