import { ArleoError, isArleoError } from '@arleo/core/errors';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import { type AnyTool, actorOf, type ToolCall, toolError } from '../tools/tool.ts';

/** Where a call is recorded, and what is known of the request that carries it. */
export interface CallRecord {
  audit: AuditLog;
  log: Log;
  userAgent: string | undefined;
}

/** Checks the arguments of a call, runs the tool, and records how it ended. Never throws: a refusal is a result. */
export async function runTool(tool: AnyTool, args: unknown, call: ToolCall, to: CallRecord): Promise<CallToolResult> {
  const startedAt = performance.now();
  const { caller, requestId } = call;
  let resource: string | null = null;
  const record = (result: 'success' | 'failure', reason?: string): void =>
    to.audit.record({
      event_type: `tool.${tool.name}`,
      result,
      actor: actorOf(caller),
      resource,
      ...(reason === undefined ? {} : { reason, level: 'warn' }),
      client_ip: caller.clientAddress,
      user_agent: to.userAgent ?? null,
      request_id: requestId,
      duration_ms: performance.now() - startedAt,
    });
  try {
    const checked = tool.input.safeParse(args ?? {});
    if (!checked.success) throw argumentsInvalid(tool.name, checked.error);
    resource = tool.resource(checked.data);
    const { structured, text } = await tool.run(checked.data, call);
    record('success');
    return { content: [{ type: 'text', text }], structuredContent: structured };
  } catch (error) {
    if (isArleoError(error)) {
      record('failure', error.code);
      return toolError(error.code, error.message, error.hint);
    }
    record('failure', 'internal');
    to.log.error('a tool failed', { tool: tool.name, error, request_id: requestId });
    const hint = `The request id is ${requestId}; the server's log says more.`;
    return toolError('internal', 'Something went wrong in hugo-mcp-server.', hint);
  }
}

/** As many faults as one answer names. */
const maxIssues = 10;

function argumentsInvalid(tool: string, { issues }: z.ZodError): ArleoError {
  const lines = issues.slice(0, maxIssues).map(({ path, message }) => {
    const where = path.map(String).join('.').slice(0, 200);
    return where === '' ? `- ${message}` : `- ${where}: ${message}`;
  });
  return new ArleoError('arguments_invalid', `The arguments of ${tool} are not valid:\n${lines.join('\n')}`, {
    hint: 'Nothing was changed. Mend the arguments and call again.',
  });
}
