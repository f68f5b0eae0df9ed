import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { readEnvironment } from '../../kernel/environment.ts';
import { connectGateway } from '../../kernel/gateway.ts';
import type { Desk } from '../desk.ts';
import { catalog } from './catalog.ts';

/** The tool server: the desk comes in the environment, its state goes back with every answer. */
const desk = JSON.parse(process.env.TOOL_DESK ?? '') as Desk;
desk.turn.gateway = connectGateway(readEnvironment(process.env));

const server = new McpServer({ name: 'airlock-app', version: '0.2.0' });
for (const { name, description, input, run } of catalog) {
  if (!desk.turn.agent.tools.includes(name)) continue;
  server.registerTool(name, { description, inputSchema: input }, async (given: unknown) => {
    const text = await run(given, desk);
    const state = { task: desk.task?.state, answered: desk.thread?.answered };
    return { content: [{ type: 'text', text }], _meta: { desk: state } };
  });
}
await server.connect(new StdioServerTransport());
