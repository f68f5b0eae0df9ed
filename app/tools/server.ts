import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { load } from '../../kernel/load.ts';
import type { Desk } from '../desk.ts';
import { completeTask } from './complete-task.ts';
import { createTask } from './create-task.ts';
import { failTask } from './fail-task.ts';
import { proposeChange } from './propose-change.ts';
import { remember } from './remember.ts';
import { replyInThread } from './reply-in-thread.ts';
import { sendMessage } from './send-message.ts';
import type { AnyTool } from './tool.ts';

type ServerModule = typeof import('@modelcontextprotocol/sdk/server/mcp.js');
type MemoryModule = typeof import('@modelcontextprotocol/sdk/inMemory.js');

const catalog: AnyTool[] = [
  completeTask,
  failTask,
  createTask,
  sendMessage,
  replyInThread,
  remember,
  proposeChange,
];

/**
 * Starts an MCP server in this process with all tools, and returns the client's end of it. Of these
 * the kernel lets an agent see and call what its configuration lists, and nothing else.
 */
export async function startTools(desk: Desk): Promise<Transport> {
  const { McpServer } = load('@modelcontextprotocol/sdk/server/mcp.js') as ServerModule;
  const { InMemoryTransport } = load('@modelcontextprotocol/sdk/inMemory.js') as MemoryModule;
  const server = new McpServer({ name: 'airlock-app', version: '0.1.0' });
  for (const { name, description, input, run } of catalog) {
    server.registerTool(name, { description, inputSchema: input }, async (given: unknown) => {
      return { content: [{ type: 'text', text: await run(given, desk) }] };
    });
  }
  const [client, host] = InMemoryTransport.createLinkedPair();
  await server.connect(host);
  return client;
}
