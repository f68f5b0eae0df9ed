import { z } from 'zod';
import type { Block } from './request.ts';
import { invalid, saying, toolsOffered, wording } from './request.ts';

/**
 * Judges a request as the provider would, so that a runtime that sends what the real API refuses
 * fails its rehearsal too (platform.claude.com, api/messages). Throws a Refusal with every fault.
 */
export function judgeRequest(body: Record<string, unknown>, version: unknown): void {
  const faults: string[] = [];
  if (typeof version !== 'string') faults.push('anthropic-version: header is required');
  const result = requestSchema.safeParse(body, { reportInput: true });
  if (!result.success) faults.push(...result.error.issues.map(wording));
  else faults.push(...toolFaults(result.data), ...turnFaults(result.data.messages as Message[]));
  if (faults.length > 0) throw invalid([...new Set(faults)]);
}

const id = z.string().regex(/^[a-zA-Z0-9_-]+$/, "String should match pattern '^[a-zA-Z0-9_-]+$'");
const toolName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,128}$/, "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");

/** Judged by the schema that the value itself asks for, so that a fault names its own place. */
function asked(pick: (value: unknown) => z.ZodType) {
  return z.unknown().superRefine((value, context) => {
    const result = pick(value).safeParse(value, { reportInput: true });
    for (const issue of result.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: issue.path, message: saying(issue) });
    }
  });
}

const typeOf = (value: unknown) => String((value as { type?: unknown } | null)?.type);

const text = z.looseObject({
  type: z.literal('text'),
  text: z.string().min(1, 'text content blocks must be non-empty'),
});
const content = asked((value) =>
  typeof value === 'string' || value === undefined
    ? z.string().min(1, 'messages must have non-empty content')
    : z.array(block),
);
const blocks: Record<string, z.ZodType> = {
  text,
  tool_use: z.looseObject({
    id,
    name: z.string().min(1),
    input: z.record(z.string(), z.unknown()),
  }),
  tool_result: z.looseObject({
    tool_use_id: id,
    content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).optional(),
    is_error: z.boolean().optional(),
  }),
};
const shapeOf = (type: string) => (Object.hasOwn(blocks, type) ? blocks[type] : undefined);
const block = asked(
  (value) => shapeOf(typeOf(value)) ?? z.looseObject({ type: z.string().min(1) }),
);
const message = z.strictObject({ role: z.enum(['user', 'assistant', 'system']), content });
type Message = { role: string; content: string | Block[] };

const customTool = z.looseObject({
  name: toolName,
  description: z.string().optional(),
  input_schema: z.looseObject({ type: z.literal('object') }),
});
/** A tool whose shape the provider defines: `bash_20250124`. */
const typedTool = z.looseObject({ type: z.string().min(1), name: z.string().optional() });
const tool = asked((value) =>
  /^(undefined|null|custom)$/.test(typeOf(value)) ? customTool : typedTool,
);

const loose = z.unknown().optional();
const requestSchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.number().int().min(1, 'must be greater than or equal to 1'),
  messages: z.array(message).min(1, 'at least one message is required'),
  system: z.union([z.string(), z.array(text)]).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.number().int().min(0).optional(),
  stop_sequences: z.array(z.string()).optional(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).optional(),
  tools: z.array(tool).optional(),
  tool_choice: z
    .looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']), name: z.string().optional() })
    .optional(),
  ...Object.fromEntries(
    [
      ...['cache_control', 'container', 'context_management', 'compaction', 'diagnostics'],
      ...['inference_geo', 'output_config', 'output_format', 'service_tier', 'speed', 'thinking'],
      ...['thread', 'user_profile_id', 'workspace_id', 'billing_policy', 'fallback_credit_token'],
    ].map((key) => [key, loose]),
  ),
});

function toolFaults(request: z.infer<typeof requestSchema>): string[] {
  const names = toolsOffered(request.tools);
  const faults = new Set(names).size < names.length ? ['tools: Tool names must be unique.'] : [];
  const choice = request.tool_choice;
  if (choice && names.length === 0) faults.push('tool_choice: may only be given with tools');
  if (choice?.type === 'tool' && !names.includes(choice.name ?? '')) {
    faults.push(`tool_choice: Tool '${choice.name ?? ''}' not found in provided tools`);
  }
  return faults;
}

/** Turns alternate (the provider joins those of one role); each tool_use is answered at once. */
function turnFaults(messages: Message[]): string[] {
  const turns = joined(messages.filter((one) => one.role !== 'system'));
  const faults: string[] = [];
  if (turns[0]?.role !== 'user') faults.push('messages: first message must use the "user" role');
  turns.forEach((turn, index) => {
    const before = turns[index - 1];
    const asked = before ? idsOf(before.blocks, 'tool_use', 'id') : [];
    const answered = idsOf(turn.blocks, 'tool_result', 'tool_use_id');
    for (const one of unasked(answered, asked, turn.at)) faults.push(one);
    for (const one of unanswered(asked, answered, before?.at)) faults.push(one);
    if (turn.role === 'user' && idsOf(turn.blocks, 'tool_use', 'id').length > 0) {
      faults.push(`messages.${turn.at}: \`tool_use\` blocks can only be in \`assistant\` messages`);
    }
    if (turn.role === 'assistant' && turn.blocks.length === 0 && index < turns.length - 1) {
      faults.push(`messages.${turn.at}: all messages must have non-empty content`);
    }
  });
  const last = turns.at(-1);
  if (last) faults.push(...unanswered(idsOf(last.blocks, 'tool_use', 'id'), [], last.at));
  return faults;
}

interface Turn {
  at: number;
  role: string;
  blocks: Block[];
}

function joined(messages: Message[]): Turn[] {
  const turns: Turn[] = [];
  messages.forEach(({ role, content }, at) => {
    const blocks: Block[] =
      typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const last = turns.at(-1);
    if (last?.role === role) for (const one of blocks) last.blocks.push(one);
    else turns.push({ at, role, blocks: [...blocks] });
  });
  return turns;
}

function idsOf(blocks: Block[], type: string, field: 'id' | 'tool_use_id'): string[] {
  return blocks.filter((one) => one.type === type).map((one) => String(one[field]));
}

function unasked(answered: string[], asked: string[], at: number): string[] {
  const known = new Set(asked);
  return answered
    .filter((one) => !known.has(one))
    .map(
      (one) =>
        `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${one}. ` +
        'Each `tool_result` block must have a corresponding `tool_use` block in the previous ' +
        'message.',
    );
}

function unanswered(asked: string[], answered: string[], at: number | undefined): string[] {
  const known = new Set(answered);
  return asked
    .filter((one) => !known.has(one))
    .map(
      (one) =>
        `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately ` +
        `after: ${one}. Each \`tool_use\` block must have a corresponding \`tool_result\` block ` +
        'in the next message.',
    );
}
