/**
 * Lets a client in as its owner would, and prints its tokens as JSON: a program of its own, so that NODE_EXTRA_CA_CERTS can name
 * the authority of the public address.
 *
 *   PASSPHRASE=… node print-token.js ISSUER
 */
import { grant } from './oauth.ts';

const [issuer = ''] = process.argv.slice(2);
const { PASSPHRASE: passphrase = '' } = process.env;
process.stdout.write(`${JSON.stringify(await grant(issuer, { passphrase }))}\n`);
