import type { ZodRawShapeCompat } from '@modelcontextprotocol/sdk/server/zod-compat.js';
import type { output, ZodObject, ZodRawShape } from 'zod';
import type { Desk } from '../desk.ts';

/** One tool, as the server offers it. */
export interface Tool<Shape extends ZodRawShape = ZodRawShape> {
  name: string;
  /** For the model: what it does and when to use it. */
  description: string;
  input: Shape;
  /** Answers the model in words. What it throws is told to the model as the tool's failure. */
  run(input: output<ZodObject<Shape>>, desk: Desk): Promise<string>;
}

/** Keeps the types of one tool's input while all tools fit into one list. */
export function tool<Shape extends ZodRawShape>(definition: Tool<Shape>): AnyTool {
  return definition as unknown as AnyTool;
}

export interface AnyTool {
  name: string;
  description: string;
  input: ZodRawShapeCompat;
  run(input: unknown, desk: Desk): Promise<string>;
}

/** Throws the fault, if there is one, as what the model is told. */
export function insist(fault: string | null): void {
  if (fault !== null) throw new Error(fault);
}
