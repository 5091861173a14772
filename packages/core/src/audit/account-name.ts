import { readFile } from 'node:fs/promises';

/** The name of a user or group of this host (passwd(5), group(5)); its number where it has none there. */
export async function accountName(kind: 'passwd' | 'group', id: number): Promise<string> {
  const text = await readFile(`/etc/${kind}`, 'utf8').catch(() => '');
  const line = text.split('\n').find((one) => one.split(':')[2] === String(id));
  return line?.split(':', 1)[0] ?? String(id);
}
