/** Somebody who waits for a turn. */
interface Waiting {
  address: string;
  settle(heard: boolean): void;
}

/** Gives out turns at a steady rate; when more want one than there are, lots are drawn. */
export interface Lottery {
  /**
   * True when it is the caller's turn: at once while there are turns, else when its lot was drawn. False when it was not
   * drawn within the time that one waits, or when its address waits already.
   *
   * @param gone aborted when the caller does not wait any more: its lot is taken out
   */
  turn(address: string, gone?: AbortSignal): Promise<boolean>;
  /** Gives back a turn that did no harm. */
  giveBack(): void;
}

/** How a {@link Lottery} goes. */
export interface LotteryRules {
  /** Turns that may be taken at once after a pause. */
  atOnce: number;
  /** Milliseconds after which there is one turn more. */
  everyMs: number;
  /** Milliseconds that one waits to be drawn. */
  waitMs: number;
  /** As many as wait at the same time; beyond them the network that most of them are of loses one. */
  maxWaiting: number;
}

/**
 * Lots are drawn among networks first, and then within the network that was drawn: whoever has very many addresses in a
 * few networks hardly pushes aside somebody in another. No one who wants a turn can be kept from ever getting one.
 *
 * @param random a number from 0 to below 1
 */
export function createLottery(
  rules: LotteryRules,
  now: () => number = Date.now,
  random: () => number = Math.random,
): Lottery {
  const networks = new Map<string, Waiting[]>();
  const addresses = new Set<string>();
  let turns = rules.atOnce;
  let counted = now();
  let timer: NodeJS.Timeout | undefined;

  const refill = (): void => {
    const fresh = Math.floor((now() - counted) / rules.everyMs);
    counted += fresh * rules.everyMs;
    turns = Math.min(rules.atOnce, turns + fresh);
  };
  const anyOf = <One>(list: readonly One[]): One | undefined => list[Math.floor(random() * list.length)];

  const leave = (one: Waiting, heard: boolean): void => {
    const network = networkOf(one.address);
    const rest = (networks.get(network) ?? []).filter((other) => other !== one);
    if (rest.length > 0) networks.set(network, rest);
    else networks.delete(network);
    addresses.delete(one.address);
    one.settle(heard);
  };
  const draw = (): void => {
    timer = undefined;
    refill();
    for (; turns >= 1 && addresses.size > 0; turns -= 1) {
      const drawn = anyOf(anyOf([...networks.values()]) ?? []);
      if (drawn) leave(drawn, true);
    }
    arm();
  };
  const arm = (): void => {
    if (timer !== undefined || addresses.size === 0) return;
    timer = setTimeout(draw, Math.max(1, counted + rules.everyMs - now())).unref();
  };

  return {
    async turn(address, gone) {
      refill();
      if (turns >= 1 && addresses.size === 0) {
        turns -= 1;
        return true;
      }
      if (gone?.aborted || addresses.has(address)) return false;
      return new Promise<boolean>((resolve) => {
        const giveUp = (): void => leave(one, false);
        const patience = setTimeout(giveUp, rules.waitMs).unref();
        gone?.addEventListener('abort', giveUp);
        const one: Waiting = {
          address,
          settle(heard) {
            clearTimeout(patience);
            gone?.removeEventListener('abort', giveUp);
            resolve(heard);
          },
        };
        const network = networkOf(address);
        networks.set(network, [...(networks.get(network) ?? []), one]);
        addresses.add(address);
        if (addresses.size > rules.maxWaiting) {
          const largest = [...networks.values()].reduce((most, list) => (list.length > most.length ? list : most));
          const loser = anyOf(largest);
          if (loser) leave(loser, false);
        }
        arm();
      });
    },
    giveBack() {
      turns = Math.min(rules.atOnce, turns + 1);
    },
  };
}

/** What one owner of addresses commonly has: 65,536 of IPv4 (/16), a provider's whole allocation of IPv6 (/32). */
function networkOf(address: string): string {
  const separator = address.includes(':') ? ':' : '.';
  return address.split(separator).slice(0, 2).join(separator);
}
