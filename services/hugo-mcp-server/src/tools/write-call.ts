import { answerKey } from '../content/answers.ts';
import type { Plan } from '../content/change.ts';
import type { Editor } from '../content/editor.ts';
import type { WriteRequest } from '../content/writer-contract.ts';
import type { Written } from './results.ts';
import type { ToolCall } from './tool.ts';

/** The arguments that every write has. */
export interface EveryWriteArgs {
  dry_run?: boolean | undefined;
  idempotency_key?: string | undefined;
}

/** Makes the change that a tool was called for, or says what it would do, as the arguments ask. */
export function runWrite(
  editor: Editor,
  tool: string,
  args: EveryWriteArgs,
  call: ToolCall,
  plan: Plan,
): Promise<Written> {
  return args.dry_run === true ? editor.dryRun(plan) : editor.write(plan, requestOf(tool, args, call));
}

/** Who asks, and the name under which the answer is kept. */
export function requestOf(tool: string, args: EveryWriteArgs, { caller, requestId, progress }: ToolCall): WriteRequest {
  const { sub, clientId } = caller;
  const { idempotency_key: key } = args;
  return {
    author: { sub, clientId, requestId },
    progress,
    key: key === undefined ? undefined : answerKey({ sub, clientId }, key, tool, { ...args }),
  };
}
