/**
 * The command line: `attestry COMMAND …`. Only the modules of the commands that the arguments name are loaded, so that a
 * command does not wait for the libraries of all others.
 */

import { Command } from 'commander'
import { attach } from './command.ts'
import { report } from './failure.ts'
import type { Terminal } from './terminal.ts'

export interface CommandEntry {
  readonly summary: string
  readonly load: () => Promise<{ define(command: Command): void }>
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: { summary: "make a party's home directory", load: () => import('./init.ts') },
  keygen: { summary: 'make a key', load: () => import('./keygen.ts') },
  ceremony: { summary: 'make proving and verification keys, step by step or locally', load: () => import('./ceremony.ts') },
  registry: { summary: 'what governors and owners do at the registry, and auditing it', load: () => import('./registry.ts') },
  schema: { summary: 'check and register what documents look like', load: () => import('./schema.ts') },
  statement: { summary: 'check, explain and register what can be proved', load: () => import('./statement.ts') },
  issuer: { summary: 'accreditation, issuing keys and status lists', load: () => import('./issuer.ts') },
  issue: { summary: 'turn a document into a credential', load: () => import('./issue.ts') },
  revoke: { summary: 'revoke a credential', load: () => import('./revoke.ts') },
  wallet: { summary: "a holder's credentials", load: () => import('./wallet.ts') },
  request: { summary: "make a verifier's signed request", load: () => import('./request.ts') },
  prove: { summary: 'answer a request with a proof', load: () => import('./prove.ts') },
  verify: { summary: 'check an answer, and say what it establishes', load: () => import('./verify.ts') },
  submit: { summary: 'record a proof at the registry', load: () => import('./submit.ts') },
  receipt: { summary: 'get, check, bundle and show receipts', load: () => import('./receipt.ts') },
  escrow: { summary: "open what a statement escrows, with the regulator's key", load: () => import('./escrow.ts') },
  serve: { summary: 'run the issuer, prover, registry or verifier service', load: () => import('./serve.ts') },
  doctor: { summary: 'say what is missing or wrong, and how to mend it', load: () => import('./doctor.ts') },
}

/**
 * Runs one command.
 * @param argv  the arguments after the program's name
 * @param extra  further commands
 * @returns the exit code (see failure.ts)
 */
export async function runCli(argv: readonly string[], terminal: Terminal, extra: Readonly<Record<string, CommandEntry>> = {}): Promise<number> {
  const json = argv.includes('--json')
  const program = new Command('attestry')
    .description('Prove a statement about a signed business document, and nothing else.')
    .helpCommand(false)
    .configureOutput({ writeOut: terminal.stdout, writeErr: json ? () => undefined : terminal.stderr })
    .addHelpText('after', '\nExit codes: 0 done · 1 refused · 2 wrong usage · 3 something cannot be reached')
    .exitOverride()
  attach(program, terminal)
  try {
    for (const [name, { summary, load }] of Object.entries({ ...COMMANDS, ...extra })) {
      const command = program.command(name).description(summary)
      if (argv.includes(name)) (await load()).define(command)
    }
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    return report(error, terminal, json)
  }
}
