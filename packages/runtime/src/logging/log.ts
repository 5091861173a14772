import { createLogger, format, transports } from 'winston';

/** Facts beside a message. Never tokens, secrets, codes or page bodies. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A service's own log: JSON lines on standard output, where systemd's journal takes them. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Opens the log of a service. */
export function openLog({ service, level }: { service: string; level: string }): Log {
  const logger = createLogger({
    level,
    defaultMeta: { service },
    format: format.combine(format.timestamp(), format(flattenErrors)(), format.json(), format(redact)()),
    transports: [new transports.Console()],
  });
  return {
    debug: (message, fields) => void logger.debug(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    error: (message, fields) => void logger.error(message, fields),
  };
}

/**
 * Takes secrets out of the finished line, should one have got into a message or an error after all: the secret part of
 * a hop token, whatever follows `Bearer`, and the signature of a JWT.
 */
export function redactLine(line: string): string {
  return line
    .replace(/(hmcp_[0-9a-f]{16}_)[0-9a-f]{64}/g, '$1…')
    .replace(/\b(Bearer )[-A-Za-z0-9._~+/]{16,}=*/gi, '$1…')
    .replace(/\b(eyJ[-\w]+\.eyJ[-\w]+\.)[-\w]{16,}/g, '$1…');
}

function redact<Info extends object>(info: Info): Info {
  const line = (info as Record<symbol, unknown>)[MESSAGE];
  if (typeof line === 'string') (info as Record<symbol, unknown>)[MESSAGE] = redactLine(line);
  return info;
}

/** Where winston keeps the finished line. */
const MESSAGE = Symbol.for('message');

/** Errors have no enumerable members: without this they would be logged as `{}`. */
function flattenErrors<Info extends Record<string, unknown>>(info: Info): Info {
  for (const [key, value] of Object.entries(info)) {
    if (value instanceof Error) (info as Record<string, unknown>)[key] = describe(value);
  }
  return info;
}

function describe(error: Error): Record<string, unknown> {
  const { code, cause } = error as NodeJS.ErrnoException;
  return {
    name: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(cause instanceof Error ? { cause: describe(cause) } : {}),
  };
}
