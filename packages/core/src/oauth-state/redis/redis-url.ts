/**
 * True for the address of a Redis as it is given in `STATE_URL`: scheme, host, maybe user, password, port and number of a
 * database. Nothing else: a query would be read as settings of the client.
 */
export function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  if (protocol !== 'redis:' && protocol !== 'rediss:') return false;
  return hostname !== '' && /^(?:\/\d{0,5})?$/.test(pathname) && search === '' && hash === '';
}
