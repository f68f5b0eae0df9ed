import { z } from 'zod';
import type { Block } from './request.ts';
import { invalid, wording } from './request.ts';

/**
 * Judges a request as the provider would, so that a runtime that sends what the real API refuses
 * fails its rehearsal too (platform.claude.com, api/messages). Throws a Refusal with every fault.
 */
export function judgeRequest(body: Record<string, unknown>, version: unknown): void {
  const faults: string[] = [];
  if (typeof version !== 'string') faults.push('anthropic-version: header is required');
  const result = requestSchema.safeParse(body);
  if (!result.success) faults.push(...result.error.issues.flatMap(unfold).map(wording));
  else faults.push(...toolFaults(result.data), ...turnFaults(result.data.messages));
  if (faults.length > 0) throw invalid([...new Set(faults)]);
}

const id = z.string().regex(/^[a-zA-Z0-9_-]+$/, "String should match pattern '^[a-zA-Z0-9_-]+$'");
const toolName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,128}$/, "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");

const text = z.looseObject({
  type: z.literal('text'),
  text: z.string().min(1, 'text content blocks must be non-empty'),
});
const use = z.looseObject({
  type: z.literal('tool_use'),
  id,
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
});
const result = z.looseObject({
  type: z.literal('tool_result'),
  tool_use_id: id,
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).optional(),
  is_error: z.boolean().optional(),
});
const known = ['text', 'tool_use', 'tool_result'];
const other = z.looseObject({
  type: z.string().refine((type) => !known.includes(type), 'Input tag is not as its type says'),
});

const block = z.union([text, use, result, other]);
const message = z.strictObject({
  role: z.enum(['user', 'assistant', 'system']),
  content: z.union([z.string().min(1, 'messages must have non-empty content'), z.array(block)]),
});
type Message = z.infer<typeof message>;

const customTool = z.looseObject({
  type: z.literal('custom').nullish(),
  name: toolName,
  description: z.string().optional(),
  input_schema: z.looseObject({ type: z.literal('object') }),
});
/** A tool whose shape the provider defines. */
const typedTool = z.looseObject({
  type: z.string().min(1).regex(/_/),
  name: z.string().optional(),
});

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
  tools: z.array(z.union([customTool, typedTool])).optional(),
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

/** The faults of the union's nearest branch say more than "invalid input". */
function unfold(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const depth = (branch: z.core.$ZodIssue[]) =>
    branch.filter((one) => /type|role/.test(String(one.path[0]))).length;
  const nearest = issue.errors.reduce((best, one) => (depth(one) < depth(best) ? one : best));
  return nearest.flatMap((one) => unfold({ ...one, path: [...issue.path, ...one.path] }));
}

function toolFaults(request: z.infer<typeof requestSchema>): string[] {
  const names = (request.tools ?? []).map((tool) => tool.name).filter((name) => name !== undefined);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const faults = twice.length > 0 ? ['tools: Tool names must be unique.'] : [];
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
    faults.push(...unasked(answered, asked, turn.at), ...unanswered(asked, answered, before?.at));
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
    if (last?.role === role) last.blocks.push(...blocks);
    else turns.push({ at, role, blocks: [...blocks] });
  });
  return turns;
}

function idsOf(blocks: Block[], type: string, field: 'id' | 'tool_use_id'): string[] {
  return blocks.filter((one) => one.type === type).map((one) => String(one[field]));
}

function unasked(answered: string[], asked: string[], at: number): string[] {
  return answered
    .filter((one) => !asked.includes(one))
    .map(
      (one) =>
        `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${one}. Each ` +
        '`tool_result` block must have a corresponding `tool_use` block in the previous message.',
    );
}

function unanswered(asked: string[], answered: string[], at: number | undefined): string[] {
  return asked
    .filter((one) => !answered.includes(one))
    .map(
      (one) =>
        `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately ` +
        `after: ${one}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in ` +
        'the next message.',
    );
}
