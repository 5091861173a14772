#!/usr/bin/env node
import { finish } from './outcome.ts';
import { runTokenMgr } from './token-mgr/run.ts';

await finish(await runTokenMgr(process.argv.slice(2), process.env, Date.now));
