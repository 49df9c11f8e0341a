/** `attestry wallet`: a holder's secret and credentials, in one file sealed with a password. */

import type { Command } from 'commander'
import { parseOrganisationCode } from '../credential/organisation.ts'
import { refuse } from '../errors/errors.ts'
import { printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { pickUp } from '../prover/pick-up.ts'
import { WalletFile } from '../prover/wallet-file.ts'
import type { View } from '../view/view.ts'
import { does, type Options, type Outcome, type Session } from './command.ts'
import { readJsonFile } from './files.ts'
import type { Home } from './home.ts'
import { viewOf } from './link.ts'
import { passwordFrom, withPassword } from './password.ts'

export function define(command: Command): void {
  does(withPassword(command.command('create').description('make a wallet with a new holder secret')), create)
  does(withPassword(command.command('holder-id').description('print what an issuer needs to issue to this wallet').argument('<issuer>', 'code of the issuing organisation')), holderId)
  does(withPassword(command.command('add').description('add credentials').argument('<files...>')), add)
  does(withPassword(command.command('pick-up').description('fetch a credential with a one-time code from an issuer').argument('<issuer>', "address of the issuer's service").argument('<code>')), fetchCredential)
  does(withPassword(command.command('remove').description('forget a credential').argument('<id>')), remove)
  does(withPassword(command.command('list').description('the credentials in the wallet')), list)
}

/** Wallets that this process has opened: deriving the key from the password takes half a second each time. */
const opened = new Map<string, { readonly password: string; readonly file: WalletFile }>()

/** The wallet of a home, open, as it is on the disk now. */
export async function openWallet(session: Session, home: Home, options: Options): Promise<WalletFile> {
  const [path, password] = [walletPath(home), await passwordFrom(session, options)]
  const known = opened.get(path)
  if (known?.password === password) {
    await known.file.reload()
    return known.file
  }
  const file = await WalletFile.open(path, password)
  opened.set(path, { password, file })
  return file
}

export function walletPath(home: Home): string {
  return home.data('wallet.json')
}

async function create(session: Session, _args: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const { path } = await WalletFile.create(walletPath(home), await passwordFrom(session, options))
  return { json: { wallet: path }, lines: [`made the wallet ${path}`, 'without its password nobody opens it, you neither: keep a copy of both'] }
}

async function holderId(session: Session, [issuer]: readonly string[], options: Options): Promise<Outcome> {
  const code = parseOrganisationCode(issuer)
  const { wallet } = await openWallet(session, session.home(), options)
  const id = printField(wallet.holderIdAt(code))
  return { json: { issuer: code, holderId: id }, lines: [id] }
}

async function add(session: Session, files: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const view = await viewOf(home)
  const file = await openWallet(session, home, options)
  for (const name of files) await put(file, await readJsonFile(session, name), view)
  return filled(file)
}

async function fetchCredential(session: Session, [issuer = '', code = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const file = await openWallet(session, home, options)
  const credential = await pickUp(issuer, code, (organisation) => file.wallet.holderIdAt(organisation))
  await put(file, credential, await viewOf(home))
  return filled(file)
}

/** @throws Refusal UNKNOWN_SCHEMA, CREDENTIAL_INVALID */
async function put(file: WalletFile, credential: Json, { schemas }: View): Promise<void> {
  const id = (credential as { schema?: unknown } | null)?.schema
  const schema = (typeof id === 'string' ? schemas.get(id) : undefined) ?? refuse('UNKNOWN_SCHEMA', 'the schema of the credential is not registered')
  await file.change((wallet) => wallet.with(credential, schema))
}

function filled({ wallet: { credentials } }: WalletFile): Outcome {
  return { json: { credentials: credentials.length }, lines: [`the wallet has ${credentials.length} credential${credentials.length === 1 ? '' : 's'}`] }
}

async function remove(session: Session, [id = '']: readonly string[], options: Options): Promise<Outcome> {
  const file = await openWallet(session, session.home(), options)
  await file.change((wallet) => wallet.without(id))
  return { json: { removed: id }, lines: [`removed ${id}`] }
}

async function list(session: Session, _args: readonly string[], options: Options): Promise<Outcome> {
  const { wallet } = await openWallet(session, session.home(), options)
  const all = wallet.credentials.map(({ id, checked }) => ({ id, schema: checked.schema.name, issuer: checked.issuerOrg, issuedAt: checked.issuedAt, expiresAt: checked.expiresAt }))
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10)
  return { json: all, lines: all.length === 0 ? ['the wallet is empty'] : all.map(({ id, schema, issuer, expiresAt }) => `${id} ${schema} by ${issuer}, until ${day(expiresAt)}`) }
}
