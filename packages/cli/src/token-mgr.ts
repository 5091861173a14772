#!/usr/bin/env node
import { runTokenMgr } from './token-mgr/run.ts';

const { stdout, stderr, exitCode } = await runTokenMgr(process.argv.slice(2), process.env, Date.now);
// A pipe that was closed early (`| head`) is not a failure to report with a stack.
process.stdout.on('error', () => process.exit(1));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
