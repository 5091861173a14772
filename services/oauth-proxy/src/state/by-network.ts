/** Things that were stored before anybody logged in, by the network of who sent them; oldest first, as they were given. */
export function byNetwork<Held extends { network: string }>(held: readonly Held[]): Map<string, Held[]> {
  const networks = new Map<string, Held[]>();
  for (const one of held) {
    const own = networks.get(one.network);
    if (own) own.push(one);
    else networks.set(one.network, [one]);
  }
  return networks;
}

/** Those of the network that has most: whoever floods from few networks displaces nothing but their own. */
export function fullest<Held>(networks: ReadonlyMap<string, Held[]>): Held[] {
  return [...networks.values()].reduce((most, list) => (list.length > most.length ? list : most), []);
}
