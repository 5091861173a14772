import { networkOf } from '../limits/network-of.ts';
import type { Turns } from './turns.ts';

/** Somebody who waits for a turn. */
interface Waiting {
  address: string;
  settle(heard: boolean | Error): void;
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
  giveBack(): void | Promise<void>;
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
 * Those who wait are this service's own, also where several take turns from the same.
 *
 * @param random a number from 0 to below 1
 */
export function createLottery(rules: LotteryRules, turns: Turns, random: () => number = Math.random): Lottery {
  const networks = new Map<string, Waiting[]>();
  const addresses = new Set<string>();
  let drawing = false;
  let timer: NodeJS.Timeout | undefined;

  const anyOf = <One>(list: readonly One[]): One | undefined => list[Math.floor(random() * list.length)];

  const leave = (one: Waiting, heard: boolean | Error): void => {
    const network = networkOf(one.address);
    const rest = (networks.get(network) ?? []).filter((other) => other !== one);
    if (rest.length > 0) networks.set(network, rest);
    else networks.delete(network);
    addresses.delete(one.address);
    one.settle(heard);
  };
  const everybody = (): Waiting[] => [...networks.values()].flat();
  const draw = async (): Promise<void> => {
    timer = undefined;
    drawing = true;
    try {
      while (addresses.size > 0 && (await turns.take())) {
        const drawn = anyOf(anyOf([...networks.values()]) ?? []);
        if (drawn) leave(drawn, true);
        // All have gone meanwhile.
        else await turns.giveBack();
      }
    } catch (error) {
      for (const one of everybody()) leave(one, error as Error);
    } finally {
      drawing = false;
    }
    arm();
  };
  const arm = (): void => {
    if (timer !== undefined || drawing || addresses.size === 0) return;
    timer = setTimeout(() => void draw(), turns.nextMs()).unref();
  };

  return {
    async turn(address, gone) {
      if (addresses.size === 0 && (await turns.take())) return true;
      if (gone?.aborted || addresses.has(address)) return false;
      return new Promise<boolean>((resolve, reject) => {
        const giveUp = (): void => leave(one, false);
        const patience = setTimeout(giveUp, rules.waitMs).unref();
        gone?.addEventListener('abort', giveUp);
        const one: Waiting = {
          address,
          settle(heard) {
            clearTimeout(patience);
            gone?.removeEventListener('abort', giveUp);
            if (heard instanceof Error) reject(heard);
            else resolve(heard);
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
    giveBack: () => turns.giveBack(),
  };
}
