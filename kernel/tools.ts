import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Assignment, ToolDefinition } from './app.ts';
import type { Agent } from './config.ts';
import { atStep, RunError } from './errors.ts';
import { load } from './load.ts';
import { textOf } from './unfold.ts';

type ClientModule = typeof import('@modelcontextprotocol/sdk/client/index.js');

const HANDSHAKE_WITHIN = 20_000;
const CALL_WITHIN = 60_000;

/** What a tool answered, as the model is told. */
export interface ToolAnswer {
  text: string;
  failed: boolean;
}

/** The client's end of the app's tool server. */
export interface Toolbox {
  /** The agent's tools, in the server's order. */
  tools: ToolDefinition[];
  call(name: string, input: unknown): Promise<ToolAnswer>;
  close(): Promise<void>;
}

/**
 * Connects to the tools that the app starts for this turn and lists them. An agent gets only what
 * its configuration lists, and a tool that is listed must be there. Throws a RunError.
 */
export async function openToolbox(assignment: Assignment, agent: Agent): Promise<Toolbox> {
  const client = await connect(assignment);
  const listed = await atStep(
    {
      code: 'tools-unlisted',
      step: 'list the tools',
      message: 'the tool server did not say which tools it has',
    },
    () => client.listTools(undefined, { timeout: HANDSHAKE_WITHIN }),
  );
  const tools = listed.tools
    .filter(({ name }) => agent.tools.includes(name))
    .map(({ name, description = '', inputSchema }) => {
      return { name, description, input_schema: inputSchema };
    });
  const missing = agent.tools.filter((name) => !tools.some((tool) => tool.name === name));
  if (missing.length > 0) throw notThere(missing, agent, listed.tools);
  return {
    tools,
    call: (name, input) => call(client, tools, name, input),
    close: () => client.close(),
  };
}

async function connect(assignment: Assignment): Promise<Client> {
  const fault = {
    code: 'tools-unreachable',
    step: 'connect the tools',
    message: 'the tool server did not complete the MCP handshake',
    input: assignment.about,
    expected: `an answer to "initialize" within ${HANDSHAKE_WITHIN / 1000} s`,
  };
  return atStep(fault, async () => {
    const { Client } = load('@modelcontextprotocol/sdk/client/index.js') as ClientModule;
    const client = new Client({ name: 'airlock-reference-runtime', version: '0.1.0' });
    await client.connect(await assignment.tools(), { timeout: HANDSHAKE_WITHIN });
    return client;
  });
}

/** A tool that fails is an answer that the model can act on, not the end of the turn. */
async function call(
  client: Client,
  tools: ToolDefinition[],
  name: string,
  input: unknown,
): Promise<ToolAnswer> {
  if (!tools.some((tool) => tool.name === name)) {
    const have = tools.map((tool) => tool.name).join(', ') || 'none';
    return { text: `You have no tool "${name}". Your tools: ${have}.`, failed: true };
  }
  try {
    const params = { name, arguments: asArguments(input) };
    const answer = await client.callTool(params, undefined, { timeout: CALL_WITHIN });
    return { text: wordsOf(answer.content), failed: answer.isError === true };
  } catch (error) {
    return { text: `The tool failed: ${textOf(error)}`, failed: true };
  }
}

function asArguments(input: unknown): Record<string, unknown> {
  if (typeof input !== 'object' || input === null) return {};
  return input as Record<string, unknown>;
}

function wordsOf(content: unknown): string {
  const blocks = Array.isArray(content) ? content : [];
  return blocks
    .map((block) => (block?.type === 'text' ? block.text : `(${block?.type})`))
    .join('\n');
}

function notThere(missing: string[], agent: Agent, listed: { name: string }[]): RunError {
  return new RunError({
    code: 'tools-missing',
    step: 'list the tools',
    message: `the tool server has no ${missing.join(', ')}`,
    input: `agent ${agent.name}`,
    expected: agent.tools.join(', '),
    actual: listed.map(({ name }) => name).join(', ') || 'no tools',
    hint: 'config/agents.yaml lists a tool that the app does not offer.',
  });
}
