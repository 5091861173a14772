import { deceptiveCharacter } from '@arleo/core/content/text';
import type { Adoption } from '@arleo/core/tokens/adopt-tokens';
import type { CreatedToken, RotatedToken, TokenListing } from '@arleo/core/tokens/manage';
import { parseTime } from '@arleo/core/tokens/token-file';

/** A new token, this once. */
export function printCreated({ token, id, expires_at }: CreatedToken): string {
  const lines = [`Token: ${token}  # ← shown only once`, `ID: ${id}  # ← stored cleartext in tokens.json`];
  if (expires_at !== null) lines.push(`Expires: ${minute(expires_at)} UTC`);
  return lines.join('\n');
}

/** What became of the old token, after the new one. */
export function printRotated({ created, old }: RotatedToken): string {
  const end =
    old.revoked_at === null
      ? `Token ${old.id} works until ${minute(old.expires_at ?? '')} UTC, then it is refused.`
      : printRevoked(old);
  return `${printCreated(created)}\n${end}`;
}

/** The confirmation of a revocation. */
export function printRevoked({ id }: TokenListing): string {
  return `Token ${id} revoked. Effective immediately.`;
}

/** What became of each token, and of those before them. */
export function printAdopted(adoptions: readonly Adoption[]): string {
  return adoptions
    .flatMap(({ id, label, state, revoked }) => [
      `Token ${id} (${printable(label)}) ${state}.`,
      ...revoked.map((old) => `Token ${old} revoked. Effective immediately.`),
    ])
    .join('\n');
}

/** All tokens as a table. */
export function printList(tokens: readonly TokenListing[]): string {
  const rows = [
    ['ID', 'LABEL', 'CREATED', 'EXPIRES', 'STATUS'],
    ...tokens.map(({ id, label, created_at, expires_at, status }) => [
      id,
      printable(label),
      minute(created_at),
      expires_at === null ? 'never' : minute(expires_at),
      status,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `2026-05-09 13:42`, UTC. */
function minute(time: string): string {
  return new Date(parseTime(time)).toISOString().slice(0, 16).replace('T', ' ');
}

/** A label written by another program may hold what would steer the terminal. */
function printable(label: string): string {
  return Array.from(label, (character) => (deceptiveCharacter(character) === undefined ? character : '?')).join('');
}
