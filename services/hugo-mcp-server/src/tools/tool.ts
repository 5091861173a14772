import type { AuditActor } from '@arleo/core/audit/event';
import type { Scope } from '@arleo/core/scopes';
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod';

/** Who calls, and what they may do. */
export interface Caller {
  sub: string;
  clientId: string;
  /** Id of the hop token, never the token. */
  tokenId: string;
  /** What the hop token and the actor both allow. */
  scopes: ReadonlySet<Scope>;
  /** Where the client is, as oauth-proxy saw it. */
  clientAddress: string;
}

/** The caller as the audit log names it. */
export function actorOf({ sub, clientId, tokenId }: Caller): AuditActor {
  return { sub, client_id: clientId, token_id: tokenId };
}

/** What a tool knows of its call beside the arguments. */
export interface ToolCall {
  caller: Caller;
  requestId: string;
  /** Tells the client, if it asked for that, how far a long call is. */
  progress(message: string): void;
  /** Aborted when the client has gone. A write that has begun is finished all the same. */
  signal: AbortSignal;
}

/** One MCP tool: what it is called, what it takes and gives, who may call it, and what it does. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** At most 20 characters: a connector was seen to cut longer names. */
  name: string;
  title: string;
  description: string;
  scope: Scope;
  input: Input;
  output: Output;
  annotations: ToolAnnotations;
  /** True for what writes or builds: its answer is a stream that begins at once, since a build takes time. */
  slow: boolean;
  /** Whom and what the audit log says the call was about. */
  resource(input: z.output<Input>): string | null;
  run(input: z.output<Input>, call: ToolCall): Promise<ToolResult<z.output<Output>>>;
}

/** What a tool gives: everything, and the same in a few words. */
export interface ToolResult<Output> {
  structured: Output;
  text: string;
}

/** A tool in the list of tools, whatever it takes and gives. */
// biome-ignore lint/suspicious/noExplicitAny: each tool's handler takes its own arguments, checked by its own schema.
export type AnyTool = Tool<any, any>;

/** Keeps the types of a tool's schemas and its handler together. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool;
}

/** A tool's refusal: code, what happened and what to do, as text for Claude, and as data for programs. */
export function toolError(code: string, message: string, hint?: string): CallToolResult {
  // A message of several lines ends with text of the site or of Hugo: what to do stands apart from it.
  const between = message.includes('\n') ? '\n' : ' ';
  const text = `${message}${hint === undefined ? '' : `${between}${hint}`} [${code}]`;
  const error = { code, message, ...(hint === undefined ? {} : { hint }) };
  return { isError: true, content: [{ type: 'text', text }], _meta: { 'arleo/error': error } };
}
