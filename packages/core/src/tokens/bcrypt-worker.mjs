// Runs in a piscina worker thread. Plain JavaScript, so that it runs from the sources and beside a bundle alike.
import { compareSync, hashSync } from 'bcryptjs';

/**
 * @param {{ secret: string, cost: number } | { secret: string, hash: string }} task
 * @returns {string | boolean} the hash, or whether the secret belongs to the hash
 */
export default function bcrypt(task) {
  return 'hash' in task ? compareSync(task.secret, task.hash) : hashSync(task.secret, task.cost);
}
