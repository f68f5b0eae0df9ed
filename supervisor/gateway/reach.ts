import type { Agent } from '../model/runtime.ts';
import { Refusal } from './refusal.ts';
import { blocksOf } from './request.ts';

/** Tools with a shape of the provider's that the client itself carries out. */
const carriedOutHere = new RegExp(
  '^(custom|bash|text_editor|memory|computer|computer_toolset|browser_toolset|' +
    'tool_search_tool_(bm25|regex))(_\\d{8})?$',
);

/**
 * A model call must not reach further than its agent may: a search or a fetch at the provider's, a
 * remote tool server, an image by address or a model of its own choice would pass by the gateway.
 * Throws a Refusal. A provider's tool is let through when the agent's own list names it.
 */
export function checkReach(body: Record<string, unknown>, agent: Agent): void {
  for (const field of ['mcp_servers', 'fallbacks']) {
    if (body[field] !== undefined && body[field] !== null) throw tooFar(`"${field}"`, agent);
  }
  for (const tool of Array.isArray(body.tools) ? body.tools : []) {
    const { type, name } = (tool ?? {}) as { type?: unknown; name?: unknown };
    if (typeof type !== 'string' || carriedOutHere.test(type)) continue;
    if (!agent.tools.includes(String(name))) throw tooFar(`the provider's tool "${type}"`, agent);
  }
  for (const block of blocksOf([...asArray(body.messages), ...asArray(body.system)])) {
    const source = block.source as { type?: unknown } | null | undefined;
    if (source?.type === 'url') throw tooFar('content by address (source type "url")', agent);
  }
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function tooFar(what: string, agent: Agent): Refusal {
  return new Refusal('gateway-reach', {
    type: 'permission_error',
    message: `agent ${agent.name} may not use ${what}: it reaches past the gateway`,
    step: 'gateway model call',
    input: what,
    expected: `only tools of this run, or of the agent's list: ${agent.tools.join(', ') || 'none'}`,
  });
}
