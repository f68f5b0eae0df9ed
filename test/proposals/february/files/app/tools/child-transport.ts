import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { Desk } from '../desk.ts';
import { TaskGroup } from './task-group.ts';

/** The host's end of a tool server in a child process, one JSON message a line. */
export class ChildTransport implements Transport {
  onmessage?: Transport['onmessage'];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  private readonly desk: Desk;
  private readonly buffer = new ReadBuffer();
  private child: ChildProcess | undefined;

  constructor(desk: Desk) {
    this.desk = desk;
  }

  async start(): Promise<void> {
    const server = fileURLToPath(new URL('./child.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', server], {
      env: { ...process.env, TOOL_DESK: JSON.stringify(this.desk) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child = child;
    child.stdin.on('error', (error) => this.onerror?.(error));
    child.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
    child.on('close', () => this.onclose?.());
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // Nobody types here: without an input a tool can never wait for a terminal.
    child.stdin.end();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const session = new TaskGroup('session');
    const server = new TaskGroup('tool server');
    server.add(this.write(serializeMessage(message)));
    session.add(server.finish());
    await session.finish();
  }

  async close(): Promise<void> {
    this.child?.kill();
  }

  private write(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.child?.stdin?.write(line, (error) => (error ? reject(error) : resolve()));
    });
  }

  private receive(chunk: Buffer): void {
    this.buffer.append(chunk);
    for (let message = this.buffer.readMessage(); message; message = this.buffer.readMessage()) {
      this.takeOver(message);
      this.onmessage?.(message);
    }
  }

  /** What the tools did to the desk over there is done to the one here. */
  private takeOver(message: JSONRPCMessage): void {
    if (!('result' in message)) return;
    const state = message.result._meta?.desk as { task?: string; answered?: boolean } | undefined;
    if (this.desk.task && state?.task) this.desk.task.state = state.task as 'ended';
    if (this.desk.thread && state?.answered) this.desk.thread.answered = true;
  }
}
