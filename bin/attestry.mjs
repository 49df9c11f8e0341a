#!/usr/bin/env node
// Runs src/cli/main.ts under tsx, in the folder from which it is called.
import { register } from 'tsx/esm/api'

register()
const { runCli } = await import('../src/cli/main.ts')
const { processTerminal } = await import('../src/cli/terminal.ts')
process.exit(await runCli(process.argv.slice(2), processTerminal()))
