import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Desk } from '../desk.ts';
import { ChildTransport } from './child-transport.ts';

/** The tools of the agent's configuration, in a process of their own; returns the client's end. */
export async function startTools(desk: Desk): Promise<Transport> {
  return new ChildTransport(desk);
}
