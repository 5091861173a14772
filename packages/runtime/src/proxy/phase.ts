import type { Reason } from '@arleo/core/reasons';

/** What the call waits for; each has its own time limit. */
export type Phase =
  /** For the client's body. */
  | 'body'
  /** For a connection. */
  | 'connect'
  /** For the head of the answer. */
  | 'answer'
  /** For the next chunk of the answer. */
  | 'stream'
  /** For the client to take what was sent. */
  | 'client';

/** Why a call fails that waits too long. */
export const LATE: Readonly<Record<Phase, Reason>> = {
  body: 'request_timeout',
  connect: 'connect_timeout',
  answer: 'first_byte_timeout',
  stream: 'idle_timeout',
  client: 'call_timeout',
};
